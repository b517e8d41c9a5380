/**
 * The codecs against other encoders of the same values, in one process:
 * `deno bench bench/pure/codec_bench.ts`. The first line of each group is ours.
 *
 * The lock arguments are those of a lock service: an id and a resource that
 * differ from call to call, a node's own name and a source line that do not.
 * "All fresh" has no text that repeats, "all the same" no other text.
 *
 * @module
 */

import * as std from "@std/msgpack";
import { Decoder, Encoder } from "@msgpack/msgpack";
import * as t from "../../lib/codec/mod.ts";
import { type LockArgs, lockArgsCodec, makeLockArgs } from "../support/lock_args.ts";

const SETS = 64;
const SLOT_BYTES = 256;

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

const args = makeLockArgs(SETS, "usual");
const messages = args.map((value) => t.toBytes(lockArgsCodec(), value));
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

/** Ours, by which texts repeat. */
const OURS = [
  { name: "codec", values: args },
  { name: "codec, all fresh", values: makeLockArgs(SETS, "all fresh") },
  { name: "codec, all the same", values: makeLockArgs(SETS, "all the same") },
];

for (const { name, values } of OURS) {
  const codec = lockArgsCodec();
  Deno.bench(name, { group: "encode lock arguments", baseline: values === args }, () => {
    writer.position = 0;
    codec.encode(values[next++ & (SETS - 1)]!, writer);
  });
}
Deno.bench("@msgpack/msgpack encode", { group: "encode lock arguments" }, () => {
  encoder.encodeSharedRef(args[next++ & (SETS - 1)]);
});
Deno.bench("@std/msgpack encode", { group: "encode lock arguments" }, () => {
  std.encode(args[next++ & (SETS - 1)] as unknown as std.ValueType);
});
Deno.bench("JSON.stringify", { group: "encode lock arguments" }, () => {
  JSON.stringify(args[next++ & (SETS - 1)]);
});

for (const { name, values } of OURS) {
  const codec = lockArgsCodec();
  const { view, ends } = layOut(codec, values);
  const bytes = new Uint8Array(view.buffer as ArrayBuffer);
  Deno.bench(name, { group: "decode lock arguments", baseline: values === args }, () => {
    const i = next++ & (SETS - 1);
    reader.reset(bytes, i * SLOT_BYTES, ends[i]!, view);
    codec.decode(reader);
  });
}
Deno.bench("@msgpack/msgpack decode", { group: "decode lock arguments" }, () => {
  decoder.decode(messages[next++ & (SETS - 1)]!);
});
Deno.bench("@std/msgpack decode", { group: "decode lock arguments" }, () => {
  std.decode(messages[next++ & (SETS - 1)]!);
});
Deno.bench("JSON.parse", { group: "decode lock arguments" }, () => {
  JSON.parse(texts[next++ & (SETS - 1)]!);
});
