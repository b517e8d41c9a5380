/** What the nodes of the store ask each other, and what anybody may ask them. @module */

import { single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { loggedOutput, topic } from "@internode/grid/patterns";

/** What a key has: a value or none, in a version. The version that is the greater text is newer. */
export type Entry = t.Infer<typeof entry>;
const key = t.string(), value = t.nullable(t.string());
const entry = t.record({ key, value, version: t.string() });

/** Which hosts keep the keys; and which have kept them before, until all have moved. */
export type Ring = t.Infer<typeof ring>;
const hosts = t.list(t.string());
const ring = t.record({ epoch: t.uint(), hosts, before: hosts });

/** Any node reads and writes any key. */
export const get = single("kv.get", { request: key, response: entry });
export const set = single("kv.set", { request: t.record({ key, value }), response: entry });

/** Asks an owner of a key to keep an entry, if it is newer, and what it has then: nothing, if it knows a later ring. */
export const exchange = single("kv.exchange", {
  request: t.record({ ring, entry }),
  response: t.record({ ring, entry: t.nullable(entry) }),
});
/** Asks a node to see that the owners in a ring have all that it has. */
export const handOver = single("kv.handOver", { request: ring, response: t.nothing() });
/** A ring in which all keys have moved. */
export const settled = topic("kv.settled", ring, { replay: 1 });

/** What a node has, and how many writes it was asked for. */
export const stats = single("kv.stats", {
  request: t.nothing(),
  response: t.record({ epoch: t.uint(), keys: t.uint(), writes: t.uint() }),
});
/** What a node has, and then what it takes. */
export const changes = stream("kv.changes", {
  initial: t.string(), // the position to go on behind; none to begin
  output: loggedOutput(entry),
  inputCapacity: 0,
  outputCapacity: 64,
});
