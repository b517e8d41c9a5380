/**
 * A loop that costs what benches without I/O cost, in the same proportions
 * from machine to machine: bytes put into typed arrays and taken out again,
 * characters looked at one by one, small objects made and soon forgotten. It
 * is the measure for the others, so it is to stay as it is: a change of it
 * makes every baseline worthless.
 *
 * @module
 */

const SLOTS = 64, SLOT_BYTES = 64;
const bytes = new Uint8Array(SLOTS * SLOT_BYTES);
const view = new DataView(bytes.buffer);
const texts = Array.from(
  { length: SLOTS },
  (_, at) => `resource-${at}/of-a-${at * 7}-certain-kind`,
);
const held: Held[] = [];
let next = 0;

interface Held {
  readonly id: number;
  readonly size: number;
  readonly sum: number;
  readonly before: number | undefined;
}

/** Once through it. */
export function calibrate(): void {
  const slot = next++ & (SLOTS - 1), start = slot * SLOT_BYTES;
  const text = texts[slot]!;
  view.setUint32(start, next, true);
  view.setUint16(start + 4, text.length, true);
  let at = start + 6;
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  let sum = view.getUint32(start, true);
  for (let i = start + 6; i < at; i++) sum = Math.imul(sum, 31) + bytes[i]! | 0;
  held[slot] = { id: next, size: at - start, sum, before: held[slot]?.sum };
}
