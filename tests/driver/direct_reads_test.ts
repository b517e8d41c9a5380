/** Large messages that are lent are read into their memory, whatever comes between. @module */

import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { ByteLink } from "../../lib/driver/byte_link.ts";
import { crc32 } from "../../lib/runtime/checksum.ts";
import { encodeHello, FEATURE_CHECKSUM } from "../../lib/session/frames/hello.ts";
import { LoopTurn } from "../../lib/driver/loop_turn.ts";
import { VirtualClock } from "../../lib/testing/mod.ts";
import type { ByteChannel } from "../../lib/transport/channel/transport.ts";
import { BatchSeal } from "../../lib/wire/batch_seal.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { numbered, rawCodec, TestCall, type TestStream } from "../support/session/calls.ts";
import { ownerOf } from "../support/session/link_owner.ts";
import { sessionOptions } from "../support/session/options.ts";
import { joined, rawFrame } from "../support/session/raw_frames.ts";
import { peerHello } from "../support/session/scripted_peer.ts";
import { seeded } from "../support/seeded.ts";
import { TakingStream } from "../support/session/taking_stream.ts";

/** A channel that reads what the test gives it, as much at a time as it says. */
class FedChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "nowhere";
  readonly integrity = false;
  isClosed = false;
  /** How many bytes the reads had brought behind which more was likely to come. */
  readonly announced: number[] = [];
  /** Where the reads went that have brought anything. */
  readonly filled: Uint8Array<ArrayBuffer>[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #mostBytes = 0;
  #pending: { readonly into: Uint8Array<ArrayBuffer>; done(count: number | null): void } | null =
    null;

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#pending = { into, done: resolve };
    this.#fill();
    return promise;
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  /** Gives bytes to the reads, at most so many to each. */
  feed(bytes: Uint8Array, mostBytes = Infinity): void {
    this.#bytes = joined(this.#bytes, bytes);
    this.#mostBytes = mostBytes;
    this.#fill();
  }

  /** The peer leaves. */
  end(): void {
    this.#pending!.done(null);
  }

  expectMore(receivedBytes: number): void {
    this.announced.push(receivedBytes);
  }

  close(): void {
    this.isClosed = true;
  }

  #fill(): void {
    const pending = this.#pending;
    if (pending === null || this.#bytes.length === 0) return;
    this.#pending = null;
    const count = Math.min(pending.into.length, this.#bytes.length, this.#mostBytes);
    pending.into.set(this.#bytes.subarray(0, count));
    this.#bytes = this.#bytes.subarray(count);
    this.filled.push(pending.into.subarray(0, count));
    pending.done(count);
  }
}

/** An open link of a dialler, and a peer that sends as it should. */
class Scene {
  readonly clock = new VirtualClock();
  readonly channel = new FedChannel();
  readonly link: ByteLink;
  closed: InternodeError | null = null;
  readonly #seal = new BatchSeal();
  #outputs = 0;

  private constructor() {
    const options = sessionOptions("dialler", { envelope: true, checksum: crc32, peerName: "" });
    const owner = ownerOf(null, (_, error) => void (this.closed = error));
    this.link = new ByteLink(this.channel, options, owner, this.clock, 1_000);
  }

  static async open(): Promise<Scene> {
    const scene = new Scene(), { clock } = scene;
    const hello = peerHello({ wallMs: clock.wallNow(), features: FEATURE_CHECKSUM });
    await scene.feed(
      scene.batch(
        rawFrame(FrameType.hello, { payload: encodeHello(hello) }),
        rawFrame(FrameType.welcome),
      ),
    );
    assertEquals(scene.link.session.state, "open");
    assert(scene.link.session.batchChecksum !== null);
    scene.#seal.checksum = crc32;
    return scene;
  }

  stream(lends = true): TakingStream {
    const stream = new TakingStream(lends),
      { outgoing } = this.link.session,
      nowMs = this.link.beginTurn();
    const name = outgoing.nameNumber("get", "", nowMs);
    outgoing.open(stream, name, rawCodec, new Uint8Array(0), null, 0, 100, nowMs);
    return stream;
  }

  /** A batch as the peer sends it. */
  batch(...frames: Uint8Array[]): Uint8Array<ArrayBuffer> {
    const bytes = joined(new Uint8Array(8), ...frames);
    const checked = this.#seal.checksum !== null;
    this.#seal.close(new DataView(bytes.buffer), bytes, 0, bytes.length, null, checked);
    return bytes;
  }

  /** The next message of the stream, as a batch by itself. */
  output({ id }: TestStream, payload: Uint8Array): Uint8Array<ArrayBuffer> {
    return this.batch(rawFrame(FrameType.output, { id, argument: this.#outputs++, payload }));
  }

  async feed(bytes: Uint8Array, mostBytes?: number): Promise<void> {
    this.channel.feed(bytes, mostBytes);
    await this.clock.settle();
  }

  /** The reads that have gone into the memory of that message. */
  readsOf(message: unknown): number {
    const { buffer } = message as Uint8Array;
    return this.channel.filled.filter((read) => read.buffer === buffer).length;
  }

  async leave(): Promise<void> {
    this.link.session.onLost("the test is over", this.link.beginTurn());
    await this.clock.advance(2_000);
  }
}

Deno.test("a large message is read into its memory, with the head of the next one", async () => {
  const scene = await Scene.open(), stream = scene.stream();
  const payloads = [numbered(200_000), numbered(262_144, 1), numbered(150_000, 2)];
  const all = joined(...payloads.map((payload) => scene.output(stream, payload)));
  await scene.feed(all, 100_000);
  assertEquals(stream.received, payloads);
  const [first, second, third] = stream.taken;
  assert(scene.readsOf(first) >= 2 && scene.readsOf(second) >= 2 && scene.readsOf(third) >= 1);
  // Of the second and the third nothing but what the first ones' reads had brought was read apart.
  const reads = scene.channel.filled.length;
  const direct = stream.taken.reduce<number>((sum, each) => sum + scene.readsOf(each), 0);
  assertEquals(reads - direct, 2, "the handshake's, and the first bytes of the first message");
  for (const message of stream.taken) {
    const behind = new Uint8Array(message.buffer, message.length);
    assertEquals(behind.findIndex((byte) => byte !== 0), -1, "nothing of another message");
  }
  await scene.leave();
});

Deno.test("what its reader keeps, small messages and other frames have no memory of their own", async () => {
  const scene = await Scene.open(), kept = scene.stream(false);
  await scene.feed(scene.output(kept, numbered(200_000)), 100_000);
  assertEquals([kept.received, scene.readsOf(kept.taken[0])], [[numbered(200_000)], 0]);
  const call = new TestCall();
  const { outgoing } = scene.link.session, nowMs = scene.link.beginTurn();
  const name = outgoing.nameNumber("get", "", nowMs);
  outgoing.request(call, name, rawCodec, numbered(8), null, nowMs);
  await scene.clock.settle();
  const payload = numbered(200_000);
  await scene.feed(scene.batch(rawFrame(FrameType.response, { id: call.id, payload })), 100_000);
  assertEquals([call.response, scene.readsOf(call.response)], [payload, 0]);
  await scene.leave();
});

Deno.test("any mix of messages arrives as it was sent, in reads of any size", async () => {
  const random = seeded("direct reads");
  for (let round = 0; round < 12; round++) {
    const scene = await Scene.open(), stream = scene.stream();
    const sent: Uint8Array[] = [], pieces: Uint8Array[] = [];
    for (let n = 0; n < 30; n++) {
      if (random.int(0, 3) === 0) pieces.push(scene.batch(rawFrame(FrameType.window)));
      const length = random.pick([0, 10, 5_000, 65_536, 131_072, 200_000, 262_144]);
      const payload = numbered(Math.max(0, length - random.int(0, 100)), n);
      sent.push(payload);
      pieces.push(scene.output(stream, payload));
    }
    const all = joined(...pieces);
    for (let at = 0; at < all.length;) {
      const count = random.pick([1, 24, 1_000, 4_096, 70_000, 262_168, 1_000_000]);
      await scene.feed(all.subarray(at, at + count), random.pick([1_000, 65_536, Infinity]));
      at += count;
    }
    assertEquals(scene.closed, null);
    assertEquals(stream.received, sent);
    assert(stream.taken.some((message) => scene.readsOf(message) > 0));
    await scene.leave();
  }
});

Deno.test("bytes that were changed on the way are found in such a message too", async () => {
  for (const at of [10, 30, 100_000, 200_023]) {
    const scene = await Scene.open(), stream = scene.stream();
    const bytes = scene.output(stream, numbered(200_000));
    bytes[at] = bytes[at]! ^ 1;
    await scene.feed(bytes, 50_000);
    assertEquals([scene.closed?.code, scene.closed?.origin], ["ProtocolError", "network"]);
    assertEquals(stream.received, []);
    await scene.clock.advance(2_000);
    assert(scene.channel.isClosed);
  }
});

Deno.test("a message whose stream ends while it is read is dropped, and the connection goes on", async () => {
  const scene = await Scene.open(), stream = scene.stream(), other = scene.stream();
  const message = scene.output(stream, numbered(200_000));
  await scene.feed(message.subarray(0, 90_000), 60_000);
  const nowMs = scene.link.beginTurn();
  scene.link.session.outgoing.cancel(stream, new Error("enough"), "Cancelled", nowMs);
  await scene.clock.settle();
  await scene.feed(message.subarray(90_000));
  assertEquals([stream.received, scene.closed], [[], null]);
  const next = scene.batch(
    rawFrame(FrameType.output, { id: other.id, argument: 0, payload: numbered(200_000) }),
  );
  await scene.feed(next, 70_000);
  assertEquals(other.received, [numbered(200_000)]);
  await scene.leave();
});

Deno.test("a peer that leaves in the midst of such a message, and this side, end as ever", async () => {
  const scene = await Scene.open(), stream = scene.stream();
  await scene.feed(scene.output(stream, numbered(200_000)).subarray(0, 90_000), 60_000);
  scene.channel.end();
  await scene.clock.advance(2_000);
  assertEquals([scene.closed?.code, stream.error?.code], ["Disconnected", "Disconnected"]);

  const closing = await Scene.open(), open = closing.stream();
  const message = closing.output(open, numbered(200_000));
  await closing.feed(message.subarray(0, 90_000), 60_000);
  closing.link.close(new InternodeError("Closed", "the test is over"));
  await closing.feed(joined(message.subarray(90_000), closing.batch(rawFrame(FrameType.goodbye))));
  assertEquals([open.received, closing.channel.isClosed], [[], true], "its goodbye was heard");
  await closing.clock.advance(2_000);
});

Deno.test("the head of a large message that no call takes is refused once it has come, and does no harm before", async () => {
  const scene = await Scene.open();
  const call = new TestCall(), { outgoing } = scene.link.session, nowMs = scene.link.beginTurn();
  const name = outgoing.nameNumber("get", "", nowMs);
  outgoing.request(call, name, rawCodec, numbered(8), null, nowMs);
  await scene.clock.settle();
  await scene.leave();
  const heads: [type: number, id: number, expected: string][] = [
    [FrameType.output, 77 << 20 | 3, "sent an output"],
    [FrameType.output, call.id, "sent an output"],
    [FrameType.output, 0xffff_ffff, "sent an output"],
    [FrameType.response, 77 << 20 | 3, "answered"],
  ];
  for (const [type, id, expected] of heads) {
    const hit = await Scene.open(), payload = numbered(100_000);
    const bytes = hit.batch(rawFrame(type, { id, payload }));
    await hit.feed(bytes.subarray(0, 34));
    assertEquals(hit.closed, null);
    await hit.feed(bytes.subarray(34), 9_000);
    assertEquals(hit.closed?.code, "ProtocolError", expected);
    await hit.clock.advance(2_000);
  }
  // An input for a stream that there is not is dropped; see the next test for one without inputs.
  const other = await Scene.open();
  const input = rawFrame(FrameType.input, { id: 5 << 20, payload: numbered(100_000) });
  await other.feed(other.batch(input), 9_000);
  assertEquals(other.closed, null);
  await other.leave();
});

Deno.test("a message that has come when its link closes within a turn that is over is passed over, and the goodbye is heard", async () => {
  const scene = await Scene.open(), stream = scene.stream();
  const first = scene.output(stream, numbered(200_000)),
    second = scene.output(stream, numbered(200_000));
  await scene.feed(first.subarray(0, 1_000));
  // Another link of the thread has used up the turn, so that what is read waits for the next.
  LoopTurn.of(scene.clock).add(1_000, scene.clock.now(), 1);
  scene.channel.feed(joined(first.subarray(1_000), second.subarray(0, 24)));
  for (let microtasks = 0; microtasks < 9; microtasks++) await Promise.resolve();
  assertEquals([scene.channel.filled.at(-1)!.length, stream.received], [199_048, []]);
  scene.link.close(new InternodeError("Closed", "the test is over"));
  await scene.clock.settle();
  const goodbye = scene.batch(rawFrame(FrameType.goodbye));
  await scene.feed(joined(second.subarray(24), goodbye), 50_000);
  assertEquals(scene.channel.filled.filter(({ length }) => length === 0), []);
  assert(scene.channel.isClosed, "its goodbye was heard");
  await scene.clock.advance(2_000);
});

Deno.test("a channel is told within a large message, and at no other time, that more will come", async () => {
  const scene = await Scene.open(), lent = scene.stream(), kept = scene.stream(false);
  const { channel } = scene;
  for (const stream of [lent, kept]) {
    channel.announced.length = 0;
    await scene.feed(scene.output(stream, numbered(200_000)), 50_000);
    const { length } = channel.announced;
    assert(length >= 3 && length <= 5, `${length} times in 4 to 6 reads`);
    assertEquals(channel.announced, channel.filled.slice(-length).map((read) => read.length));
  }
  channel.announced.length = 0;
  await scene.feed(scene.output(kept, numbered(100_000)), 10_000);
  assertEquals(channel.announced, []);
  await scene.leave();
});
