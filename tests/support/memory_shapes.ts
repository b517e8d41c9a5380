/**
 * Messages of few bytes whose values take much memory. Run by itself, with
 * `--v8-flags=--expose-gc`, it measures how much.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { hexOf as hexOfBytes } from "../../lib/foreign/hex.ts";
import * as t from "../../lib/codec/mod.ts";
import { memoryOf } from "../../lib/codec/format/memory_cost.ts";

/** A codec, and a message for it. */
export interface Shape {
  /** What its values are. */
  readonly name: string;
  /** Carries them. */
  // deno-lint-ignore no-explicit-any -- values of any type are meant
  readonly codec: t.Codec<any>;
  /** The message. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const MANY = 20_000;

/** A MessagePack array of as many items. */
function listed(item: string | ((i: number) => string), count = MANY): Uint8Array<ArrayBuffer> {
  const hexOf = typeof item === "string" ? (): string => item : item;
  const items = Array.from({ length: count }, (_, i) => Buffer.from(hexOf(i), "hex"));
  const bytes = new Uint8Array(5 + items.reduce((sum, { length }) => sum + length, 0));
  bytes[0] = 0xdd;
  new DataView(bytes.buffer).setUint32(1, count);
  let at = 5;
  for (const each of items) {
    bytes.set(each, at);
    at += each.length;
  }
  return bytes;
}

function textHex(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return hexOfBytes(Uint8Array.of(0xa0 | bytes.length, ...bytes));
}

const Optionals = t.record({
  a: t.optional(t.string()),
  b: t.optional(t.bytes()),
  c: t.optional(t.list(t.uint())),
  d: t.optional(t.timestamp()),
  e: t.optional(t.map(t.uint())),
});
interface Tree {
  readonly of: readonly Tree[];
}
const Tree: t.Codec<Tree> = t.record({ of: t.list(t.lazy(() => Tree)) }) as t.Codec<Tree>;
const Shapes = t.union("is", { o: t.record({ r: t.uint() }), x: t.record({ a: t.bigint() }) });

/** Whatever can stand in a message again and again. */
export const SHAPES: readonly Shape[] = [
  { name: "empty lists", codec: t.list(t.list(t.uint())), bytes: listed("90") },
  { name: "lists of one", codec: t.list(t.list(t.uint())), bytes: listed("9101") },
  { name: "lists of two", codec: t.list(t.list(t.uint())), bytes: listed("920101") },
  {
    name: "lists of twenty",
    codec: t.list(t.list(t.uint())),
    bytes: listed(`dc0014${"01".repeat(20)}`),
  },
  { name: "empty maps", codec: t.list(t.map(t.uint())), bytes: listed("80") },
  {
    name: "maps of one",
    codec: t.list(t.map(t.uint())),
    bytes: listed((i) => `81${textHex(`${i}k`)}01`),
  },
  {
    name: "maps of five",
    codec: t.list(t.map(t.string())),
    bytes: listed((i) => `85${[..."abcde"].map((c) => textHex(c + i) + textHex(i + c)).join("")}`),
  },
  { name: "empty records", codec: t.list(Optionals), bytes: listed("80") },
  {
    name: "records of a list",
    codec: t.list(Optionals),
    bytes: listed(`81${textHex("c")}920101`),
  },
  {
    name: "full records",
    codec: t.list(Optionals),
    bytes: listed((i) =>
      `85${textHex("a")}${textHex(`t${i}`)}${textHex("b")}c400${textHex("c")}90${textHex("d")}` +
      `d6ff00000001${textHex("e")}80`
    ),
  },
  { name: "tuples", codec: t.list(t.tuple([t.uint(), t.string()])), bytes: listed("9201a26162") },
  { name: "texts", codec: t.list(t.string()), bytes: listed("a26162") },
  {
    name: "texts of two bytes a character",
    codec: t.list(t.string()),
    bytes: listed(textHex(`${"a".repeat(28)}€`)),
  },
  { name: "bytes", codec: t.list(t.bytes()), bytes: listed("c40101") },
  { name: "dates", codec: t.list(t.timestamp()), bytes: listed("d6ff00000001") },
  { name: "bigints", codec: t.list(t.bigint()), bytes: listed("05") },
  { name: "floats and null", codec: t.list(t.nullable(t.float())), bytes: listed("ca3f000000") },
  { name: "unions", codec: t.list(Shapes), bytes: listed("82a26973a16fa17205") },
  { name: "a tree", codec: t.list(Tree), bytes: listed("81a26f669181a26f6690") },
  { name: "dynamic empty lists", codec: t.dynamic(), bytes: listed("90") },
  { name: "dynamic lists of one", codec: t.dynamic(), bytes: listed("9101") },
  { name: "dynamic empty objects", codec: t.dynamic(), bytes: listed("80") },
  { name: "dynamic objects of a key", codec: t.dynamic(), bytes: listed("81a16101") },
  {
    name: "dynamic objects of different keys",
    codec: t.dynamic(),
    bytes: listed((i) => `81${textHex(`k${i}`)}01`),
  },
  {
    name: "dynamic objects with holes",
    codec: t.dynamic(),
    bytes: listed(`81${textHex("1023")}01`),
  },
  {
    name: "dynamic objects of many numbers",
    codec: t.dynamic(),
    bytes: listed(
      `84${["331", "1354", "2377", "3300"].map((key) => textHex(key) + "01").join("")}`,
    ),
  },
  {
    name: "dynamic objects of small numbers",
    codec: t.dynamic(),
    bytes: listed(`81${textHex("3")}01`),
  },
  { name: "dynamic texts", codec: t.dynamic(), bytes: listed("a26162") },
  { name: "dynamic bytes", codec: t.dynamic(), bytes: listed("c40101") },
  { name: "dynamic bigints", codec: t.dynamic(), bytes: listed("cf0000000000000001") },
];

if (import.meta.main) {
  const { gc } = globalThis as unknown as { gc(): void };
  const used = (): number => {
    gc();
    gc();
    return Deno.memoryUsage().heapUsed;
  };
  const rows = SHAPES.map(({ name, codec, bytes }) => {
    const reader = new t.ByteReader();
    const decode = (): unknown => {
      reader.reset(bytes, 0, bytes.length);
      return codec.decode(reader);
    };
    // What is compiled and learnt meanwhile is not the message's.
    decode();
    decode();
    const before = used();
    const values = [decode(), decode()];
    const taken = (used() - before) / values.length;
    return { name, taken, counted: memoryOf(reader, bytes.length) };
  });
  console.log(JSON.stringify(rows));
}
