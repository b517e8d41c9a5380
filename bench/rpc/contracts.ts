/**
 * What the two processes of the bench say to each other.
 *
 * @module
 */

import { method, type Service, service, type SingleMethod } from "@internode/grid/call";
import { single, type SingleContract, stream, type StreamContract } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { type LockArgs, lockArgsCodec } from "../support/lock_args.ts";

/** Bytes in, the same bytes out. */
export const echo: SingleContract = single("bench.echo");

/** The same, of requests that are lent. */
export const lentEcho: SingleContract = single("bench.lentEcho");

/** Lock arguments in, a small record out. */
export const acquire: SingleContract<LockArgs, { granted: boolean; token: number }> = single(
  "bench.acquire",
  {
    request: lockArgsCodec(),
    response: t.record({ granted: t.boolean(), token: t.uint() }),
  },
);

/** The same as `echo` for large ones: while much of a handler's answers waits to be read, it takes no more requests. */
export const bulk: SingleContract = single("bench.bulk");

/** The same as a service with one method. */
export const Echo: Service<{ echo: SingleMethod }> = service("bench", { echo: method() });

/** The largest capacity a stream may have. */
const MAX_CAPACITY = 65_535;

/** The streams of the bench, with as many messages in flight as asked for. */
export function streams(inflight: number): {
  out: StreamContract<Uint8Array, never, Uint8Array>;
  in: StreamContract<Uint8Array, Uint8Array, never>;
  both: StreamContract<Uint8Array, Uint8Array, Uint8Array>;
  bytes: StreamContract<Uint8Array, Uint8Array, never>;
} {
  const capacity = Math.min(Math.max(inflight, 1), MAX_CAPACITY);
  return {
    out: stream("bench.out", { inputCapacity: 0, outputCapacity: capacity }),
    in: stream("bench.in", { inputCapacity: capacity, outputCapacity: 0 }),
    bytes: stream("bench.bytes", { inputCapacity: capacity, outputCapacity: 0 }),
    both: stream("bench.both", { inputCapacity: capacity, outputCapacity: capacity }),
  };
}
