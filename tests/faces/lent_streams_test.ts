/** Messages of streams that are lent to their reader, on each face. @module */

import { InternodeError, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { STREAM_MEMORY } from "../../lib/wire/lending_pool.ts";
import { turns } from "../support/channels/acceptor.ts";
import { numbered } from "../support/session/calls.ts";
import { onEach } from "./ground.ts";
import { KIB, messagesOf, NONE, out, sending } from "./sent_bytes.ts";

/** In one frame and in pieces, of a size that memory has, of others, and of none that is used again. */
const SIZES = [0, 1, 4 * KIB, 4 * KIB + 1, 10_000, 64 * KIB, 64 * KIB + 1, 256 * KIB, 3_000_000];
const into = stream("into", { inputCapacity: 16, outputCapacity: 1 });
const sent = (): Uint8Array[] => messagesOf(SIZES);

/** Reads to the end, and checks each message when it is given; returns all as they are afterwards. */
async function readAll(
  messages: AsyncIterable<Uint8Array>,
  expected: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const seen: Uint8Array[] = [];
  for await (const message of messages) {
    assertEquals(message, expected[seen.length]);
    // What comes meanwhile leaves it alone.
    await turns(4);
    assertEquals(message, expected[seen.length]);
    seen.push(message);
  }
  assertEquals(seen.length, expected.length);
  return seen;
}

const lengths = (messages: readonly Uint8Array[]): number[] => messages.map(({ length }) => length);
/** Small ones are the reader's; of the others nothing is left. */
const LEFT = SIZES.map((size) => size > 4 * KIB ? 0 : size);

onEach(
  "outputs are lent until the next is asked for, whole, and empty from then on",
  async (face) => {
    await using ground = await sending(face, sent());
    const seen = await readAll(ground.stream(out, NONE, { lendOutputs: true }), sent());
    assertEquals(lengths(seen), LEFT);
  },
);

onEach("inputs are lent to a handler that asks for it, in the same way", async (face) => {
  let seen: Uint8Array[] = [];
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(into, async function* (_, input) {
        seen = await readAll(input, sent());
        yield NONE;
      }, { lendInputs: true }),
  });
  const call = ground.stream(into, NONE);
  for (const message of sent()) await call.send(message);
  call.end();
  await Array.fromAsync(call);
  assertEquals(lengths(seen), LEFT);
});

onEach("messages that are not lent are their reader's to keep", async (face) => {
  await using ground = await sending(face, sent());
  assertEquals(await readAll(ground.stream(out, NONE), sent()), sent());
});

onEach("a reader that leaves gives back what it has and what it has not read", async (face) => {
  const size = 64 * KIB;
  await using ground = await sending(face, Array.from({ length: 8 }, () => numbered(size)));
  const call = ground.stream(out, NONE, { lendOutputs: true });
  const outputs = call[Symbol.asyncIterator]();
  const { value: first } = await outputs.next();
  // All of them have come by now.
  await call.headers;
  await turns(50);
  const before = STREAM_MEMORY.freeBytes;
  assertEquals(first, numbered(size));
  await outputs.return!();
  assertEquals(first.length, 0);
  assert(STREAM_MEMORY.freeBytes > before + size, "unread ones go back too");
});

onEach("a lent message may be transferred, and its reader goes on", async (face) => {
  await using ground = await sending(face, sent());
  const moved: Uint8Array[] = [];
  for await (const message of ground.stream(out, NONE, { lendOutputs: true })) {
    moved.push(
      message.length > 4 * KIB
        ? structuredClone(message, { transfer: [message.buffer as ArrayBuffer] })
        : message,
    );
  }
  assertEquals(moved, sent());
});

onEach("a stream of lent messages that ends early is an error", async (face) => {
  const go = Promise.withResolvers<void>();
  const ground = await sending(face, [numbered(10_000)], () => go.promise);
  const outputs = ground.stream(out, NONE, { lendOutputs: true })[Symbol.asyncIterator]();
  const { value } = await outputs.next();
  assertEquals(value, numbered(10_000));
  const next = outputs.next();
  const failed = assertRejects(() => next, InternodeError);
  await ground[Symbol.asyncDispose]();
  await failed;
  go.resolve();
});

onEach("only streams of raw bytes are lent", async (face) => {
  const typed = stream("typed", {
    input: t.int(),
    output: t.int(),
    inputCapacity: 1,
    outputCapacity: 1,
  });
  const echo = single("echo");
  let isTried = false;
  await using ground = await face.start({
    handlers: (to) => {
      isTried = true;
      for (
        const refused of [
          () => to.handle(typed, () => [], { lendInputs: true }),
          () => to.handle(out, () => [], { lendInputs: true }),
          () => to.handle(echo, (bytes) => bytes, { lendInputs: true }),
        ]
      ) {
        assertThrows(
          refused,
          InternodeError,
          "lendInputs is for streams whose inputs are raw bytes",
        );
      }
      assertThrows(
        () => to.handle(into, () => [], { lendRequest: true }),
        InternodeError,
        "lendRequest is for single requests of raw bytes only",
      );
    },
  });
  assert(isTried);
  const why = "lendOutputs works only for streams whose outputs are raw bytes";
  await assertRejects(
    () => ground.stream(typed, NONE, { lendOutputs: true }).finished,
    InternodeError,
    why,
  );
  await assertRejects(() => ground.request(echo, NONE, { lendOutputs: true }), InternodeError, why);
});
