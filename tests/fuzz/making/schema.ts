/**
 * Contracts to be fuzzed: some by hand, any number by chance.
 *
 * @module
 */

import * as t from "../../../lib/codec/mod.ts";
import { makeSample, makeText } from "../../codec/generator.ts";
import { SeededRandom } from "../../codec/random.ts";

/** A contract, and a maker of values that fit it. */
export interface Schema {
  readonly name: string;
  readonly codec: t.Codec<unknown>;
  /** Whether it writes -0 as 0: `@std/msgpack` does. */
  readonly losesSign: boolean;
  make(seed: number): unknown;
}

interface Tree {
  name: string;
  inner: Tree | null;
}
const Tree: t.Codec<Tree> = t.record({ name: t.string(), inner: t.nullable(t.lazy(() => Tree)) });
interface Bush {
  of?: Bush[];
}
const Bush: t.Codec<Bush> = t.record({ of: t.optional(t.list(t.lazy(() => Bush))) });

/** Chance whose seed can be set again, as a generated contract keeps hold of it. */
class Dice extends SeededRandom {
  #inner = new SeededRandom(0);

  set(seed: number): void {
    this.#inner = new SeededRandom(seed);
  }

  override next(): number {
    return this.#inner.next();
  }

  override below(below: number): number {
    return this.#inner.below(below);
  }

  override pick<T>(choices: readonly T[]): T {
    return this.#inner.pick(choices);
  }
}

function fixed<T>(name: string, codec: t.Codec<T>, make: (dice: SeededRandom) => T): Schema {
  return {
    name,
    codec: codec as t.Codec<unknown>,
    losesSign: name.includes("dynamic"),
    make: (seed) => make(new SeededRandom(seed)),
  };
}

function tree(dice: SeededRandom): Tree {
  let made: Tree = { name: makeText(dice), inner: null };
  for (let depth = dice.below(60); depth > 0; depth--) made = { name: "n", inner: made };
  return made;
}

function anything(dice: SeededRandom, depth: number): unknown {
  switch (dice.below(depth > 5 ? 7 : 10)) {
    case 0:
      return null;
    case 1:
      return dice.below(2) === 1;
    case 2:
      return dice.pick([0, 1, -1, 127, 128, -33, 65_536, -2147483648, 0.5, 1e300, NaN]);
    case 3:
      return dice.pick([2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n]);
    case 4:
      return new Uint8Array(dice.below(40)).fill(7);
    case 5:
    case 6:
      return makeText(dice);
    case 7:
      return Array.from({ length: dice.below(6) }, () => anything(dice, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: dice.below(5) }, () => [makeText(dice), anything(dice, depth + 1)]),
      );
  }
}

/** What decoders of UTF-8 like to lose. */
const TEXTS = [
  "\ufeff",
  "a\ufeff",
  "\0",
  "\u2028",
  "\ud83d\ude00",
  "\ufffd",
  "\uffff",
  "é",
  "e\u0301",
];

const HAND_MADE: readonly Schema[] = [
  fixed("dynamic", t.dynamic(), (dice) => anything(dice, 0)),
  fixed("small dynamic", t.dynamic({ maxDepth: 3, maxItems: 20 }), (dice) => anything(dice, 5)),
  fixed("tree", Tree, tree),
  fixed(
    "bush",
    Bush,
    (dice) => ({ of: Array.from({ length: dice.below(9) }, () => ({ of: [] })) }),
  ),
  fixed(
    "tuple",
    t.tuple([t.int(), t.string({ maxBytes: 9 }), t.nullable(t.bytes({ maxBytes: 5 }))]),
    (dice): [number, string, Uint8Array | null] => [
      dice.below(9) - 4,
      "abc",
      dice.pick([null, new Uint8Array(5)]),
    ],
  ),
  fixed(
    "short list",
    t.list(t.union("kind", { circle: t.record({ radius: t.float() }), point: t.record({}) }), {
      maxItems: 3,
    }),
    (dice) =>
      Array.from(
        { length: dice.below(4) },
        () => dice.pick([{ kind: "circle" as const, radius: 0.5 }, { kind: "point" as const }]),
      ),
  ),
  fixed(
    "map of dynamics",
    t.map(t.dynamic()),
    (dice) => new Map([[makeText(dice), anything(dice, 3)], ["__proto__", anything(dice, 5)]]),
  ),
  fixed(
    "record that skips",
    t.record({ after: t.uint(), mode: t.enumeration(["read", "write"]), five: t.literal(5) }),
    (dice) => ({ after: dice.below(1e9), mode: dice.pick(["read", "write"]), five: 5 }),
  ),
  fixed(
    "texts",
    t.record({ "\ufeffkey": t.string(), texts: t.list(t.string()) }),
    (dice) => ({
      "\ufeffkey": dice.pick(TEXTS),
      texts: Array.from({ length: dice.below(9) }, () => dice.pick(TEXTS).repeat(dice.below(40))),
    }),
  ),
  fixed("empty record", t.record({}), () => ({})),
];

/** How many seeds stand for contracts made by hand. */
export const HAND_MADE_COUNT = HAND_MADE.length;

/** The contract of a seed. */
export function schema(seed: number): Schema {
  const known = HAND_MADE[seed] ?? KEPT.get(seed);
  if (known !== undefined) return known;
  const dice = new Dice(seed);
  dice.set(seed);
  const { codec, make } = makeSample(dice);
  const made: Schema = {
    name: "generated",
    codec,
    losesSign: false,
    make(valueSeed): unknown {
      dice.set(valueSeed);
      return make();
    },
  };
  KEPT.set(seed, made);
  return made;
}

/** They are kept, as making one takes longer than using it. */
const KEPT = new Map<number, Schema>();
