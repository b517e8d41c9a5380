/**
 * Random contracts and values, against two other implementations, both ways.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as std from "@std/msgpack";
import { decode, encode } from "@msgpack/msgpack";
import * as t from "../../lib/codec/mod.ts";
import { canonical, makeSample, type Sample } from "./generator.ts";
import { seededRandom } from "./random.ts";
import { assertDecodesOrRefuses, assertRoundTrip } from "./support.ts";

const CONTRACTS = 100;
const VALUES = 3;

function eachValue(name: string, check: (sample: Sample, value: unknown) => void): void {
  const random = seededRandom(name);
  for (let i = 0; i < CONTRACTS; i++) {
    const sample = makeSample(random);
    for (let k = 0; k < VALUES; k++) check(sample, sample.make());
  }
}

Deno.test("any value of any contract survives a round trip", () => {
  eachValue("round trip", (sample, value) => assertRoundTrip(sample.codec, value));
});

Deno.test("@msgpack/msgpack reads what the codecs write", () => {
  eachValue("reads ours", (sample, value) => {
    const read = decode(t.toBytes(sample.codec, value), { useBigInt64: true });
    assertEquals(canonical(read), canonical(sample.plain(value)));
  });
});

Deno.test("the codecs read what @msgpack/msgpack writes", () => {
  eachValue("writes theirs", (sample, value) => {
    const bytes = encode(sample.plain(value), { useBigInt64: true });
    assertEquals(t.fromBytes(sample.codec, bytes), value);
  });
});

Deno.test("@std/msgpack reads what the codecs write", () => {
  eachValue("std reads ours", (sample, value) => {
    if (!sample.std) return;
    const read = std.decode(t.toBytes(sample.codec, value));
    assertEquals(canonical(read), canonical(sample.plain(value)));
  });
});

Deno.test("the codecs read what @std/msgpack writes", () => {
  eachValue("std writes theirs", (sample, value) => {
    if (!sample.std) return;
    const bytes = std.encode(sample.plain(value) as std.ValueType);
    assertEquals(t.fromBytes(sample.codec, bytes), value);
  });
});

Deno.test("dynamic() reads what typed codecs write, and they read what it writes", () => {
  eachValue("dynamic", (sample, value) => {
    if (!sample.std) return;
    const read = t.fromBytes(t.dynamic(), t.toBytes(sample.codec, value));
    assertEquals(canonical(read), canonical(sample.plain(value)));
    const bytes = t.toBytes(t.dynamic(), sample.plain(value));
    assertEquals(t.fromBytes(sample.codec, bytes), value);
  });
});

Deno.test("a record without fields skips any value whole", () => {
  eachValue("skip", (sample, value) => {
    const holder = t.record({ before: t.uint(), it: sample.codec, after: t.uint() });
    const bytes = t.toBytes(holder, { before: 1, it: value, after: 2 });
    assertEquals(t.fromBytes(t.record({}), bytes), {});
    assertEquals(t.fromBytes(t.record({ after: t.uint() }), bytes), { after: 2 });
  });
});

Deno.test("damaged bytes are decoded or refused, never anything else", () => {
  const random = seededRandom("damage");
  for (let i = 0; i < CONTRACTS; i++) {
    const sample = makeSample(random);
    const bytes = t.toBytes(sample.codec, sample.make());
    for (let k = 0; k < 40 && bytes.length > 0; k++) {
      const damaged = bytes.slice();
      for (let n = random.below(3); n >= 0; n--) {
        damaged[random.below(bytes.length)] = random.below(256);
      }
      assertDecodesOrRefuses(sample.codec, damaged);
      assertDecodesOrRefuses(t.dynamic(), damaged);
      assertDecodesOrRefuses(t.record({}), damaged);
    }
  }
});
