/**
 * Two connected ends, for tests of channels.
 *
 * @module
 */

import type {
  ByteChannel,
  Channel,
  Listener,
  MessageChannel,
} from "../../lib/transport/channel/transport.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import {
  type NodeClock,
  SeededRandom,
  SimulatedNetwork,
  type SimulatedNetworkOptions,
  VirtualClock,
} from "../../lib/testing/mod.ts";

export const A = "memory://a", B = "memory://b";

/** A network with the hosts a and b. */
export interface Pair {
  clock: VirtualClock;
  network: SimulatedNetwork;
  a: NodeClock;
  b: NodeClock;
}

/** Makes a network of two hosts; seed 1 unless it is given another. */
export function makePair(options: Partial<SimulatedNetworkOptions> & { seed?: number } = {}): Pair {
  const { seed, ...network } = options;
  const clock = new VirtualClock();
  const random = new SeededRandom(seed ?? 1);
  const pair = { clock, a: clock.view(), b: clock.view() };
  const made = new SimulatedNetwork({ clock, random, ...network });
  made.transport(A, pair.a);
  made.transport(B, pair.b);
  return { ...pair, network: made };
}

/** Listens on b; what is accepted gathers in the list. */
export async function listen(pair: Pair, accepted: Channel[]): Promise<Listener> {
  return await pair.clock.complete(
    pair.network.transport(B).listen(parseHostAddress(B), {
      path: "/",
      accept: (channel) => void accepted.push(channel),
    }),
  );
}

/** Dials b from a; not awaited by the clock. */
export function dial(pair: Pair, signal = new AbortController().signal): Promise<Channel> {
  return pair.network.transport(A).dial(parseHostAddress(B), { path: "/", signal });
}

/** Connects a with b. */
export async function connect(pair: Pair): Promise<[dialler: Channel, acceptor: Channel]> {
  const accepted: Channel[] = [];
  const listener = await listen(pair, accepted);
  const dialler = await pair.clock.complete(dial(pair), 10_000);
  await pair.clock.runUntil(() => accepted.length === 1, 10_000);
  await pair.clock.complete(listener.close());
  return [dialler, accepted[0]!];
}

/** Connects a with b by a byte stream. */
export async function connectBytes(
  pair: Pair,
): Promise<[dialler: ByteChannel, acceptor: ByteChannel]> {
  const [dialler, acceptor] = await connect(pair);
  if (dialler.kind !== "bytes" || acceptor.kind !== "bytes") throw new Error("not byte channels");
  return [dialler, acceptor];
}

/** Connects a with b by messages. */
export async function connectMessages(
  pair: Pair,
): Promise<[dialler: MessageChannel, acceptor: MessageChannel]> {
  const [dialler, acceptor] = await connect(pair);
  if (dialler.kind !== "messages" || acceptor.kind !== "messages") throw new Error("not messages");
  return [dialler, acceptor];
}

/** Writes everything. */
export async function writeAll(
  channel: ByteChannel,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await channel.write(bytes.subarray(at));
}

/** Reads exactly that many bytes, or fewer if the stream ends before. */
export async function readExactly(
  channel: ByteChannel,
  count: number,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; pieces: number[] }> {
  const bytes = new Uint8Array(count), pieces: number[] = [];
  for (let at = 0; at < count;) {
    const read = await channel.read(bytes.subarray(at));
    if (read === null) return { bytes: bytes.slice(0, at), pieces };
    pieces.push(read);
    at += read;
  }
  return { bytes, pieces };
}

/** Bytes that tell their own place. */
export function numbered(count: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, index) => index % 251);
}

/** What became of a promise, without waiting for it. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; settled: boolean } {
  const state: { value?: T; error?: unknown; settled: boolean } = { settled: false };
  promise.then(
    (value) => Object.assign(state, { value, settled: true }),
    (error) => Object.assign(state, { error, settled: true }),
  );
  return state;
}
