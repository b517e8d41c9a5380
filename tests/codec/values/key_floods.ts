/**
 * Keys chosen to collide, for the tests of what they cost.
 *
 * @module
 */

import * as t from "../../../lib/codec/mod.ts";

/** So many keys a flood has. */
export const MANY = 10_000;

/** Numbers as texts. */
export function keys(count: number, keyOf: (i: number) => number): string[] {
  return Array.from({ length: count }, (_, i) => String(keyOf(i)));
}

/** A MessagePack map of short keys, all with the value 1. */
export function packed(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new t.ByteWriter();
  writer.append(Uint8Array.of(0xdf, 0, 0, names.length >> 8, names.length & 0xff));
  for (const name of names) {
    t.string().encode(name, writer);
    writer.append(Uint8Array.of(1));
  }
  return writer.bytes.slice(0, writer.position);
}

/** As long in bytes as those of the floods. */
export const ORDINARY = keys(MANY, (i) => 1_000_000_000 + i).map((key) => `k${key.slice(1)}`);
/** What makes the numbers. */
export const FLOODS: readonly (readonly [string, (i: number) => number])[] = [
  ["multiples of 65536", (i) => (i * 65_536) % 4_294_901_760 + 10 * Math.floor(i / 65_535)],
  ["multiples of 4096", (i) => i * 4_096],
  [
    "multiples of 32768 behind numbers that are well spread",
    (i) => i < MANY / 2 ? 2 * i + 1 : (i - MANY / 2) * 32_768,
  ],
  ["numbers that differ in one bit beside the highest", (i) => (i >> 1) * 65_536 + (i & 1)],
];
