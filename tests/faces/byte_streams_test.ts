/** Streams of raw bytes as byte streams of the platform, on each face. @module */

import { InternodeError, stream } from "@internode/grid";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { STREAM_MEMORY } from "../../lib/wire/lending_pool.ts";
import { joined } from "../../lib/wire/part_of.ts";
import { turns } from "../support/channels/acceptor.ts";
import { numbered } from "../support/session/calls.ts";
import { onEach } from "./ground.ts";
import { KIB, messagesOf, NONE, out, sending } from "./sent_bytes.ts";

const SIZES = [1, 0, 4 * KIB, 10_000, 64 * KIB, 64 * KIB + 1, 200_000, 256 * KIB, 3_000_000];
const through = stream("through", { inputCapacity: 16, outputCapacity: 16 });
const sent = (): Uint8Array[] => messagesOf(SIZES);

/** Fills arrays of these sizes in turn, somewhere within larger ones, until the end. */
async function fill(readable: ReadableStream<Uint8Array>, sizes: readonly number[]) {
  const reader = readable.getReader({ mode: "byob" }), got: Uint8Array[] = [];
  for (let round = 0;; round++) {
    const size = sizes[round % sizes.length]!;
    const { done, value } = await reader.read(new Uint8Array(new ArrayBuffer(size + 8), 3, size));
    if (done) return joined(got);
    assertEquals([value.byteOffset, value.buffer.byteLength], [3, size + 8], "the caller's memory");
    got.push(value.slice());
  }
}

for (const sizes of [[1_000_000], [65_536], [4_097, 70_001]]) {
  onEach(
    `a reader with buffers of ${sizes.join(" and ")} bytes gets exactly the bytes`,
    async (face) => {
      await using ground = await sending(face, sent());
      const call = ground.stream(out, NONE);
      assertEquals(await fill(call.readable, sizes), joined(sent()));
      await call.finished;
    },
  );
}

onEach(
  "other readers get a chunk for each message, which they may keep or transfer",
  async (face) => {
    await using ground = await sending(face, sent());
    for (const lendOutputs of [false, true]) {
      const kept: Uint8Array[] = [];
      for await (const chunk of ground.stream(out, NONE, { lendOutputs }).readable) {
        const { buffer } = chunk;
        assertEquals(buffer.byteLength, chunk.length, "nobody else's bytes are in it");
        kept.push(structuredClone(chunk, { transfer: [buffer as ArrayBuffer] }));
      }
      assertEquals(kept, sent().filter(({ length }) => length > 0));
    }
  },
);

onEach("a reader with a buffer that cancels gives unread messages back", async (face) => {
  const go = Promise.withResolvers<void>();
  const messages = Array.from({ length: 8 }, () => numbered(64 * KIB));
  await using ground = await sending(face, messages, () => go.promise);
  const call = ground.stream(out, NONE);
  const reader = call.readable.getReader({ mode: "byob" });
  await reader.read(new Uint8Array(10));
  // All of them have come by now.
  await turns(50);
  const before = STREAM_MEMORY.freeBytes, reason = new Error("enough");
  await reader.cancel(reason);
  assert(STREAM_MEMORY.freeBytes > before, "some have gone back");
  assertEquals(await call.finished.catch((error) => error), reason);
  go.resolve();
});

onEach("a byte stream that ends early is an error, behind what has come", async (face) => {
  const go = Promise.withResolvers<void>();
  const ground = await sending(face, [numbered(10_000)], () => go.promise);
  const reader = ground.stream(out, NONE).readable.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(20_000));
  assertEquals(value, numbered(10_000));
  const next = reader.read(new Uint8Array(1));
  const failed = assertRejects(() => next, InternodeError);
  await ground[Symbol.asyncDispose]();
  await failed;
  go.resolve();
});

onEach("bytes go through a pipe in and a pipe out, and back whole", async (face) => {
  await using ground = await face.start({
    handlers: (to) => to.handle(through, (_, input) => ReadableStream.from(input)),
  });
  const call = ground.stream(through, NONE);
  const piped = ReadableStream.from(sent()).pipeTo(call.writable);
  assertEquals(await fill(call.readable, [100_000]), joined(sent()));
  await piped;
});

onEach("what interceptors pass on stays theirs, and what is no bytes is an error", async (face) => {
  const own = numbered(10_000);
  let passed: unknown = own;
  await using ground = await face.start({
    handlers: (to) => to.handle(out, () => [numbered(3)]),
    interceptors: {
      client: [(next) => async (call) => {
        const result = await next(call);
        if (result.kind !== "stream") return result;
        return {
          ...result,
          outputs: (async function* () {
            for await (const _ of result.outputs) yield passed;
          })(),
        };
      }],
    },
  });
  const { value } = await ground.stream(out, NONE).readable.getReader().read();
  assertEquals([value, own.length], [own, 10_000]);
  assertEquals(await fill(ground.stream(out, NONE).readable, [4_000]), own);
  passed = "a text";
  await assertRejects(
    () => ground.stream(out, NONE).readable.getReader().read(),
    InternodeError,
    "A Uint8Array was expected",
  );
});

onEach(
  "readable is one stream, however often it is asked for: no bytes are lost between its readers",
  async (face) => {
    await using ground = await sending(face, [numbered(10_000)]);
    const call = ground.stream(out, NONE);
    const first = call.readable.getReader({ mode: "byob" });
    const { value } = await first.read(new Uint8Array(100));
    first.releaseLock();
    const others = await Array.fromAsync(call.readable);
    assertEquals(joined([value!, ...others]), numbered(10_000));
  },
);
