/**
 * What the cache offers, for its clients and its replicas.
 *
 * @module
 */

import {
  method,
  methodStream,
  type Service,
  service,
  type SingleMethod,
  type StreamMethod,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";

/** A value, and the version of it that somebody has set. */
export interface Entry {
  version: number;
  value: string;
}

/** An entry and its key. */
export interface KeyedEntry extends Entry {
  key: string;
}

const keyedEntry = t.record({ key: t.string(), version: t.uint(), value: t.string() });

/** The service. Both calls are idempotent, so that they may be tried again at another replica. */
export const Cache: Service<{
  /** What is known under a key, if anything is. */
  get: SingleMethod<string, Entry | undefined>;
  /** Sets a key unless a newer version of it is known; answers with the version that is there now. */
  put: SingleMethod<KeyedEntry, number>;
  /** What is set under a prefix at this replica from now on; who reads slowly misses versions, but not the latest. */
  watch: StreamMethod<{ prefix: string }, never, KeyedEntry>;
}> = service("cache", {
  get: method({
    request: t.string(),
    response: t.optional(t.record({ version: t.uint(), value: t.string() })),
    idempotent: true,
  }),
  put: method({ request: keyedEntry, response: t.uint(), idempotent: true }),
  watch: methodStream({
    initial: t.record({ prefix: t.string() }),
    output: keyedEntry,
    inputCapacity: 0,
    outputCapacity: 16,
  }),
});
