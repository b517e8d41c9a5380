/**
 * Codecs and contracts out of descriptions.
 *
 * @module
 */

import type {
  Description,
  FieldDescription,
  LazyDescription,
} from "../codec/description/description.ts";
import { readDescription } from "../codec/description/read_description.ts";
import type { Codec } from "../codec/format/codec.ts";
import { int, uint } from "../codec/format/integer.ts";
import { record, type RecordFields } from "../codec/records/record.ts";
import { union } from "../codec/records/union.ts";
import { bigint } from "../codec/values/big_integer.ts";
import { documented } from "../codec/values/documented.ts";
import { dynamic } from "../codec/values/dynamic.ts";
import { lazy } from "../codec/values/lazy.ts";
import { list, tuple } from "../codec/values/list.ts";
import { enumeration, literal } from "../codec/values/literal.ts";
import { map } from "../codec/values/map.ts";
import { nothing, nullable, optional } from "../codec/values/presence.ts";
import { raw } from "../codec/values/raw.ts";
import { boolean, bytes, float, string } from "../codec/values/scalars.ts";
import { timestamp } from "../codec/values/timestamp.ts";
import { type AnyContract, single, stream } from "../rpc/contract/contract.ts";
import type { ContractDescription } from "./contract_description.ts";
import { laziesOf, lazyAt } from "./parts.ts";
import { readContract } from "./read_contract.ts";

/**
 * Makes a codec that writes and reads what the described one does, for tools
 * that have no more than the description.
 *
 * What a schema (`validated`) would judge is left to the other side. A custom
 * codec, of which nothing is known, is `raw()` where it carries a whole payload,
 * and `dynamic()` as a part of a value.
 *
 * @param description Made by `describe`, also on another machine and by another version.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for what is no description, or one of which no codec can be made.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 * import { codecOf } from "@internode/grid/reflection";
 *
 * const Page = t.record({ size: t.uint(), after: t.optional(t.string()) });
 * const told = JSON.stringify(t.describe(Page)); // what a peer has sent
 * const bytes = t.toBytes(codecOf(JSON.parse(told)), { size: 10 });
 * assertEquals(t.fromBytes(Page, bytes), { size: 10 });
 * ```
 */
export function codecOf(description: Description): Codec<unknown> {
  return new Maker(readDescription(description)).whole();
}

/**
 * Makes a contract of its description, to be called by it. That of a
 * service's method has the method's full name; its key is made by
 * `makeMethodKey` of `@internode/grid/call`.
 *
 * @param description Made by `describe`, also on another machine and by another version.
 * @returns The contract; see {@linkcode codecOf} for its codecs.
 * @throws {InternodeError} `InvalidArgument` for what is no description of a contract.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Manager, single, type SingleContract } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { contractOf, describe } from "@internode/grid/reflection";
 *
 * const double = single("double", { request: t.uint(), response: t.uint() });
 * const told = contractOf(describe(double)) as SingleContract<unknown, unknown>;
 * const hosts = ["memory://server", "memory://tool"] as const;
 * await using server = new Manager({ local: hosts[0], hosts });
 * await using tool = new Manager({ local: hosts[1], hosts });
 * server.handle(double, (n) => n * 2);
 * await Promise.all([server.listen(), tool.listen()]);
 * assertEquals(await tool.connection(hosts[0]).request(told, 21), 42);
 * ```
 */
export function contractOf(description: ContractDescription): AnyContract {
  const { name, docs, detail, ...rest } = readContract(description);
  const shared = {
    ...(docs === undefined ? {} : { docs }),
    ...(detail === undefined ? {} : { detail: codecOf(detail) }),
  };
  if (rest.kind === "single") {
    return single(name, {
      ...shared,
      request: codecOf(rest.request),
      response: codecOf(rest.response),
    });
  }
  const { initial, input, output, inputCapacity, outputCapacity } = rest;
  return stream(name, {
    ...shared,
    initial: codecOf(initial),
    ...(input === undefined ? {} : { input: codecOf(input) }),
    ...(output === undefined ? {} : { output: codecOf(output) }),
    inputCapacity,
    outputCapacity,
  });
}

/** Makes the codecs of one description. */
class Maker {
  readonly #whole: Description;
  readonly #lazies: ReadonlyMap<number, LazyDescription>;
  readonly #made = new Map<number, Codec<unknown>>();

  constructor(whole: Description) {
    this.#whole = whole;
    this.#lazies = laziesOf(whole);
  }

  whole(): Codec<unknown> {
    const { type, docs } = this.#whole;
    return type === "custom" ? withDocs(any(raw()), docs) : this.#part(this.#whole);
  }

  #part(description: Description): Codec<unknown> {
    return withDocs(this.#plain(description), description.docs);
  }

  #plain(description: Description): Codec<unknown> {
    switch (description.type) {
      case "boolean":
        return any(boolean());
      case "uint":
        return any(uint());
      case "int":
        return any(int());
      case "float":
        return any(float());
      case "bigint":
        return any(bigint());
      case "timestamp":
        return any(timestamp());
      case "raw":
        return any(raw());
      case "nothing":
        return any(nothing());
      case "string":
        return any(string(lengthOf(description)));
      case "bytes":
        return any(bytes(lengthOf(description)));
      case "literal":
        return any(literal(description.value));
      case "enumeration":
        return any(enumeration(description.values));
      case "record":
        return any(record(this.#fields(description.fields)));
      case "union":
        return any(union(
          description.tag,
          Object.fromEntries(description.variants.map(({ tag, fields, docs }) => [
            tag,
            withDocs(any(record(this.#fields(fields))), docs),
          ])),
        ));
      case "list":
        return any(list(this.#part(description.item), description));
      case "map":
        return any(map(this.#part(description.item), description));
      case "tuple":
        return any(tuple(description.items.map((item) => this.#part(item))));
      case "optional":
        return any(optional(this.#part(description.value)));
      case "nullable":
        return any(nullable(this.#part(description.value)));
      case "validated":
        return this.#part(description.value);
      case "lazy":
      case "ref":
        return this.#lazy(lazyAt(this.#lazies, description));
      case "dynamic":
        return dynamic(description);
      case "custom":
        return dynamic();
    }
  }

  #fields(fields: readonly FieldDescription[]): RecordFields {
    return Object.fromEntries(fields.map(({ name, optional: isOptional, docs, value }) => {
      const codec = this.#part(value);
      return [name, withDocs(isOptional === true ? any(optional(codec)) : codec, docs)];
    }));
  }

  #lazy({ id, value, maxDepth, maxItems }: LazyDescription): Codec<unknown> {
    let made = this.#made.get(id);
    if (made === undefined) {
      made = lazy(() => this.#part(value), { maxDepth, maxItems });
      this.#made.set(id, made);
    }
    return made;
  }
}

// deno-lint-ignore no-explicit-any -- codecs of any type are meant
function any(codec: Codec<any>): Codec<unknown> {
  return codec;
}

function lengthOf({ maxBytes }: { readonly maxBytes?: number | undefined }): { maxBytes?: number } {
  return maxBytes === undefined ? {} : { maxBytes };
}

function withDocs(codec: Codec<unknown>, docs: string | undefined): Codec<unknown> {
  return docs === undefined ? codec : documented(codec, docs);
}
