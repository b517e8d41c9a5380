/**
 * What the nodes of the lock service ask of each other.
 *
 * @module
 */

import { single } from "@internode/grid";
import * as t from "@internode/grid/codec";

/** Asks a voter for a lease. */
export const acquire = single("lock.acquire", {
  request: t.record({ key: t.string(), uid: t.string(), write: t.boolean() }),
  response: t.record({ granted: t.boolean(), token: t.uint() }),
});

/** Confirms a token, or lets a lease run anew. */
export const refresh = single("lock.refresh", {
  request: t.record({ key: t.string(), uid: t.string(), token: t.uint() }),
  response: t.record({ held: t.boolean() }),
});

/** Gives a lease back. */
export const release = single("lock.release", {
  request: t.record({ key: t.string(), uid: t.string() }),
  response: t.nothing(),
});

/** Asks a voter for all the tokens it knows. */
export const learn = single("lock.learn", {
  request: t.nothing(),
  response: t.record({
    voting: t.boolean(),
    tokens: t.list(t.record({ key: t.string(), token: t.uint() })),
  }),
});

/** Reads a replica and fences off older writers. */
export const read = single("register.read", {
  request: t.record({ key: t.string(), fence: t.uint() }),
  response: t.record({ token: t.uint(), version: t.uint(), uid: t.string() }),
});

/** Writes to a replica. */
export const write = single("register.write", {
  request: t.record({
    key: t.string(),
    fence: t.uint(),
    token: t.uint(),
    version: t.uint(),
    uid: t.string(),
  }),
  response: t.record({ accepted: t.boolean(), floor: t.uint() }),
});
