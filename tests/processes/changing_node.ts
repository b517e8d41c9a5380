/**
 * A process that is told to be a node whose hosts change, and that calls all its peers all the time.
 *
 * @module
 */

import { type Connection, InternodeError, Manager, type MtlsConfig, single } from "@internode/grid";
import { fileResolver } from "@internode/grid/discovery";
import { etcdResolver, register, type Registration } from "@internode/grid/etcd";
import * as t from "@internode/grid/codec";
import { answerCommands } from "../../tools/processes/answer_commands.ts";

/** Where a node learns of the hosts. */
export type HostsOrigin =
  /** It is told of each list. */
  | { readonly kind: "list"; readonly hosts: readonly string[] }
  /** It watches a file. */
  | { readonly kind: "file"; readonly path: string; readonly settleMs: number }
  /** It registers itself, and watches who else does. */
  | { readonly kind: "etcd"; readonly urls: string; readonly prefix: string };

/** What a node is made from. */
export interface NodeSetup {
  readonly local: string;
  readonly from: HostsOrigin;
  readonly tls?: MtlsConfig;
  /** How many calls all nodes make in a second. */
  readonly rate: number;
}

/** What became of a node's calls. */
export interface NodeReport {
  readonly answered: number;
  /** How many ended as `NotListed`, `notSent`, at a host that had left. */
  readonly left: number;
  /** How all others ended. */
  readonly failures: readonly string[];
  /** How long the slowest call over a connection took that was there, in milliseconds: so busy is the machine. */
  readonly slowestMs: number;
}

/** So often calls are made, in milliseconds. */
const TICK_MS = 20;
/** A process that did not run for longer makes no calls for the rest of that time. */
const MOST_LATE_MS = 200;
/** Longer than any process of a busy machine stands still. */
const TTL_SECONDS = 60;
const echo = single("echo", { request: t.uint(), response: t.uint() });

/** A node under load. */
class ChangingNode {
  readonly manager: Manager;
  readonly #setup: NodeSetup;
  readonly #failures: string[] = [];
  readonly #hasLeft = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #registration: Registration | null = null;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #answered = 0;
  #gone = 0;
  #made = 0;
  #onMade: () => void = () => {};
  #slowestMs = 0;

  constructor(setup: NodeSetup) {
    const { local, from, tls } = this.#setup = setup;
    // Here hosts leave on purpose, so none is kept for a time, however many leave at once.
    const hosts = from.kind === "list"
      ? from.hosts
      : from.kind === "file"
      ? fileResolver({ ...from, maxShrink: false })
      : etcdResolver({ ...from, maxShrink: false });
    this.manager = new Manager({ local, hosts, ...tls !== undefined && { tls } });
    this.manager.handle(echo, (value) => value);
    this.manager.onHostsChange((change) => {
      for (const host of change.left) this.#hasLeft.add(host);
      for (const host of change.joined) this.#hasLeft.delete(host);
    });
  }

  async start(): Promise<void> {
    const { from, local, rate } = this.#setup;
    await this.manager.listen();
    if (from.kind === "etcd") {
      const { urls, prefix } = from;
      this.#registration = await register(local, { urls, prefix, ttlSeconds: TTL_SECONDS });
    }
    let lastMs = performance.now(), due = 0;
    this.#ticking = setInterval(() => {
      const nowMs = performance.now(), peers = this.manager.connections();
      const own = rate / Math.max(1, this.manager.hosts.length);
      due += own * Math.min(MOST_LATE_MS, nowMs - lastMs) / 1_000;
      lastMs = nowMs;
      for (; due >= 1; due--) if (peers.length > 0) this.#begin(peers);
      this.#onMade();
    }, TICK_MS);
  }

  /** Takes itself out of where it has registered. */
  async unlist(): Promise<void> {
    await this.#registration?.close();
  }

  /** Resolves once it lists exactly these. */
  listed(hosts: readonly string[]): Promise<void> {
    const { manager } = this, wanted = [...hosts].sort().join();
    return new Promise((resolve) => {
      const look = (): void => {
        if ([...manager.hosts].sort().join() !== wanted) return;
        end();
        resolve();
      };
      const end = manager.onHostsChange(look);
      look();
    });
  }

  /** Resolves once it has made so many more calls. */
  call(count: number): Promise<void> {
    const until = this.#made + count;
    return new Promise((resolve) => {
      this.#onMade = () => {
        if (this.#made >= until) resolve();
      };
    });
  }

  /** Calls hosts once. */
  async reach(hosts: readonly string[]): Promise<void> {
    await Promise.all(
      hosts.map((host) => this.manager.connection(host).request(echo, 1, { waitForReady: true })),
    );
  }

  /** Makes no more calls. */
  stop(): void {
    clearInterval(this.#ticking);
  }

  /** The same, and waits for those under way. */
  async rest(): Promise<void> {
    this.stop();
    await Promise.all(this.#running);
  }

  /** Waits until no peer lists it any more, so that none has calls for it. */
  async part(): Promise<void> {
    const parted = (peer: Connection): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (peer.state === "connected") return;
          end();
          resolve();
        };
        const end = peer.onStateChange(look);
        look();
      });
    await Promise.all(this.manager.connections().map(parted));
  }

  /** Ends it, and says what became of its calls. */
  async end(): Promise<NodeReport> {
    await this.rest();
    await this.unlist();
    await this.manager.close();
    const failures = this.#failures, slowestMs = this.#slowestMs;
    return { answered: this.#answered, left: this.#gone, failures, slowestMs };
  }

  #begin(peers: readonly Connection[]): void {
    const value = this.#made++, running = this.#call(peers[value % peers.length]!.host, value);
    this.#running.add(running);
    running.then(() => this.#running.delete(running));
  }

  async #call(host: string, value: number): Promise<void> {
    try {
      const to = this.manager.connection(host), { state } = to, startMs = performance.now();
      const answer = await to.request(echo, value, { waitForReady: true, timeoutMs: 10_000 });
      if (state === "connected") {
        this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startMs);
      }
      if (answer === value) this.#answered++;
      else this.#failures.push(`${answer} in place of ${value}`);
    } catch (error) {
      const isKnown = error instanceof InternodeError && error.code === "NotListed" &&
        error.outcome === "notSent" && this.#hasLeft.has(host);
      if (isKnown) this.#gone++;
      else this.#failures.push(String(error));
    }
  }
}

if (import.meta.main) {
  let node: ChangingNode | null = null;
  await answerCommands({
    /** Answers once it runs, so that its own start takes none of the time that is measured. */
    ready: () => null,
    start: async (setup: NodeSetup) => {
      node = new ChangingNode(setup);
      await node.start();
    },
    /** Takes another list. */
    list: (hosts: readonly string[]) => node!.manager.setHosts(hosts).hosts.length,
    listed: (hosts: readonly string[]) => node!.listed(hosts),
    reach: (hosts: readonly string[]) => node!.reach(hosts),
    call: (count: number) => node!.call(count),
    stop: () => node!.stop(),
    rest: () => node!.rest(),
    unlist: () => node!.unlist(),
    part: () => node!.part(),
    end: () => node!.end(),
  });
}
