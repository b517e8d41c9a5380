/**
 * The arguments of a lock service, on which codecs are measured: 36, 25, 23
 * and 27 characters, and a small number.
 *
 * @module
 */

import * as t from "@internode/grid/codec";

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

/** A codec of its own for each use, since a record's text fields remember what they carried. */
export function lockArgsCodec(): t.Codec<LockArgs> {
  return t.record({
    uid: t.string(),
    resources: t.list(t.string()),
    owner: t.string(),
    source: t.optional(t.string()),
    quorum: t.optional(t.uint()),
  });
}

/** Which texts differ from one value to the next: those of each call, but not the node's own name and the place in its source; all; none. */
export type Freshness = "usual" | "all fresh" | "all the same";

/** Makes some, of flat strings. */
export function makeLockArgs(count: number, freshness: Freshness): LockArgs[] {
  let uid = text("", 36), resource = text("bucket/", 25);
  let owner = text("node-1.", 23), source = text("server/lock.ts:", 27);
  return Array.from({ length: count }, () => {
    if (freshness !== "all the same") [uid, resource] = [text("", 36), text("bucket/", 25)];
    if (freshness === "all fresh") [owner, source] = [text("", 23), text("", 27)];
    return { uid, resources: [resource], owner, source, quorum: 5 };
  });
}

/** A flat string, as a parser or `randomUUID` makes them, of a certain length. */
function text(prefix: string, length: number): string {
  const filled = (prefix + crypto.randomUUID() + crypto.randomUUID()).slice(0, length);
  return new TextDecoder().decode(new TextEncoder().encode(filled));
}
