/**
 * A node whose list of hosts changes, and that calls all its peers all the time.
 * Its argument is a {@linkcode NodeSetup}.
 *
 * @module
 */

import { type Connection, InternodeError, Manager, type MtlsConfig, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { answerCommands } from "../../tools/processes/answer_commands.ts";

/** What a node is made from. */
export interface NodeSetup {
  readonly local: string;
  readonly hosts: readonly string[];
  readonly tls?: MtlsConfig;
  /** How many calls it makes in a second. */
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
const echo = single("echo", { request: t.uint(), response: t.uint() });

if (import.meta.main) {
  const { local, hosts, tls, rate }: NodeSetup = JSON.parse(Deno.args[0]!);
  const manager = new Manager({ local, hosts, ...tls !== undefined && { tls } });
  manager.handle(echo, (value) => value);
  const failures: string[] = [], left = new Set<string>(), running = new Set<Promise<void>>();
  let answered = 0, gone = 0, made = 0, slowestMs = 0;

  const call = async (host: string): Promise<void> => {
    const value = made++;
    try {
      const to = manager.connection(host), { state } = to, startMs = performance.now();
      const answer = await to.request(echo, value, { waitForReady: true, timeoutMs: 10_000 });
      if (state === "connected") slowestMs = Math.max(slowestMs, performance.now() - startMs);
      if (answer === value) answered++;
      else failures.push(`${answer} in place of ${value}`);
    } catch (error) {
      const isKnown = error instanceof InternodeError && error.code === "NotListed" &&
        error.outcome === "notSent" && left.has(host);
      if (isKnown) gone++;
      else failures.push(String(error));
    }
  };
  manager.onHostsChange((change) => {
    for (const host of change.left) left.add(host);
    for (const host of change.joined) left.delete(host);
  });
  await manager.listen();

  const ticking = setInterval(() => {
    const peers = manager.connections();
    for (let n = 0; n < rate * TICK_MS / 1_000 && peers.length > 0; n++) {
      const running_ = call(peers[made % peers.length]!.host);
      running.add(running_);
      running_.then(() => running.delete(running_));
    }
  }, TICK_MS);

  const parted = (peer: Connection): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (peer.state !== "connected") resolve();
      };
      peer.onStateChange(look);
      look();
    });
  await answerCommands({
    /** Once it listens. */
    ready: () => null,
    /** Takes another list. */
    list: (hosts: readonly string[]) => manager.setHosts(hosts).hosts.length,
    /** Calls hosts once. */
    reach: (hosts: readonly string[]) =>
      Promise.all(
        hosts.map((host) => manager.connection(host).request(echo, 1, { waitForReady: true })),
      ),
    /** Makes no more calls, and waits for those under way. */
    rest: async () => {
      clearInterval(ticking);
      await Promise.all(running);
    },
    /** Waits until no peer lists it any more, so that none has calls for it. */
    part: () => Promise.all(manager.connections().map(parted)),
    /** Says what became of its calls. */
    report: (): NodeReport => ({ answered, left: gone, failures, slowestMs }),
  });
  clearInterval(ticking);
  await manager.close();
}
