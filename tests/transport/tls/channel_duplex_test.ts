import { nextTick } from "node:process";
import { assert, assertEquals } from "@std/assert";
import { thisPlatform } from "../../../lib/runtime/this_platform.ts";
import { ballastElements, hastenCollection } from "../../../lib/wire/payload_memory.ts";
import { ChannelDuplex } from "../../../lib/transport/tls/channel_duplex.ts";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";
import { turns } from "../../support/channels/acceptor.ts";

/** Gives bytes without end, and takes three at a time. */
class Endless implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "nowhere";
  readonly integrity = false;
  readBytes = 0;
  closed = false;
  readonly written: number[] = [];

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.closed) return Promise.reject(new Error("closed"));
    for (let i = 0; i < into.length; i++) into[i] = this.readBytes++;
    return Promise.resolve(into.length);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    const part = bytes.subarray(0, 3);
    this.written.push(...part);
    return Promise.resolve(part.length);
  }

  close(): void {
    this.closed = true;
  }
}

Deno.test("more than is allowed ends it and closes the channel", async () => {
  const channel = new Endless(), duplex = new ChannelDuplex(channel, 64 * 1024, () => true);
  const failed = new Promise<Error>((resolve) => duplex.on("error", resolve));
  duplex.on("data", () => {});
  assertEquals((await failed).message, "the other side sent too much data during the handshake");
  assertEquals(channel.closed, true);
  assert(channel.readBytes <= 128 * 1024, `${channel.readBytes} bytes were read`);
});

Deno.test("nothing is read while it may not be, and what was read first comes first", async () => {
  const channel = new Endless();
  let may = false, seen = 0;
  const duplex = new ChannelDuplex(channel, Infinity, () => may);
  channel.readBytes = 100;
  duplex.first = new Uint8Array(100).map((_, i) => i);
  duplex.on("data", (chunk: Uint8Array) => {
    for (const byte of chunk) assertEquals(byte, seen++ & 0xff);
    if (seen > 1024 * 1024) may = false;
  });
  await turns(4);
  assertEquals(seen, 0);
  may = true;
  duplex.goOn();
  while (may) await turns(1);
  await turns(4);
  assertEquals(seen, channel.readBytes);
  assert(seen <= 1024 * 1024 + 64 * 1024);
  duplex.destroy();
  assertEquals(channel.closed, true);
});

Deno.test("it is idle only when no read waits for a later turn", async () => {
  const channel = new Endless(), duplex = new ChannelDuplex(channel, Infinity, () => true);
  let idle = 0;
  duplex.onceIdle(() => idle++);
  assertEquals(idle, 1);
  duplex.on("data", () => {});
  // Reads that find bytes at once follow each other until one waits.
  let before = -1;
  while (before < channel.readBytes) {
    before = channel.readBytes;
    for (let i = 0; i < 100; i++) await new Promise<void>((resolve) => nextTick(resolve));
  }
  duplex.destroy();
  duplex.onceIdle(() => idle++);
  assertEquals([channel.closed, idle], [true, 1]);
  await turns(4);
  assertEquals(idle, 2);
});

Deno.test("bulk is read into one buffer, however full it gets, and outgrown ones are freed", async () => {
  const channel = new Endless(), buffers = new Set<ArrayBuffer>();
  let reads = 0;
  channel.read = (into) => {
    buffers.add(into.buffer);
    // Between an eighth of the larger buffer and all of it, from one read to the next.
    const count = Math.min(into.length, 16 * 1024 * (1 + reads++ % 8));
    return reads > 50 ? Promise.resolve(null) : Promise.resolve(count);
  };
  const duplex = new ChannelDuplex(channel, Infinity, () => true);
  duplex.on("data", () => {});
  await new Promise((resolve) => duplex.on("end", resolve));
  const [first, second, large, ...more] = buffers;
  assertEquals(more, []);
  // One for a handshake, which is left to the collector as it is small, and one until it was filled.
  assertEquals([first, second, large].map((buffer) => buffer?.byteLength), [
    2 * 1024,
    0,
    128 * 1024,
  ]);
  duplex.destroy();
});

Deno.test("all that is written is, in order, and counted", async () => {
  const channel = new Endless(), duplex = new ChannelDuplex(channel, Infinity, () => false);
  let taken = 0;
  duplex.onTaken = () => taken = duplex.takenBytes;
  const bytes = new Uint8Array(1000).map((_, i) => i);
  for (let at = 0; at < 1000; at += 100) duplex.write(bytes.subarray(at, at + 100));
  duplex.write(new Uint8Array(300 * 1024));
  while (duplex.writableLength > 0) await turns(1);
  assertEquals(new Uint8Array(channel.written.slice(0, 1000)), bytes);
  assertEquals([taken, channel.written.length], [1000 + 300 * 1024, 1000 + 300 * 1024]);
  duplex.destroy();
});

Deno.test("what is encrypted has ballast where the runtime leaves a copy of it to the collector", async () => {
  const channel = new Endless(), duplex = new ChannelDuplex(channel, Infinity, () => false);
  hastenCollection(16 * 1024);
  const before = ballastElements();
  const written = new Promise((resolve) => duplex.write(new Uint8Array(30_000), resolve));
  assertEquals(ballastElements(), thisPlatform().copiesEncrypted ? 2_500 : before);
  await written;
  assertEquals(channel.written.length, 30_000);
  duplex.destroy();
});
