import { assertEquals } from "@std/assert";
import { ByteLink } from "../../lib/driver/byte_link.ts";
import type { ByteChannel, SocketPoll } from "../../lib/transport/channel/transport.ts";
import type { HandlerTarget } from "../../lib/session/calls/handler_target.ts";
import { encodeHello } from "../../lib/session/frames/hello.ts";
import { VirtualClock } from "../../lib/testing/mod.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { rawCodec } from "../support/session/calls.ts";
import { ownerOf } from "../support/session/link_owner.ts";
import { sessionOptions } from "../support/session/options.ts";
import { joined, namePayload, parseFrames, rawFrame, u32 } from "../support/session/raw_frames.ts";
import { peerHello } from "../support/session/scripted_peer.ts";

const NO_TIMEOUT = 0xffff_ffff;

/** A socket whose reads complete, and are told of, when the test says. */
class ScriptedChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "nowhere";
  readonly integrity = false;
  /** What polls find. */
  readonly there: Uint8Array[] = [];
  /** How much of each write the socket takes at once. */
  room = Infinity;
  readonly sent: Uint8Array[] = [];
  #into: Uint8Array = new Uint8Array(0);
  #count = 0;
  #tell: (count: number) => void = () => {};
  #tellWritten: () => void = () => {};

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    this.#into = into;
    return new Promise((resolve) => this.#tell = resolve);
  }

  /** The runtime has read this, and nobody was told yet. */
  complete(bytes: Uint8Array): void {
    this.#into.set(bytes);
    this.#count = bytes.length;
  }

  /** Now they are. */
  tell(): void {
    this.#tell(this.#count);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    this.sent.push(bytes.slice());
    return new Promise((resolve) => this.#tellWritten = () => resolve(bytes.length));
  }

  /** The runtime's write is done. */
  finishWrite(): void {
    this.#tellWritten();
  }

  close(): void {}

  socket(): SocketPoll {
    return {
      isReady: true,
      receive: (into) => {
        const next = this.there.shift();
        if (next === undefined) return -1;
        into.set(next);
        return next.length;
      },
      hasBytes: () => this.there.length > 0,
      send: (bytes) => {
        const taken = bytes.slice(0, Math.min(bytes.length, this.room));
        if (taken.length > 0) this.sent.push(taken);
        return taken.length;
      },
    };
  }
}

/** An open link whose peer sends numbered requests. */
class World {
  readonly clock = new VirtualClock();
  readonly channel = new ScriptedChannel();
  readonly link: ByteLink;
  /** The numbers of the requests that have come. */
  readonly heard: number[] = [];

  constructor(inlineHandlerUs: number) {
    const options = sessionOptions("dialler", { envelope: true, peerName: "" });
    const ignore = (): void => {};
    const target: HandlerTarget = {
      onRequest: (responder, id, _kind, reader) => {
        this.heard.push(reader.view.getUint32(reader.position, true));
        responder.respond(id, rawCodec, reader.takeBytes(reader.remaining));
      },
      onOpen: ignore,
    };
    const owner = ownerOf(target);
    this.link = new ByteLink(this.channel, options, owner, this.clock, inlineHandlerUs, 50);
  }

  static async open(inlineHandlerUs = 1_000): Promise<World> {
    const world = new World(inlineHandlerUs);
    const { channel, clock } = world;
    await clock.settle();
    channel.finishWrite();
    channel.complete(batch(
      rawFrame(FrameType.hello, { payload: encodeHello(peerHello({ wallMs: clock.wallNow() })) }),
      rawFrame(FrameType.welcome),
      rawFrame(FrameType.name, { payload: namePayload("count") }),
    ));
    await world.tell();
    assertEquals(world.link.session.state, "open");
    return world;
  }

  async tell(): Promise<void> {
    this.channel.tell();
    await this.clock.settle();
  }

  /** Polls once, and says whether that was possible. */
  poll(): boolean {
    if (!this.link.startPolling()) return false;
    this.link.poll(this.clock.now());
    return true;
  }

  /** The numbers of the answers that have left. */
  get answered(): number[] {
    const numbers: number[] = [];
    const bytes = joined(...this.channel.sent);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length;) {
      const end = at + 8 + view.getUint32(at, true);
      for (const { type, payload } of parseFrames(bytes.slice(at + 8, end))) {
        if (type === FrameType.response) {
          numbers.push(new DataView(payload.buffer).getUint32(0, true));
        }
      }
      at = end;
    }
    return numbers;
  }

  end(): void {
    this.link.session.onLost("the test is over", this.link.beginTurn());
  }
}

function batch(...frames: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = joined(...frames);
  return joined(u32(whole.length, 0), whole);
}

function request(number: number): Uint8Array<ArrayBuffer> {
  const id = ((number + 1) << 20 | number) >>> 0;
  return rawFrame(FrameType.request, { id, argument: NO_TIMEOUT, payload: u32(number) });
}

Deno.test("polled link: what is polled comes before what the pending read brings", async () => {
  const world = await World.open();
  const { channel } = world;
  channel.there.push(batch(request(0)), batch(request(1), request(2)));
  assertEquals([world.poll(), world.link.polledReads], [true, 1]);
  await world.clock.settle();
  assertEquals(world.poll(), true);
  await world.clock.settle();
  channel.complete(batch(request(3)));
  await world.tell();
  channel.there.push(batch(request(4)));
  assertEquals(world.poll(), true);
  await world.clock.settle();
  assertEquals(world.heard, [0, 1, 2, 3, 4]);
  assertEquals(world.answered, [0, 1, 2, 3, 4]);
  world.end();
});

Deno.test("polled link: a read that has completed is waited for", async () => {
  const world = await World.open();
  const { channel } = world;
  channel.complete(batch(request(0)));
  channel.there.push(batch(request(1)));
  assertEquals(world.poll(), false);
  await world.tell();
  assertEquals(world.poll(), true);
  await world.clock.settle();
  // The same after polls, when the read's buffer is not the one that polls use.
  channel.complete(batch(request(2)));
  channel.there.push(batch(request(3)));
  assertEquals(world.poll(), false);
  await world.tell();
  assertEquals(world.poll(), true);
  assertEquals(world.heard, [0, 1, 2, 3]);
  world.end();
});

Deno.test("polled link: the rest of a batch that was polled in part is left to the pending read", async () => {
  const world = await World.open();
  const { channel } = world;
  const whole = batch(request(0), request(1));
  // What follows looks like the mark: the time-out of the first request.
  const cut = 8 + 12;
  assertEquals(whole.subarray(cut, cut + 4), new Uint8Array(4).fill(0xff));
  channel.there.push(whole.subarray(0, cut));
  assertEquals([world.poll(), world.link.polledReads, world.heard.length], [true, 0, 0]);
  await world.clock.settle();
  channel.complete(whole.subarray(cut));
  channel.there.push(batch(request(2)));
  assertEquals(world.poll(), false);
  await world.tell();
  // The spin after the answers has found the last one by itself.
  assertEquals(world.heard, [0, 1, 2]);
  world.end();
});

Deno.test("polled link: what a read brings waits until an interrupted batch is done", async () => {
  // The turn is over after each handler.
  const world = await World.open(0);
  const { channel } = world;
  channel.there.push(batch(request(0), request(1), request(2)));
  assertEquals(world.poll(), true);
  assertEquals(world.heard, [0]);
  assertEquals(world.poll(), false, "the batch comes first");
  channel.complete(batch(request(3), request(4)));
  await world.tell();
  await world.clock.advance(10);
  assertEquals(world.heard, [0, 1, 2, 3, 4]);
  assertEquals(world.answered, [0, 1, 2, 3, 4]);
  world.end();
});

Deno.test("batches of one request each end the turn, too, when its time is over", async () => {
  // The turn is over after each handler.
  const world = await World.open(0);
  const { channel, clock } = world;
  channel.complete(joined(batch(request(0)), batch(request(1)), batch(request(2))));
  channel.tell();
  for (let i = 0; i < 20; i++) await null;
  assertEquals(world.heard, [0], "the event loop has had no turn yet");
  await clock.settle();
  assertEquals(world.heard, [0, 1, 2]);
  world.end();
});

Deno.test("polled link: what a socket does not take at once the runtime writes, and nothing passes it", async () => {
  const world = await World.open();
  const { channel } = world;
  channel.room = 10;
  channel.there.push(batch(request(0)));
  world.poll();
  await world.clock.settle();
  // The runtime is writing the rest; the next answers wait, though there would be room now.
  channel.room = Infinity;
  const writes = channel.sent.length;
  channel.complete(batch(request(1)));
  await world.tell();
  await world.clock.advance(1);
  assertEquals([channel.sent.length, world.answered], [writes, [0]]);
  channel.finishWrite();
  await world.clock.advance(1);
  assertEquals(world.answered, [0, 1]);
  world.end();
});
