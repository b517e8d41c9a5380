/**
 * Numbers that stand for keys and names, the same in every process.
 *
 * @module
 */

import { shown } from "../../foreign/text_of.ts";
import { invalidArgument } from "../../errors.ts";

/** A value that picks a shard, or an owner. */
export type ShardKey = number | bigint | string;

const UINT32_RANGE = 0x1_0000_0000;
/** Made of the golden ratio, as is usual; each kind of key starts from a number of its own. */
const SEED_OF_NUMBERS = 0x9e37_79b9 | 0;
const SEED_OF_FRACTIONS = 0x7f4a_7c15 | 0;
const SEED_OF_TEXT = 0x3c6e_f372 | 0;

const FLOAT = new DataView(new ArrayBuffer(8));

/**
 * Stirs the bits of an integer, so that close ones land far apart; no two
 * become one (the finalizer of A. Appleby's MurmurHash3, which is in the
 * public domain).
 */
export function stir(integer: number): number {
  let bits = integer | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return bits ^ (bits >>> 16);
}

/** The hash of a text, by its UTF-16 code units. */
export function hashText(text: string, seed: number): number {
  let hash = seed ^ text.length;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0xcc9e_2d51);
    hash ^= hash >>> 15;
  }
  return stir(hash);
}

/**
 * The hash of a shard key: a signed 32-bit integer. A `number` and a `bigint`
 * of the same value have the same one as far as the number is a safe integer.
 *
 * @throws {InternodeError} `InvalidArgument` for `NaN` and infinities, which are slips, and what is no key at all.
 */
export function hashShardKey(key: ShardKey): number {
  if (typeof key === "string") return hashText(key, SEED_OF_TEXT);
  if (typeof key !== "number" && typeof key !== "bigint") throw invalidKey(key);
  const number = Number(key);
  if (Number.isSafeInteger(number)) {
    return stir(stir(number ^ SEED_OF_NUMBERS) ^ Math.floor(number / UINT32_RANGE));
  }
  return typeof key === "bigint" ? hashBig(key) : hashFraction(key);
}

/** Word by word; a word more than needed keeps the sign. */
function hashBig(key: bigint): number {
  let hash = SEED_OF_NUMBERS;
  let rest = key;
  do {
    hash = stir(hash ^ Number(BigInt.asIntN(32, rest)));
    rest >>= 32n;
  } while (rest !== 0n && rest !== -1n);
  return stir(hash ^ Number(rest));
}

function hashFraction(key: number): number {
  if (!Number.isFinite(key)) throw invalidKey(key);
  FLOAT.setFloat64(0, key);
  return stir(stir(FLOAT.getInt32(4) ^ SEED_OF_FRACTIONS) ^ FLOAT.getInt32(0));
}

function invalidKey(key: unknown) {
  const isBytes = ArrayBuffer.isView(key) || key instanceof ArrayBuffer;
  return invalidArgument(
    `${isBytes ? "An array of bytes" : shown(key)} is not a key: ` +
      `pass a finite number, a bigint or a string${isBytes ? ", such as their hex digits" : ""}.`,
  );
}
