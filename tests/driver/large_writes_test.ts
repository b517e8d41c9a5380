/** Large pieces are written from where they lie, and what becomes of those that a user takes away. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ByteLink } from "../../lib/driver/byte_link.ts";
import type { InternodeError } from "../../lib/errors.ts";
import { encodeHello } from "../../lib/session/frames/hello.ts";
import { VirtualClock } from "../../lib/testing/mod.ts";
import type { ByteChannel } from "../../lib/transport/channel/transport.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { numbered, rawCodec, TestStream } from "../support/session/calls.ts";
import { ownerOf } from "../support/session/link_owner.ts";
import { sessionOptions } from "../support/session/options.ts";
import { joined, rawFrame, u32 } from "../support/session/raw_frames.ts";
import { peerHello } from "../support/session/scripted_peer.ts";

/** A channel whose writes the test ends. */
class HeldChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "nowhere";
  readonly integrity = true;
  /** The write under way. */
  piece: Uint8Array<ArrayBuffer> | null = null;
  readonly #first: Uint8Array;
  #end: (count: number) => void = () => {};

  constructor(first: Uint8Array) {
    this.#first = first;
  }

  #hasRead = false;

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#hasRead) return new Promise(() => {});
    this.#hasRead = true;
    into.set(this.#first);
    return Promise.resolve(this.#first.length);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    this.piece = bytes;
    return new Promise((resolve) => this.#end = resolve);
  }

  /** The write has taken so many bytes. */
  take(count = this.piece!.length): void {
    this.piece = null;
    this.#end(count);
  }

  close(): void {}
}

const LIMIT = 10_000;

/** A link that is about to write the header of a stream's message of 20,000 bytes. */
async function sending() {
  const clock = new VirtualClock();
  const frames = joined(
    rawFrame(FrameType.hello, { payload: encodeHello(peerHello({ wallMs: clock.wallNow() })) }),
    rawFrame(FrameType.welcome),
  );
  const channel = new HeldChannel(joined(u32(frames.length, 0), frames));
  const options = sessionOptions("dialler", {
    envelope: true,
    peerName: "",
    writeFlattenLimit: LIMIT,
  });
  let closed: InternodeError | null = null;
  const owner = ownerOf(null, (_, error) => void (closed = error));
  const link = new ByteLink(channel, options, owner, clock, 1_000);
  await clock.settle();
  channel.take();
  await clock.settle();
  const call = new TestStream(), payload = numbered(2 * LIMIT);
  const { outgoing } = link.session, nowMs = link.beginTurn();
  const name = outgoing.nameNumber("put", "", nowMs);
  outgoing.open(call, name, rawCodec, new Uint8Array(0), null, 9, 0, nowMs);
  call.send!.send(rawCodec, payload);
  await clock.settle();
  return {
    channel,
    call,
    payload,
    closed: () => closed,
    settle: () => clock.settle(),
    leave: async () => {
      link.session.onLost("the test is over", link.beginTurn());
      await clock.advance(2_000);
    },
  };
}

Deno.test("a large piece is written from where it lies, behind its header", async () => {
  const { channel, payload, settle, closed, leave } = await sending();
  assert(channel.piece!.length < 200);
  channel.take();
  await settle();
  assert(channel.piece!.buffer === payload.buffer);
  channel.take(5_000);
  await settle();
  assertEquals([channel.piece!.byteOffset, channel.piece!.length], [5_000, 15_000]);
  channel.take();
  await settle();
  assertEquals([channel.piece, closed()], [null, null]);
  await leave();
});

for (
  const [when, taken] of [
    ["before it is written", null],
    ["when a part of it is written", 5_000],
  ] as const
) {
  Deno.test(`memory that a user takes away ${when} ends the connection and says why`, async () => {
    const { channel, call, payload, settle, closed, leave } = await sending();
    if (taken !== null) {
      channel.take();
      await settle();
    }
    structuredClone(payload, { transfer: [payload.buffer] });
    channel.take(taken ?? undefined);
    await settle();
    assertEquals([closed()?.code, call.error?.outcome], ["Disconnected", "maybeExecuted"]);
    assertStringIncludes(closed()!.message, "the memory of a message was transferred");
    await leave();
  });
}

Deno.test("memory that a user takes away when all of it is written does no harm", async () => {
  const { channel, payload, settle, closed, leave } = await sending();
  channel.take();
  await settle();
  const { length } = channel.piece!;
  structuredClone(payload, { transfer: [payload.buffer] });
  channel.take(length);
  await settle();
  assertEquals([channel.piece, closed()], [null, null]);
  await leave();
});
