/**
 * The codecs against other encoders of the same values, in one process:
 * `deno bench bench/codec_bench.ts`. The first line of each group is ours.
 *
 * The lock arguments are those of a lock service: an id and a resource that
 * differ from call to call, a node's own name and a source line that do not.
 * "All fresh" has no text that repeats.
 *
 * @module
 */

import * as std from "@std/msgpack";
import { Decoder, Encoder } from "@msgpack/msgpack";
import * as t from "../lib/codec/mod.ts";

const LockArgs = t.record({
  uid: t.string(),
  resources: t.list(t.string()),
  owner: t.string(),
  source: t.optional(t.string()),
  quorum: t.optional(t.uint()),
});
/** A contract of its own, since a record's text fields remember what they carried. */
const FreshArgs = t.record({
  uid: t.string(),
  resources: t.list(t.string()),
  owner: t.string(),
  source: t.optional(t.string()),
  quorum: t.optional(t.uint()),
});
type LockArgs = t.Infer<typeof LockArgs>;

const SETS = 64;
const SLOT_BYTES = 256;

/** A flat string, as a parser or `randomUUID` makes them, of a certain length. */
function text(prefix: string, length: number): string {
  const filled = (prefix + crypto.randomUUID() + crypto.randomUUID()).slice(0, length);
  return new TextDecoder().decode(new TextEncoder().encode(filled));
}

function makeArgs(fresh: boolean): LockArgs[] {
  const owner = text("node-1.grid:", 23), source = text("server/lock.ts:", 27);
  return Array.from({ length: SETS }, () => ({
    uid: text("", 36),
    resources: [text("bucket/", 25)],
    owner: fresh ? text("", 23) : owner,
    source: fresh ? text("", 27) : source,
    quorum: 5,
  }));
}

/** All messages in one buffer, as a connection's receive ring holds them. */
function layOut(codec: t.Codec<LockArgs>, args: LockArgs[]): { view: DataView; ends: number[] } {
  const bytes = new Uint8Array(SETS * SLOT_BYTES);
  const ends = args.map((value, i) => {
    const message = t.toBytes(codec, value);
    bytes.set(message, i * SLOT_BYTES);
    return i * SLOT_BYTES + message.length;
  });
  return { view: new DataView(bytes.buffer), ends };
}

const args = makeArgs(false), fresh = makeArgs(true);
const messages = args.map((value) => t.toBytes(LockArgs, value));
const texts = args.map((value) => JSON.stringify(value));
const writer = new t.ByteWriter(4_096);
const reader = new t.ByteReader();
const encoder = new Encoder(), decoder = new Decoder();
let next = 0;

/** Gives the call sites inside the codecs other contracts to see, as in a real program. */
function useOtherContracts(): void {
  const others: t.Codec<unknown>[] = [
    t.list(t.uint()),
    t.list(t.list(t.boolean())),
    t.map(t.list(t.float())),
    t.record({ a: t.list(t.record({ b: t.uint() })) }),
  ] as t.Codec<unknown>[];
  const values = [[1, 2], [[true]], new Map([["a", [0.5]]]), { a: [{ b: 1 }] }];
  for (let i = 0; i < 5_000; i++) {
    others.forEach((codec, k) => t.fromBytes(codec, t.toBytes(codec, values[k])));
  }
}
useOtherContracts();

function benchEncode(name: string, codec: t.Codec<LockArgs>, values: LockArgs[]): void {
  Deno.bench(name, { group: "encode lock arguments", baseline: values === args }, () => {
    writer.position = 0;
    codec.encode(values[next++ & (SETS - 1)]!, writer);
  });
}

function benchDecode(name: string, codec: t.Codec<LockArgs>, values: LockArgs[]): void {
  const { view, ends } = layOut(codec, values);
  const bytes = new Uint8Array(view.buffer as ArrayBuffer);
  Deno.bench(name, { group: "decode lock arguments", baseline: values === args }, () => {
    const i = next++ & (SETS - 1);
    reader.reset(bytes, i * SLOT_BYTES, ends[i]!, view);
    codec.decode(reader);
  });
}

benchEncode("codec", LockArgs, args);
benchEncode("codec, all fresh", FreshArgs, fresh);
Deno.bench("@msgpack/msgpack encode", { group: "encode lock arguments" }, () => {
  encoder.encodeSharedRef(args[next++ & (SETS - 1)]);
});
Deno.bench("@std/msgpack encode", { group: "encode lock arguments" }, () => {
  std.encode(args[next++ & (SETS - 1)] as unknown as std.ValueType);
});
Deno.bench("JSON.stringify", { group: "encode lock arguments" }, () => {
  JSON.stringify(args[next++ & (SETS - 1)]);
});

benchDecode("codec", LockArgs, args);
benchDecode("codec, all fresh", FreshArgs, fresh);
Deno.bench("@msgpack/msgpack decode", { group: "decode lock arguments" }, () => {
  decoder.decode(messages[next++ & (SETS - 1)]!);
});
Deno.bench("@std/msgpack decode", { group: "decode lock arguments" }, () => {
  std.decode(messages[next++ & (SETS - 1)]!);
});
Deno.bench("JSON.parse", { group: "decode lock arguments" }, () => {
  JSON.parse(texts[next++ & (SETS - 1)]!);
});
