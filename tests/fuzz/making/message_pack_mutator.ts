/**
 * MessagePack as a hostile peer would write it.
 *
 * @module
 */

import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { damage, spliced } from "./byte_mutator.ts";

/** Each of these stands where a value could. */
const FRAGMENTS: readonly string[] = [
  // Claims of lengths and counts.
  ..."d9ff daffff dbffffffff db7fffffff db00100000 c4ff c5ffff c6ffffffff c680000000".split(" "),
  ..."dcffff ddffffffff dd7fffffff dd000f4240 dd000f4241 9f 8f deffff dfffffffff df80000000".split(
    " ",
  ),
  ..."c7ff01 c8ffff01 c9ffffffff01".split(" "),
  // What is not UTF-8: lone bytes, cut short, overlong, surrogates, beyond the last character.
  ..."a1ff a180 a2c328 a1c3 a2c080 a3e0809f a3eda080 a6eda080edb080 a4f4908080 a4f8888080".split(
    " ",
  ),
  ..."a3efbbbf a100 d900 da0000 db00000000 b8c3a4c3a4c3a4c3a4c3a4c3a4c3a4c3a4c3a4c3a4c3a4c3".split(
    " ",
  ),
  // Keys that are special in objects.
  "81a95f5f70726f746f5f5f81a8706f6c6c7574656401",
  "81ab636f6e7374727563746f7281a970726f746f7479706581a8706f6c6c7574656401",
  "82a86861734f776e01a8746f537472696e6701",
  "82a161 01 a16102",
  "a95f5f70726f746f5f5f",
  "81acefbbbf5f5f70726f746f5f5f81a8706f6c6c7574656401",
  "8101c0",
  "81c0c0",
  "81c40161c0",
  "8191c0c0",
  "81cf0000000000000001c0",
  // Extensions, and times that are none.
  ..."d40000 d50000 d6ff00000000 d6ffffffffff d7ff0000000000000000 d7ffffffffffffffffff".split(" "),
  ..."d7ffee6b27fc00000000 d7ffee6b280000000000 d80000000000000000000000000000000000".split(" "),
  ..."c70cff000000000000000000000000 c70cff3b9aca00ffffffffffffffff c70cff3b9ac9ff7fffffffffffffff"
    .split(" "),
  ..."c70cff00000000ffffffffffffffff c70bff0000000000000000000000 c700ff c70001".split(" "),
  // Numbers at their edges, short and long forms of the same.
  ..."00 7f 80 e0 ff cc00 ccff cd0000 cdffff ce00000000 ceffffffff cf0000000000000000".split(" "),
  ..."cf0020000000000000 cf001fffffffffffff cfffffffffffffffff cf8000000000000000 d080 d07f".split(
    " ",
  ),
  ..."d18000 d280000000 d38000000000000000 d3ffe0000000000000 d3ffe0000000000001 d3ffffffffffffffff"
    .split(" "),
  ..."ca00000000 ca80000000 ca7fc00000 cb8000000000000000 cb7ff8000000000000 cbfff8000000000001"
    .split(" "),
  ..."cb7ff0000000000000 cb4340000000000000 cb3ff0000000000000 cb0000000000000001".split(" "),
  ..."c0 c1 c2 c3 c400 c40100 c50000 c600000000 90 91c0 dc0000 dd00000000 80 de0000 df00000000"
    .split(" "),
  // Integers of more than 64 bits, with and without what they do not need.
  ..."c409000000000000000001 c409ffffffffffffffffff c409008000000000000000 c40a00010000000000000000"
    .split(" "),
].map((hex) => hex.replaceAll(" ", ""));

/** A damaged or hostile message made from a good one. */
export function hostile(good: Uint8Array, random: SeededRandom): Uint8Array<ArrayBuffer> {
  switch (random.int(0, 9)) {
    case 0:
    case 1:
    case 2:
      return damage(good, random);
    case 3:
      return good.slice(0, random.int(0, good.length));
    case 4:
      return fragment(random);
    case 5:
      return spliced(good, random.int(0, good.length), 0, fragment(random));
    default: {
      // A whole value in the place of another: everything around it stays right.
      const spans = valueSpans(good);
      if (spans.length === 0) return fragment(random);
      const [start, end] = random.pick(spans);
      const other = random.pick(spans);
      const value = random.chance(0.75) ? fragment(random) : good.slice(...other);
      return spliced(good, start, end - start, value);
    }
  }
}

function fragment(random: SeededRandom): Uint8Array<ArrayBuffer> {
  if (random.chance(0.9)) return Uint8Array.fromHex(random.pick(FRAGMENTS));
  const depth = random.pick([1, 2, 63, 64, 65, 66, 1_000, 1_001, 20_000]);
  const unit = Uint8Array.fromHex(
    random.pick(["91", "81a161", "81a5696e6e6572", "dc0001", "9291"]),
  );
  const nested = new Uint8Array(depth * unit.length + 1);
  for (let at = 0; at + unit.length < nested.length; at += unit.length) nested.set(unit, at);
  nested[nested.length - 1] = 0xc0;
  return nested;
}

/** Where each value of a well-formed message begins and ends, those within others included. */
function valueSpans(bytes: Uint8Array): (readonly [number, number])[] {
  const spans: [number, number][] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = (at: number, width: number): number =>
    width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at) : view.getUint32(at);
  const walk = (at: number): number => {
    const index = spans.push([at, at]) - 1;
    const head = bytes[at]!;
    let end = at + 1, parts = 0;
    if (head < 0x80 || head >= 0xe0) end = at + 1;
    else if (head < 0x90) parts = 2 * (head & 15);
    else if (head < 0xa0) parts = head & 15;
    else if (head < 0xc0) end = at + 1 + (head & 31);
    else if (head >= 0xc4 && head <= 0xc6) {
      end += (1 << head - 0xc4) + size(at + 1, 1 << head - 0xc4);
    } else if (head >= 0xc7 && head <= 0xc9) {
      end += (1 << head - 0xc7) + 1 + size(at + 1, 1 << head - 0xc7);
    } else if (head >= 0xca && head <= 0xd3) end += [4, 8, 1, 2, 4, 8, 1, 2, 4, 8][head - 0xca]!;
    else if (head >= 0xd4 && head <= 0xd8) end += 1 + (1 << head - 0xd4);
    else if (head >= 0xd9 && head <= 0xdb) {
      end += (1 << head - 0xd9) + size(at + 1, 1 << head - 0xd9);
    } else if (head >= 0xdc) {
      const width = head & 1 ? 4 : 2;
      parts = size(at + 1, width) * (head >= 0xde ? 2 : 1);
      end += width;
    }
    for (; parts > 0; parts--) end = walk(end);
    spans[index] = [at, end];
    return end;
  };
  if (bytes.length > 0) walk(0);
  return spans;
}
