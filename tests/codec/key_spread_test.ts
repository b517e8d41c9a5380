/**
 * Keys chosen by the peer to make tables slow or large.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as t from "../../lib/codec/mod.ts";
import { arrayIndex, KeySpread } from "../../lib/codec/key_spread.ts";
import { Problem } from "../../lib/codec/problem.ts";
import { parseHead } from "../../lib/net/http_head.ts";
import { decodeMetadata } from "../../lib/session/metadata.ts";
import { assertUnfit } from "./support.ts";

const MANY = 10_000;

function keys(count: number, keyOf: (i: number) => number): string[] {
  return Array.from({ length: count }, (_, i) => String(keyOf(i)));
}

function mapOf(names: readonly string[]): Map<string, number> {
  return new Map(names.map((name) => [name, 1]));
}

/** A MessagePack map of short keys, all with the value 1. */
function packed(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new t.ByteWriter();
  writer.append(Uint8Array.of(0xdf, 0, 0, names.length >> 8, names.length & 0xff));
  for (const name of names) {
    t.string().encode(name, writer);
    writer.append(Uint8Array.of(1));
  }
  return writer.bytes.slice(0, writer.position);
}

const ODD = 2_654_435_761;
/** As long in bytes as those of the floods. */
const ORDINARY = keys(MANY, (i) => 1_000_000_000 + i).map((key) => `k${key.slice(1)}`);
const FLOODS: readonly (readonly [string, (i: number) => number])[] = [
  ["multiples of 65536", (i) => (i * 65_536) % 4_294_901_760 + 10 * Math.floor(i / 65_535)],
  ["multiples of 4096", (i) => i * 4_096],
  [
    "multiples of 32768 behind numbers that are well spread",
    (i) => i < MANY / 2 ? 2 * i + 1 : (i - MANY / 2) * 32_768,
  ],
  ["numbers that differ in one bit beside the highest", (i) => (i >> 1) * 65_536 + (i & 1)],
];

Deno.test("a map with keys chosen to collide is refused in both directions", () => {
  for (const [, keyOf] of FLOODS) {
    const flood = keys(MANY, keyOf);
    const words = "too many keys that are whole numbers with the same lowest bits";
    assertUnfit(() => t.fromBytes(t.map(t.uint()), packed(flood)), words);
    // The Map itself is slow to make.
    const small = mapOf(flood.slice(-3_000));
    assertUnfit(() => t.toBytes(t.map(t.uint()), small), words);
    assertUnfit(
      () => t.toBytes(t.record({ sizes: t.map(t.uint()) }), { sizes: small }),
      "sizes has too many keys",
    );
  }
});

Deno.test("numbers as keys are like others: in sequence, in steps, scattered, in small maps", () => {
  const spreads: readonly (readonly [string, number, (i: number) => number])[] = [
    ["in sequence", MANY, (i) => i],
    ["in steps of 1000", MANY, (i) => i * 1_000],
    ["in steps of 32", MANY, (i) => i * 32],
    ["downwards", MANY, (i) => MANY - i],
    ["days in seconds, for a year", 366, (i) => 1_700_006_400 + i * 86_400],
    ["networks of addresses", 256, (i) => 167_772_160 + i * 65_536],
    ["scattered", MANY, (i) => (i * ODD) % 4_294_967_291],
    ["beyond array indices", MANY, (i) => 4_294_967_295 + i * 65_536],
    ["negative", MANY, (i) => -i * 65_536 - 1],
  ];
  for (const [what, count, keyOf] of spreads) {
    const map = mapOf(keys(count, keyOf));
    assertEquals(map.size, count, what);
    const read = t.fromBytes(t.map(t.uint()), t.toBytes(t.map(t.uint()), map));
    assertEquals([...read.keys()], [...map.keys()], what);
  }
});

Deno.test("what a map costs is counted as it grows, so that no order of keys gets past", () => {
  const steps = (order: readonly number[]): number => {
    const spread = new KeySpread();
    let taken = 0;
    assertThrows(() => {
      for (const index of order) {
        spread.add(String(index));
        taken++;
      }
    }, Problem as unknown as new () => Error);
    return taken;
  };
  const flood = Array.from({ length: 20_000 }, (_, i) => i * 65_536);
  const spread = Array.from({ length: 20_000 }, (_, i) => 2 * i + 1);
  assert(steps(flood) < 1_000);
  assert(steps([...spread, ...flood]) < 23_000);
  assert(steps(spread.flatMap((index, i) => [index, flood[i]!])) < 3_000);
});

Deno.test("an array index is what V8 takes for one", () => {
  for (
    const [text, index] of [
      ["0", 0],
      ["7", 7],
      ["4294967294", 4_294_967_294],
      ["4294967295", -1],
      ["9999999999", -1],
      ["10000000000", -1],
      ["00", -1],
      ["01", -1],
      ["", -1],
      ["-1", -1],
      ["1.5", -1],
      ["1e3", -1],
      ["12a", -1],
      ["٣", -1],
    ] as const
  ) assertEquals(arrayIndex(text), index, text);
});

/** A block of metadata. */
function metadataOf(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new t.ByteWriter();
  writer.position = 2;
  for (const name of names) {
    const text = new TextEncoder().encode(name);
    writer.append(Uint8Array.of(text.length, 0));
    writer.append(text);
    writer.append(Uint8Array.of(0, 0));
  }
  writer.view.setUint16(0, writer.position - 2, true);
  return writer.bytes.slice(0, writer.position);
}

function headOf(names: readonly string[]): Uint8Array<ArrayBuffer> {
  const fields = names.map((name) => `${name}:\r\n`).join("");
  return new TextEncoder().encode(`GET / HTTP/1.1\r\n${fields}\r\n`);
}

const Maps = t.list(t.map(t.uint()));
const listed = (each: Uint8Array<ArrayBuffer>, count: number): Uint8Array<ArrayBuffer> => {
  const writer = new t.ByteWriter();
  writer.append(Uint8Array.of(0xdc, count >> 8, count & 0xff));
  for (let i = 0; i < count; i++) writer.append(each);
  return writer.bytes.slice(0, writer.position);
};
const SINGLES = Array.from({ length: 1_000 }, (_, i) => i);

/** Everything that is keyed by what a peer sends: bytes of names, and who reads them. */
const READERS: readonly (readonly [
  string,
  (bytes: Uint8Array<ArrayBuffer>) => unknown,
  (names: readonly string[]) => Uint8Array<ArrayBuffer>,
])[] = [
  ["map()", (bytes) => t.fromBytes(t.map(t.uint()), bytes), packed],
  [
    "a list of small maps",
    (bytes) => t.fromBytes(Maps, bytes),
    (names) => listed(packed(names.slice(0, 256)), 100),
  ],
  ["dynamic()", (bytes) => t.fromBytes(t.dynamic(), bytes), packed],
  [
    "a list of dynamic() objects",
    (bytes) => t.fromBytes(t.list(t.dynamic()), bytes),
    (names) => listed(packed(names.slice(1, 2)), 3_000),
  ],
  [
    "metadata",
    (bytes) => {
      const reader = new t.ByteReader();
      return SINGLES.map(() => {
        reader.reset(bytes, 0, bytes.length);
        return decodeMetadata(reader);
      }).length;
    },
    (names) => metadataOf(names.slice(1, 9)),
  ],
  [
    "the head of a WebSocket's request",
    (bytes) => Array.from({ length: 20 }, () => parseHead(bytes)),
    (names) => headOf(names.slice(0, 1_200)),
  ],
];
const SPARSE: readonly [string, (i: number) => number] = [
  "numbers with 1022 holes between them",
  (i) => i * 1_023,
];

for (const [reader, read, bytesOf] of READERS) {
  Deno.test(`keys chosen to collide cost ${reader} less than 10 times as much as others`, () => {
    const time = (bytes: Uint8Array<ArrayBuffer>): number => {
      let least = Infinity;
      for (let run = 0; run < 7; run++) {
        const startMs = performance.now();
        try {
          read(bytes);
        } catch {
          // Refused is fine; it is the time that counts.
        }
        least = Math.min(least, performance.now() - startMs);
      }
      return least;
    };
    for (const [what, keyOf] of [...FLOODS, SPARSE]) {
      const flood = keys(MANY, keyOf);
      // As many bytes: keys of the same lengths.
      const ordinary = flood.map((key, i) => i < 2 ? `k${i}` : ORDINARY[i]!.slice(-key.length));
      const usualMs = time(bytesOf(ordinary)), floodMs = time(bytesOf(flood));
      assert(
        floodMs < 10 * usualMs + 1,
        `${what}: ${floodMs.toFixed(1)} ms, ordinary keys ${usualMs.toFixed(1)} ms`,
      );
    }
  });
}
