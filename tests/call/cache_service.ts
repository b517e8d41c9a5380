/**
 * The service that the tests of stubs call; its type is written down by hand,
 * as users do for what they publish.
 *
 * @module
 */

import { method, methodStream, service } from "@internode/grid/call";
import type { Service, SingleMethod, StreamMethod } from "@internode/grid/call";
import * as t from "@internode/grid/codec";

export const Cache: Service<{
  get: SingleMethod<string, string | undefined>;
  set: SingleMethod<{ key: string; value: string }, void, { free: number }>;
  size: SingleMethod<void, number>;
  digest: SingleMethod;
  watch: StreamMethod<{ prefix: string }, never, string>;
  load: StreamMethod<void, string, never>;
  echo: StreamMethod<void, Uint8Array, Uint8Array>;
}> = service("cache", {
  get: method({ request: t.string(), response: t.optional(t.string()), idempotent: true }),
  set: method({
    request: t.record({ key: t.string(), value: t.string() }),
    response: t.nothing(),
    detail: t.record({ free: t.uint() }),
  }),
  size: method({ request: t.nothing(), response: t.uint(), idempotent: true }),
  digest: method(),
  watch: methodStream({
    initial: t.record({ prefix: t.string() }),
    output: t.string(),
    inputCapacity: 0,
    outputCapacity: 4,
  }),
  load: methodStream({
    initial: t.nothing(),
    input: t.string(),
    inputCapacity: 4,
    outputCapacity: 0,
  }),
  echo: methodStream({ initial: t.nothing(), inputCapacity: 2, outputCapacity: 2 }),
});
