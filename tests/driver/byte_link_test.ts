import { assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { ByteLink } from "../../lib/driver/byte_link.ts";
import { sharedSecret } from "../../lib/driver/shared_secret.ts";
import { crc32 } from "../../lib/runtime/checksum.ts";
import type { Clock } from "../../lib/runtime/clock.ts";
import type { ByteChannel } from "../../lib/transport/channel/transport.ts";
import { encodeHello } from "../../lib/session/frames/hello.ts";
import { BatchReader } from "../../lib/wire/batch_reader.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { VirtualClock } from "../../lib/testing/mod.ts";
import { numbered, rawCodec, TestCall, TestStream } from "../support/session/calls.ts";
import { ownerOf } from "../support/session/link_owner.ts";
import { sessionOptions } from "../support/session/options.ts";
import { joined, parseFrames, rawFrame, u32 } from "../support/session/raw_frames.ts";
import { peerHello } from "../support/session/scripted_peer.ts";
import { clockWith } from "../support/simulation/clock_with.ts";

/** A channel whose writes end when the test says so. */
class SlowChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "nowhere";
  readonly integrity = false;
  readonly incoming: Uint8Array[] = [];
  written: Uint8Array = new Uint8Array(0);
  /** How many writes were ever under way at one time. */
  mostWrites = 0;
  #writes: (() => void)[] = [];
  #wake: () => void = () => {};

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    while (this.incoming.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const bytes = this.incoming.shift()!;
    into.set(bytes);
    return bytes.length;
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    this.written = joined(this.written, bytes);
    return new Promise((resolve) => {
      this.#writes.push(() => resolve(bytes.length));
      this.mostWrites = Math.max(this.mostWrites, this.#writes.length);
    });
  }

  /** Ends the writes under way. */
  finish(): void {
    for (const finish of this.#writes.splice(0)) finish();
  }

  receive(bytes: Uint8Array): void {
    this.incoming.push(bytes);
    this.#wake();
  }

  close(): void {}
}

/** A link that is open, over a channel whose peer is the test. */
async function openLink(clock: VirtualClock, seen: Clock = clock): Promise<{
  link: ByteLink;
  channel: SlowChannel;
}> {
  const channel = new SlowChannel();
  const options = sessionOptions("dialler", { envelope: true, checksum: crc32, peerName: "" });
  const owner = ownerOf(null);
  const link = new ByteLink(channel, options, owner, seen, 1_000);
  channel.receive(
    batch(
      rawFrame(FrameType.hello, { payload: encodeHello(peerHello({ wallMs: clock.wallNow() })) }),
      rawFrame(FrameType.welcome),
    ),
  );
  await clock.settle();
  channel.finish();
  await clock.settle();
  assertEquals(link.session.state, "open");
  return { link, channel };
}

function batch(...frames: Uint8Array[]): Uint8Array {
  const whole = joined(...frames);
  return joined(u32(whole.length, 0), whole);
}

Deno.test("what an answer leads to belongs to the turn in which it was read", async () => {
  const clock = new VirtualClock();
  let looks = 0;
  const seen = clockWith(clock, () => {
    looks++;
    return clock.now();
  });
  const { link, channel } = await openLink(clock, seen);
  const { outgoing } = link.session;
  const name = outgoing.nameNumber("echo", "", link.beginTurn());
  const request = (): { readonly call: TestCall; readonly answered: Promise<void> } => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const call = new TestCall();
    call.onDone = resolve;
    outgoing.request(call, name, rawCodec, numbered(8), null, link.beginTurn());
    return { call, answered: promise };
  };
  const first = request();
  await clock.settle();
  channel.finish();
  await clock.settle();
  const second = first.answered.then(request);
  const writes = channel.written.length;
  looks = 0;
  channel.receive(batch(rawFrame(FrameType.response, { id: first.call.id })));
  await second;
  await clock.settle();
  assertEquals(looks, 1);
  assertEquals(channel.written.length > writes, true);
});

Deno.test("a finished write lets the next message follow, and no two writes are pending at once", async () => {
  const clock = new VirtualClock();
  const { link, channel } = await openLink(clock);

  const stream = new TestStream();
  const { outgoing } = link.session;
  const nowMs = link.beginTurn();
  const name = outgoing.nameNumber("put", "", nowMs);
  outgoing.open(stream, name, rawCodec, new Uint8Array(0), null, 100, 0, nowMs);
  await clock.advance(1);
  channel.finish();
  // Long enough for small messages to be forgotten: then more bulk may leave than one drain hands out.
  await clock.advance(2_000);
  link.beginTurn();
  for (let i = 0; i < 60; i++) stream.send!.send(rawCodec, numbered(10_000, i));
  for (let turns = 0; turns < 150; turns++) {
    await clock.advance(1);
    assertEquals(channel.mostWrites, 1);
    channel.finish();
  }

  const batches = new BatchReader();
  let inputs = 0;
  for (let at = 0; at < channel.written.length;) {
    const space = batches.space();
    const part = channel.written.subarray(at, at + space.length);
    space.set(part);
    batches.commit(part.length);
    at += part.length;
    while (batches.next()) {
      for (const frame of parseFrames(batches.ring.bytes.slice(batches.start, batches.end))) {
        if (frame.type === FrameType.hello) batches.open(null);
        if (frame.type === FrameType.input) assertEquals(frame.argument, inputs++);
      }
    }
  }
  assertEquals(inputs, 60);
  link.session.onLost("the test is over", link.beginTurn());
  await clock.settle();
});

Deno.test("when both say goodbye, this side leaves as soon as its own has left, though the peer's came before", async () => {
  const clock = new VirtualClock();
  const { link, channel } = await openLink(clock);
  let closed = false;
  channel.close = () => void (closed = true);
  link.close(new InternodeError("Closed", "the test is over"));
  await clock.settle();
  channel.receive(batch(rawFrame(FrameType.goodbye)));
  await clock.settle();
  assertEquals(closed, false);
  channel.finish();
  await clock.settle();
  assertEquals(closed, true);
});

Deno.test("a side that refuses is not gone before its peer, though what comes behind the proof is too large to be understood", async () => {
  const clock = new VirtualClock(), channel = new SlowChannel();
  let isClosed = false;
  channel.close = () => void (isClosed = true);
  const owner = ownerOf(null);
  const options = sessionOptions("acceptor", { auth: sharedSecret("a secret of many bytes") });
  const link = new ByteLink(channel, options, owner, clock, 1_000);
  const payload = encodeHello(peerHello({ wallMs: clock.wallNow(), authenticates: true }));
  channel.receive(batch(rawFrame(FrameType.hello, { payload })));
  await clock.settle();
  channel.finish();
  channel.receive(batch(rawFrame(FrameType.proof, { payload: new Uint8Array(32) })));
  await clock.settle();
  channel.finish();
  assertEquals(link.session.state, "closed");
  // More than a batch of the handshake may have, in parts that look like anything.
  const large = batch(rawFrame(FrameType.name, { payload: new Uint8Array(90_000).fill(0xff) }));
  for (let at = 0; at < large.length; at += 1_000) {
    channel.receive(large.subarray(at, at + 1_000));
    await clock.settle();
  }
  assertEquals(isClosed, false);
  await clock.advance(1_100);
  assertEquals(isClosed, true);
  await clock.advance(1_000);
});
