/**
 * A node whose list of hosts changes, and that calls all its peers all the time.
 * Its argument is a {@linkcode NodeSetup}, its input orders and its output answers,
 * one a line, in JSON.
 *
 * @module
 */

import { type Connection, InternodeError, Manager, type MtlsConfig, single } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** What a node is made from. */
export interface NodeSetup {
  readonly local: string;
  readonly hosts: readonly string[];
  readonly tls?: MtlsConfig;
  /** How many calls it makes in a second. */
  readonly rate: number;
}

/** What a node is told to do. */
export type NodeOrder =
  /** To take another list. */
  | { readonly kind: "list"; readonly hosts: readonly string[] }
  /** To call hosts once. */
  | { readonly kind: "reach"; readonly hosts: readonly string[] }
  /** To make no more calls, and to wait for those under way. */
  | { readonly kind: "rest" }
  /** To wait until no peer lists it any more, so that none has calls for it. */
  | { readonly kind: "part" }
  /** To tell what became of its calls. */
  | { readonly kind: "report" };

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
  console.log(JSON.stringify("listening"));

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
  const obey = async (order: NodeOrder): Promise<unknown> => {
    switch (order.kind) {
      case "list":
        return manager.setHosts(order.hosts).hosts.length;
      case "reach":
        return await Promise.all(
          order.hosts.map((host) =>
            manager.connection(host).request(echo, 1, { waitForReady: true })
          ),
        );
      case "rest":
        clearInterval(ticking);
        await Promise.all(running);
        return "rests";
      case "part":
        await Promise.all(manager.connections().map(parted));
        return "parted";
      case "report":
        return { answered, left: gone, failures, slowestMs } satisfies NodeReport;
    }
  };
  let text = "";
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      console.log(JSON.stringify(await obey(JSON.parse(text.slice(0, end)))));
      text = text.slice(end + 1);
    }
  }
  clearInterval(ticking);
  await manager.close();
}
