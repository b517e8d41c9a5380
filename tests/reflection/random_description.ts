/**
 * Random descriptions, what may become of them in a later version, and random
 * values at the edges of what they allow.
 *
 * @module
 */

import type {
  Description,
  FieldDescription,
  LazyDescription,
  VariantDescription,
} from "../../lib/reflection/mod.ts";
import { laziesOf } from "../../lib/reflection/parts.ts";
import type { SeededRandom } from "../codec/random.ts";

const NAMES = ["id", "size", "name", "tags", "größe", "a b", "__proto__", "constructor"];
const TEXTS = ["read", "write", "größer", "x"];

/** Makes a description of a part of a value. */
export function makeDescription(random: SeededRandom, depth = 0): Description {
  const kind = depth >= 3 ? random.below(11) : random.below(20);
  switch (kind) {
    case 0:
      return { type: "boolean" };
    case 1:
      return { type: "uint" };
    case 2:
      return { type: "int" };
    case 3:
      return { type: "float" };
    case 4:
      return { type: "bigint" };
    case 5:
      return { type: "timestamp" };
    case 6:
      return random.below(2) === 0 ? { type: "string" } : {
        type: "string",
        maxBytes: random.below(9),
      };
    case 7:
      return random.below(2) === 0 ? { type: "bytes" } : {
        type: "bytes",
        maxBytes: random.below(9),
      };
    case 8:
      return { type: "literal", value: random.pick(["read", "x", 5, -5, 0.5, true]) };
    case 9:
      return { type: "enumeration", values: TEXTS.slice(0, 1 + random.below(TEXTS.length)) };
    case 10:
      return { type: "dynamic", maxDepth: 1 + random.below(9), maxItems: 1 + random.below(9) };
    case 11:
      return {
        type: "list",
        item: makeDescription(random, depth + 1),
        maxItems: random.pick([0, 1, 3, 1_000_000]),
      };
    case 12:
      return {
        type: "map",
        item: makeDescription(random, depth + 1),
        maxItems: random.pick([0, 1, 3, 1_000_000]),
      };
    case 13:
      return {
        type: "tuple",
        items: Array.from({ length: random.below(3) }, () => makeDescription(random, depth + 1)),
      };
    case 14:
      return { type: "nullable", value: makeDescription(random, depth + 1) };
    case 15:
      return {
        type: "union",
        tag: "kind",
        variants: ["on", "off", "gone"].slice(0, 1 + random.below(3)).map((tag) => ({
          tag,
          fields: makeFields(random, depth),
        })),
      };
    case 16:
      return recursive(random, depth);
    default:
      return { type: "record", fields: makeFields(random, depth) };
  }
}

/** Makes a description of a whole payload. */
export function makePayload(random: SeededRandom): Description {
  switch (random.below(8)) {
    case 0:
      return { type: "nothing" };
    case 1:
      return { type: "optional", value: makeDescription(random) };
    default:
      return makeDescription(random);
  }
}

function makeFields(random: SeededRandom, depth: number): FieldDescription[] {
  return NAMES.filter(() => random.below(3) === 0).map((name) => ({
    name,
    ...(random.below(2) === 0 ? { optional: true } : {}),
    value: makeDescription(random, depth + 1),
  }));
}

let ids = 0;

function recursive(random: SeededRandom, depth: number): Description {
  const id = ++ids, ref: Description = { type: "ref", id };
  const fields = makeFields(random, depth).filter(({ name }) => name !== "tags");
  const own: FieldDescription = random.below(2) === 0
    ? { name: "tags", value: { type: "list", item: ref, maxItems: 3 } }
    : { name: "tags", optional: true, value: ref };
  return {
    type: "lazy",
    id,
    value: { type: "record", fields: [own, ...fields] },
    maxDepth: random.pick([4, 8, 64]),
    maxItems: random.pick([3, 9, 1_000_000]),
  };
}

/** Makes of a description what a later version could have. */
export function evolve(random: SeededRandom, description: Description): Description {
  switch (description.type) {
    case "record":
      return { ...description, fields: evolveFields(random, description.fields) };
    case "union": {
      const { variants } = description;
      if (random.below(3) > 0) {
        const at = random.below(variants.length);
        return {
          ...description,
          variants: variants.map((variant, i) =>
            i === at ? { ...variant, fields: evolveFields(random, variant.fields) } : variant
          ),
        };
      }
      const added: VariantDescription = { tag: `v${random.below(3)}`, fields: [] };
      if (random.below(2) === 0) {
        return {
          ...description,
          variants: [...variants.filter((v) => v.tag !== added.tag), added],
        };
      }
      return variants.length > 1
        ? { ...description, variants: variants.slice(1) }
        : { ...description, tag: "type" };
    }
    case "list":
    case "map":
      return random.below(3) > 0
        ? { ...description, item: evolve(random, description.item) }
        : { ...description, maxItems: random.pick([0, 1, 2, 3, 4]) };
    case "tuple":
      return random.below(2) === 0 || description.items.length === 0
        ? { ...description, items: [...description.items, { type: "uint" }] }
        : { ...description, items: description.items.map((item) => evolve(random, item)) };
    case "nullable":
      return random.below(3) === 0
        ? description.value
        : { ...description, value: evolve(random, description.value) };
    case "optional":
      return random.below(3) === 0
        ? description.value
        : { ...description, value: evolve(random, description.value) };
    case "lazy":
      return random.below(3) === 0
        ? { ...description, maxDepth: random.pick([3, 5, 64]), maxItems: random.pick([2, 4, 9]) }
        : { ...description, value: evolve(random, description.value) };
    case "string":
    case "bytes":
      return random.below(2) === 0
        ? { type: description.type, maxBytes: random.below(12) }
        : { type: description.type };
    case "enumeration":
      return { ...description, values: TEXTS.slice(random.below(2), 2 + random.below(3)) };
    case "dynamic":
      return { ...description, maxItems: 1 + random.below(9), maxDepth: 1 + random.below(9) };
    case "ref":
      return description;
    case "nothing":
      return { type: "optional", value: makeDescription(random) };
    default:
      return random.below(4) === 0
        ? { type: "nullable", value: description }
        : makeDescription(random, 3);
  }
}

function evolveFields(
  random: SeededRandom,
  fields: readonly FieldDescription[],
): readonly FieldDescription[] {
  const at = random.below(fields.length);
  const free = NAMES.filter((name) => fields.every((field) => field.name !== name));
  switch (random.below(6)) {
    case 0:
    case 1: {
      const field = { name: random.pick(free), value: makeDescription(random, 2) };
      if (free.length === 0) return fields;
      return [...fields, random.below(4) === 0 ? field : { ...field, optional: true }];
    }
    case 2:
      return fields.filter((_, i) => i !== at);
    case 3:
      return fields.map((field, i) =>
        i === at && field.value.type !== "ref"
          ? { name: field.name, optional: field.optional !== true, value: field.value }
          : field
      );
    case 4:
      return [...fields].reverse();
    default:
      return fields.map((field, i) =>
        i === at ? { ...field, value: evolve(random, field.value) } : field
      );
  }
}

/** Makes values that a description allows, many of them at its edges. */
export class ValueMaker {
  readonly #random: SeededRandom;
  readonly #lazies: ReadonlyMap<number, LazyDescription>;

  constructor(random: SeededRandom, description: Description) {
    this.#random = random;
    this.#lazies = laziesOf(description);
  }

  make(description: Description, left = 12): unknown {
    const random = this.#random;
    switch (description.type) {
      case "boolean":
        return random.below(2) === 0;
      case "uint":
        return random.pick([0, 5, 300, Number.MAX_SAFE_INTEGER]);
      case "int":
        return random.pick([0, 5, -5, -70_000, Number.MIN_SAFE_INTEGER]);
      case "float":
        return random.pick([0.5, 1, -2, NaN, -0, Infinity, -1e300]);
      case "bigint":
        return random.pick([0n, -5n, 2n ** 63n, -(2n ** 200n)]);
      case "timestamp":
        return new Date(random.pick([0, -1, 1_700_000_000_123, -62_000_000_000_000]));
      case "string":
        return "x".repeat(
          random.pick([0, 1, 5, description.maxBytes ?? 40, 1]) %
            ((description.maxBytes ?? 40) + 1),
        );
      case "bytes":
        return new Uint8Array(
          random.pick([0, 1, 5, description.maxBytes ?? 40]) %
            ((description.maxBytes ?? 40) + 1),
        );
      case "literal":
        return description.value;
      case "enumeration":
        return random.pick(description.values);
      case "record":
        return this.#record(description.fields, left);
      case "union": {
        const { tag, fields } = random.pick(description.variants);
        return { [description.tag]: tag, ...this.#record(fields, left) };
      }
      case "list":
        return Array.from(
          { length: this.#count(description.maxItems, left) },
          () => this.make(description.item, left - 1),
        );
      case "map":
        return new Map(
          Array.from(
            { length: this.#count(description.maxItems, left) },
            (_, i) => [`${i}k`, this.make(description.item, left - 1)],
          ),
        );
      case "tuple":
        return description.items.map((item) => this.make(item, left - 1));
      case "nullable":
        return random.below(3) === 0 ? null : this.make(description.value, left);
      case "optional":
        return random.below(3) === 0 ? undefined : this.make(description.value, left);
      case "validated":
        return this.make(description.value, left);
      case "lazy":
      case "ref":
        return this.make(this.#lazies.get(description.id)!.value, left - 1);
      case "dynamic": {
        const { maxDepth, maxItems } = description;
        if (random.below(2) === 0) return Array.from({ length: maxItems - 1 }, () => "x");
        let nested: unknown = "x";
        for (let i = 1; i < Math.min(maxDepth, maxItems); i++) nested = [nested];
        return nested;
      }
      case "raw":
      case "custom":
        return new Uint8Array(3);
      case "nothing":
        return undefined;
    }
  }

  #count(maxItems: number, left: number): number {
    return left <= 0 ? 0 : Math.min(maxItems, this.#random.pick([0, 1, 2, 3, 4]));
  }

  #record(fields: readonly FieldDescription[], left: number): { [name: string]: unknown } {
    return Object.fromEntries(
      fields.filter(({ optional }) => optional !== true || left > 0 && this.#random.below(3) > 0)
        .map(({ name, value }) => [name, this.make(value, left - 1)]),
    );
  }
}
