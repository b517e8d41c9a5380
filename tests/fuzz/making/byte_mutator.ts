/**
 * Damage to bytes of which nothing is known.
 *
 * @module
 */

import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";

/** Bytes and numbers at which code tends to turn. */
export const EDGE_BYTES: readonly number[] = [
  0,
  1,
  2,
  3,
  8,
  16,
  0x1f,
  0x20,
  0x7f,
  0x80,
  0xfe,
  0xff,
];
/** The same, of 32 bits. */
export const EDGE_WORDS: readonly number[] = [
  0,
  1,
  15,
  16,
  17,
  255,
  256,
  1023,
  1024,
  4096,
  4097,
  65_535,
  65_536,
  0x10_0000,
  0x20_0000,
  0x20_0001,
  0x7fff_fff0,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_ff80,
  0xffff_fff0,
  0xffff_fffe,
  0xffff_ffff,
];

/** A damaged copy of some bytes. */
export function damage(bytes: Uint8Array, random: SeededRandom): Uint8Array<ArrayBuffer> {
  let damaged = new Uint8Array(bytes);
  for (let count = random.chance(0.7) ? 1 : random.int(2, 5); count > 0; count--) {
    damaged = damageOnce(damaged, random);
  }
  return damaged;
}

function damageOnce(
  bytes: Uint8Array<ArrayBuffer>,
  random: SeededRandom,
): Uint8Array<ArrayBuffer> {
  const { length } = bytes;
  if (length === 0) return random.bytes(random.int(1, 8));
  const at = random.int(0, length - 1);
  switch (random.int(0, 8)) {
    case 0:
      bytes[at]! ^= 1 << random.int(0, 7);
      return bytes;
    case 1:
      bytes[at] = random.pick(EDGE_BYTES);
      return bytes;
    case 2:
      bytes[at] = random.int(0, 255);
      return bytes;
    case 3:
      return bytes.slice(0, at);
    case 4:
      return bytes.slice(at);
    case 5:
      return spliced(bytes, at, 0, random.bytes(random.int(1, 9)));
    case 6:
      return spliced(bytes, at, Math.min(random.int(1, 9), length - at), NOTHING);
    case 7: {
      // A part of it once more, somewhere else.
      const part = bytes.slice(at, Math.min(length, at + random.int(1, 40)));
      return spliced(bytes, random.int(0, length), 0, part);
    }
    default:
      if (at + 4 > length) return bytes;
      new DataView(bytes.buffer).setUint32(at, random.pick(EDGE_WORDS), random.chance(0.5));
      return bytes;
  }
}

/** Bytes with some of them replaced by others. */
export function spliced(
  bytes: Uint8Array,
  at: number,
  removed: number,
  added: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length - removed + added.length);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(bytes.subarray(at + removed), at + added.length);
  return result;
}

const NOTHING = new Uint8Array(0);
