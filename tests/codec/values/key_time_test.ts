/**
 * What keys chosen by the peer cost, in time.
 *
 * @module
 */

import { assert } from "@std/assert";
import * as t from "../../../lib/codec/mod.ts";
import { parseHead } from "../../../lib/transport/websocket/http_head.ts";
import { decodeMetadata } from "../../../lib/session/frames/metadata.ts";
import { FLOODS, keys, MANY, ORDINARY, packed } from "./key_floods.ts";

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

/** On a machine that does nothing else the fewest are enough. */
const LEAST_RUNS = 7, MOST_RUNS = 300;

for (const [reader, read, bytesOf] of READERS) {
  Deno.test(`keys chosen to collide cost ${reader} less than 10 times as much as others`, () => {
    const time = (bytes: Uint8Array<ArrayBuffer>): number => {
      const startMs = performance.now();
      try {
        read(bytes);
      } catch {
        // Refused is fine; it is the time that counts.
      }
      return performance.now() - startMs;
    };
    for (const [what, keyOf] of [...FLOODS, SPARSE]) {
      const flood = keys(MANY, keyOf);
      // As many bytes: keys of the same lengths.
      const ordinary = flood.map((key, i) => i < 2 ? `k${i}` : ORDINARY[i]!.slice(-key.length));
      const usual = bytesOf(ordinary), flooded = bytesOf(flood);
      let usualMs = Infinity, floodMs = Infinity;
      // Other processes only ever add to a time, so the least of many is what the work itself takes.
      for (let run = 0; run < LEAST_RUNS || run < MOST_RUNS && floodMs >= 10 * usualMs + 1; run++) {
        usualMs = Math.min(usualMs, time(usual));
        floodMs = Math.min(floodMs, time(flooded));
      }
      assert(
        floodMs < 10 * usualMs + 1,
        `${what}: ${floodMs.toFixed(1)} ms, ordinary keys ${usualMs.toFixed(1)} ms`,
      );
    }
  });
}
