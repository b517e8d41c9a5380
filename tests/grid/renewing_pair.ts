/**
 * Two nodes whose connection is renewed, and transports that a test can tamper with.
 *
 * @module
 */

import { InternodeError, type Manager, sharedSecret, single, stream } from "@internode/grid";
import type { SimulatedCluster, SimulatedNode } from "@internode/grid/testing";
import { assertEquals } from "@std/assert";
import * as t from "@internode/grid/codec";
import { pause } from "../../lib/runtime/pause.ts";
import type { Channel, MessageChannel, Transport } from "../../lib/transport/channel/transport.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import type { GridSetup } from "../support/simulation/simulated_grid.ts";

/** Takes so many milliseconds. */
export const work = single("work", { request: t.uint(), response: t.string() });
export const numbers = stream("numbers", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 2,
});

/** A transport that a test can tamper with. */
export class Tampered implements Transport {
  dials = 0;
  /** Changes what a dial comes to. */
  tamper: (channel: Channel) => Channel = (channel) => channel;
  readonly #inner: Transport;
  readonly #listeners = new Set<() => void>();

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  readonly dial: Transport["dial"] = async (address, options) => {
    this.dials++;
    return this.tamper(await this.#inner.dial(address, options));
  };
  readonly listen: Transport["listen"] = (address, options) => this.#inner.listen(address, options);

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  change(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What a test of a pair can reach. */
export interface World extends GridSetup {
  readonly transports: Tampered[];
  readonly loggers: QuietLogger[];
  /** Why the handlers of streams were ended, by node. */
  readonly ended: unknown[][];
}

/** Both, as with a secret the dialler is open before the acceptor. */
export const SECRETS = ["without a secret", "with a secret"] as const;

const auth = sharedSecret("a secret of more than 16 bytes");

/** @param secret Whether the two have one. */
export function world(
  options: (node: SimulatedNode) => Parameters<typeof ages>[0],
  secret: typeof SECRETS[number] = "without a secret",
): World {
  const proof = secret === "with a secret" ? { auth } : {};
  const transports: Tampered[] = [], loggers: QuietLogger[] = [], ended: unknown[][] = [[], []];
  return {
    transports,
    loggers,
    ended,
    options: (node) => {
      const transport = new Tampered(node.transports["memory"]!), logger = new QuietLogger();
      transports[node.index] = transport;
      loggers[node.index] = logger;
      return { ...ages(options(node)), ...proof, logger, transports: { memory: transport } };
    },
    serve: (manager, { clock, index }) => {
      manager.handle(work, async (ms, { signal }) => {
        await pause(clock, ms, signal);
        return "done";
      });
      manager.handle(numbers, async function* (many, _input, { signal }) {
        signal.addEventListener("abort", () => ended[index]!.push(signal.reason));
        for (let value = 0; value < many && !signal.aborted; value++) {
          await pause(clock, 100, signal);
          yield value;
        }
      });
    },
  };
}

function ages([maxConnectionAgeMs, renewalGraceMs]: readonly [number | undefined, number]) {
  return { maxConnectionAgeMs, renewalGraceMs };
}

export function way(grid: SimulatedCluster<Manager>, from: number) {
  return grid.node(from).connection(grid.hosts[1 - from]!);
}

/** Calls both ways, over and over, until it is stopped; gives the failures. */
export function load(grid: SimulatedCluster<Manager>, everyMs: number) {
  const failures: unknown[] = [];
  let calls = 0, stopped = false;
  for (const from of [0, 1]) {
    const step = (): void => {
      if (stopped) return;
      way(grid, from).request(work, calls++ % 40).catch((error) => failures.push(error));
      grid.clock.setTimer(everyMs, step);
    };
    step();
  }
  return {
    failures,
    get calls() {
      return calls;
    },
    stop: () => stopped = true,
  };
}

export async function collect(values: AsyncIterable<number>): Promise<number> {
  let count = 0;
  for await (const value of values) assertEquals(value, count++);
  return count;
}

export function codeOf(error: unknown): string {
  return error instanceof InternodeError ? error.code : String(error);
}

/** No connection. */
export function broken(channel: Channel): never {
  channel.close();
  throw new Error("no more sockets");
}

/** A connection whose dialler never hears an answer, though there is one. */
export function deaf(channel: Channel): Channel {
  const { remote, ...inner } = channel as MessageChannel;
  const bare = channel as MessageChannel;
  return {
    ...inner,
    kind: "messages",
    remote,
    congested: false,
    send: (bytes) => bare.send(bytes),
    close: () => bare.close(),
    start: (receiver) =>
      bare.start({
        onMessage: () => bare.close(),
        onDrain: () => receiver.onDrain(),
        onClose: (reason) => receiver.onClose(reason),
      }),
  };
}

/** A connection of which only the dialler's first message arrives. */
export function muted(channel: Channel, whenMute: (bare: MessageChannel) => void): Channel {
  const bare = channel as MessageChannel;
  let count = 0;
  return {
    kind: "messages",
    remote: bare.remote,
    congested: false,
    send: (bytes) => {
      if (count++ === 0) bare.send(bytes);
      else if (count === 2) whenMute(bare);
    },
    close: () => bare.close(),
    start: (receiver) => bare.start(receiver),
  };
}

/** A connection that its dialler can lose while the other end hears nothing of it. */
export function losable(channel: Channel, whenLost: (lose: () => void) => void): Channel {
  const bare = channel as MessageChannel;
  return {
    kind: "messages",
    remote: bare.remote,
    congested: false,
    send: (bytes) => bare.send(bytes),
    close: () => {},
    start: (receiver) => {
      let isLost = false;
      bare.start({
        onMessage: (bytes) => isLost || receiver.onMessage(bytes),
        onDrain: () => isLost || receiver.onDrain(),
        onClose: (reason) => isLost || receiver.onClose(reason),
      });
      whenLost(() => {
        isLost = true;
        receiver.onClose("cut off");
      });
    },
  };
}
