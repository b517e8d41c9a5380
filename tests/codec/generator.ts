/**
 * Random contracts, and random values that fit them.
 *
 * @module
 */

import * as t from "../../lib/codec/mod.ts";
import type { SeededRandom } from "./random.ts";

/** A contract, how to make a value of it, and what a value is to encoders without contracts. */
export interface Sample {
  codec: t.Codec<unknown>;
  make(): unknown;
  plain(value: unknown): unknown;
  /** Whether `@std/msgpack` can carry it: it knows no extensions. */
  std: boolean;
}

const ALPHABETS = ["abc-/_09", "aä€", "😀z", '\u0000\n"\\', "日本語 text"];

/** Makes a text, mostly short. */
export function makeText(random: SeededRandom): string {
  const letters = [...random.pick(ALPHABETS)];
  const length = random.pick([0, 1, 5, 31, 32, 36, 71, 72, 73, 99, 101, 255, 256, 300]);
  return Array.from({ length: random.below(length + 1) }, () => random.pick(letters)).join("");
}

function makeUint(random: SeededRandom): number {
  return Math.floor(random.next() * 2 ** random.below(54));
}

const same = (value: unknown) => value;

function scalar(random: SeededRandom): Sample {
  switch (random.below(10)) {
    case 0:
      return { codec: t.uint(), make: () => makeUint(random), plain: same, std: true };
    case 1:
      return {
        codec: t.int(),
        make: () => makeUint(random) * random.pick([1, -1]) + 0,
        plain: same,
        std: true,
      };
    case 2:
      return {
        codec: t.float(),
        make: () => random.pick([0.5, 1, NaN, Infinity, random.next() * 1e300, -1e-300]),
        plain: same,
        std: true,
      };
    case 3:
      return { codec: t.boolean(), make: () => random.below(2) === 1, plain: same, std: true };
    case 4:
      return {
        codec: t.bytes(),
        make: () =>
          Uint8Array.from({ length: random.pick([0, 3, 33, 256, 300]) }, () => random.below(256)),
        plain: same,
        std: true,
      };
    case 5:
      return {
        codec: t.bigint(),
        make: () =>
          BigInt.asIntN(64, BigInt(makeUint(random)) * BigInt(makeUint(random)) - 12_345n),
        plain: same,
        std: true,
      };
    case 6:
      return {
        codec: t.timestamp(),
        make: () => new Date(Math.floor((random.next() - 0.5) * 2 ** random.below(54))),
        plain: same,
        std: false,
      };
    case 7:
      return {
        codec: t.enumeration(["read", "write", "größer"]),
        make: () => random.pick(["read", "write", "größer"]),
        plain: same,
        std: true,
      };
    default:
      return { codec: t.string(), make: () => makeText(random), plain: same, std: true };
  }
}

/** Makes a random contract. */
export function makeSample(random: SeededRandom, depth = 0): Sample {
  if (depth >= 3) return scalar(random);
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return recordSample(random, depth);
    case 3:
      return listSample(random, depth);
    case 4:
      return mapSample(random, depth);
    case 5:
      return unionSample(random, depth);
    case 6: {
      const inner = makeSample(random, depth + 1);
      return {
        codec: t.nullable(inner.codec),
        make: () => random.below(3) === 0 ? null : inner.make(),
        plain: (value) => value === null ? null : inner.plain(value),
        std: inner.std,
      };
    }
    default:
      return scalar(random);
  }
}

function recordSample(random: SeededRandom, depth: number): Sample {
  const names = ["id", "constructor", "toString", "größe", "n".repeat(40), "a b", "x", "size"];
  const fields = names.filter(() => random.below(2) === 0).map((name) => ({
    name,
    optional: random.below(3) === 0,
    sample: makeSample(random, depth + 1),
  }));
  const codecs = fields.map(({ name, optional, sample }) =>
    [name, optional ? t.optional(sample.codec) : sample.codec] as const
  );
  return {
    codec: t.record(Object.fromEntries(codecs)),
    make: () =>
      Object.fromEntries(
        fields.filter((field) => !field.optional || random.below(2) === 0)
          .map(({ name, sample }) => [name, sample.make()]),
      ),
    plain: (value) =>
      Object.fromEntries(
        fields.filter(({ name }) => Object.hasOwn(value as object, name))
          .map(({ name, sample }) => [
            name,
            sample.plain((value as Record<string, unknown>)[name]),
          ]),
      ),
    std: fields.every((field) => field.sample.std),
  };
}

function listSample(random: SeededRandom, depth: number): Sample {
  const item = makeSample(random, depth + 1);
  return {
    codec: t.list(item.codec),
    make: () => Array.from({ length: random.pick([0, 1, 2, 15, 16, 17]) }, () => item.make()),
    plain: (value) => (value as unknown[]).map(item.plain),
    std: item.std,
  };
}

function mapSample(random: SeededRandom, depth: number): Sample {
  const item = makeSample(random, depth + 1);
  return {
    codec: t.map(item.codec),
    make: () =>
      new Map(
        Array.from(
          { length: random.pick([0, 1, 15, 17]) },
          (_, i) => [`${i}-${makeText(random)}`, item.make()],
        ),
      ),
    plain: (value) =>
      Object.fromEntries(
        [...value as Map<string, unknown>].map(([key, entry]) => [key, item.plain(entry)]),
      ),
    std: item.std,
  };
}

function unionSample(random: SeededRandom, depth: number): Sample {
  const variants = ["created", "removed"].map((tag) => ({
    tag,
    sample: recordSample(random, depth + 1),
  }));
  return {
    codec: t.union(
      "kind",
      Object.fromEntries(variants.map(({ tag, sample }) => [tag, sample.codec])),
    ),
    make: () => {
      const { tag, sample } = random.pick(variants);
      return { kind: tag, ...sample.make() as object };
    },
    plain: (value) => {
      const { kind } = value as { kind: string };
      const { sample } = variants.find(({ tag }) => tag === kind)!;
      return { ...sample.plain(value) as object, kind };
    },
    std: variants.every((variant) => variant.sample.std),
  };
}

/** One form for all that means the same: integers and bigints, Maps and objects, key order. */
export function canonical(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? `int ${BigInt(value)}` : value;
  if (typeof value === "bigint") return `int ${value}`;
  if (value instanceof Uint8Array) return `bytes ${Array.from(value).join()}`;
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return entries.map(([key, entry]) => [key, canonical(entry)] as const)
    .sort(([a], [b]) => a < b ? -1 : 1);
}
