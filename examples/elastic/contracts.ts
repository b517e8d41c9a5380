/**
 * What the nodes say to each other, and what they offer to clients.
 *
 * @module
 */

import { method, type Service, service, type SingleMethod } from "@internode/grid/call";
import { single, type SingleContract, stream, type StreamContract } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** Adds to the number under a key; 0 reads it. */
export interface Addition {
  key: string;
  by: number;
}

/** The same on its way between nodes. */
export interface ForwardedAddition extends Addition {
  /** How many nodes it has passed. */
  hops: number;
}

/** A key that moves. */
export interface Entry {
  key: string;
  value: number;
}

/** What clients call, at any node; with the key as `shardKey` it is mostly the right one. */
export const Counters: Service<{ add: SingleMethod<Addition, number> }> = service("counters", {
  add: method({ request: t.record({ key: t.string(), by: t.int() }), response: t.int() }),
});

/** The same, from a node that does not have the key to the one that owns it. */
export const forward: SingleContract<ForwardedAddition, number> = single("counters.forward", {
  request: t.record({ key: t.string(), by: t.int(), hops: t.uint() }),
  response: t.int(),
});

/** Hands keys over to their new owner, in batches; for each it answers with the keys that it does not take, as it does not own them as far as it knows. */
export const handOver: StreamContract<Record<never, never>, Entry[], string[]> = stream(
  "counters.handOver",
  {
    initial: t.record({}),
    input: t.list(t.record({ key: t.string(), value: t.int() })),
    output: t.list(t.string()),
    inputCapacity: 4,
    outputCapacity: 4,
  },
);

/** Answers once the node has handed over everything that it does not own in this placement, while that is the one that it knows. */
export const settled: SingleContract<{ placement: string }, Uint8Array> = single(
  "counters.settled",
  { request: t.record({ placement: t.string() }) },
);
