/**
 * What the two processes of the bench say to each other.
 *
 * @module
 */

import { method, type Service, service, type SingleMethod } from "@internode/grid/call";
import { single, type SingleContract, stream, type StreamContract } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** Bytes in, the same bytes out. */
export const echo: SingleContract = single("bench.echo");

/** The same, of requests that are lent. */
export const lentEcho: SingleContract = single("bench.lentEcho");
/** What a lock service is asked. */
export interface LockArgs {
  /** Of the lock. */
  uid: string;
  /** What is to be locked. */
  resources: string[];
  /** Who locks. */
  owner: string;
  /** Where in the caller's source. */
  source?: string;
  /** How many nodes must agree. */
  quorum?: number;
}

/** Lock arguments in, a small record out. */
export const acquire: SingleContract<LockArgs, { granted: boolean; token: number }> = single(
  "bench.acquire",
  {
    request: t.record({
      uid: t.string(),
      resources: t.list(t.string()),
      owner: t.string(),
      source: t.optional(t.string()),
      quorum: t.optional(t.uint()),
    }),
    response: t.record({ granted: t.boolean(), token: t.uint() }),
  },
);

/** Lock arguments as a node sends them: ids and resources differ, its own name and the place in its source do not. */
export function lockArgs(count: number): LockArgs[] {
  const owner = text("node-1.grid:", 23), source = text("server/lock.ts:", 27);
  return Array.from({ length: count }, () => ({
    uid: text("", 36),
    resources: [text("bucket/", 25)],
    owner,
    source,
    quorum: 5,
  }));
}

/** A flat string, as a parser or `randomUUID` makes them, of a certain length. */
function text(prefix: string, length: number): string {
  const filled = (prefix + crypto.randomUUID() + crypto.randomUUID()).slice(0, length);
  return new TextDecoder().decode(new TextEncoder().encode(filled));
}

/** The same as a service with one method. */
export const Echo: Service<{ echo: SingleMethod }> = service("bench", { echo: method() });

/** The largest capacity a stream may have. */
const MAX_CAPACITY = 65_535;

/** The streams of the bench, with as many messages in flight as asked for. */
export function streams(inflight: number): {
  out: StreamContract<Uint8Array, never, Uint8Array>;
  in: StreamContract<Uint8Array, Uint8Array, never>;
  both: StreamContract<Uint8Array, Uint8Array, Uint8Array>;
} {
  const capacity = Math.min(Math.max(inflight, 1), MAX_CAPACITY);
  return {
    out: stream("bench.out", { inputCapacity: 0, outputCapacity: capacity }),
    in: stream("bench.in", { inputCapacity: capacity, outputCapacity: 0 }),
    both: stream("bench.both", { inputCapacity: capacity, outputCapacity: capacity }),
  };
}
