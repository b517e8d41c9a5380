/**
 * What the nodes of these tests can do.
 *
 * @module
 */

import { type MtlsFileConfig, single, stream } from "@internode/grid";
import { method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";

/** What a node is told. */
export interface NodeSettings {
  readonly kind: "grid" | "server";
  readonly local: string;
  readonly hosts?: readonly string[];
  readonly secret?: string;
  readonly tls?: MtlsFileConfig;
  /** Whom it calls all the time. */
  readonly peer?: string;
  /** Whether it has the contract of before. */
  readonly isOld?: boolean;
}

/** Greets by name. */
export const bothOf = single("greet", {
  docs: "Greets by name.",
  request: t.record({ name: t.string(), loud: t.optional(t.boolean()) }),
  response: t.record({ text: t.string() }),
});

/** The same as older nodes have it: their names are short. */
export const old = single("greet", {
  docs: "Greets by name.",
  request: t.record({ name: t.string({ maxBytes: 16 }) }),
  response: t.record({ text: t.string() }),
});

/** Never answers. */
export const hang = single("hang", { request: t.nothing(), response: t.nothing() });

/** Always fails. */
export const fail = single("fail", { request: t.nothing(), response: t.nothing() });

/** Adds up. */
export const sums = stream("sums", {
  initial: t.record({ start: t.int() }),
  input: t.int(),
  output: t.int(),
  inputCapacity: 4,
  outputCapacity: 4,
});

/** The service of the server. */
export const echoMethod = service("shop", {
  echo: method({ request: t.string(), response: t.string(), idempotent: true }),
});
