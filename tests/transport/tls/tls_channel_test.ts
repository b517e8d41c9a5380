import { assertEquals, assertRejects } from "@std/assert";
import { PassThrough } from "node:stream";
import { clearImmediate, setImmediate } from "node:timers";
import type { TLSSocket } from "node:tls";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";
import { ChannelDuplex } from "../../../lib/transport/tls/channel_duplex.ts";
import { TlsChannel, TlsInbox } from "../../../lib/transport/tls/tls_channel.ts";

/** Always has something to read. */
class Endless implements ByteChannel {
  readonly kind = "bytes";
  readonly remote = "nowhere";
  readonly integrity = false;
  reads = 0;

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    this.reads++;
    return Promise.resolve(into.length);
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  close(): void {}
}

Deno.test("a write fails at once when the connection underneath is gone, also between two turns of reading", async () => {
  const underneath = new Endless(), inbox = new TlsInbox();
  const duplex = new ChannelDuplex(underneath, Infinity, () => true);
  // Takes whatever is written, as node:tls does for a connection that is gone.
  const socket = new PassThrough().resume() as unknown as TLSSocket;
  const channel = new TlsChannel(socket, duplex, inbox, "nowhere");
  duplex.resume();
  // Reading has stopped until a later turn.
  for (let before = -1; before < underneath.reads;) {
    before = underneath.reads;
    for (let i = 0; i < 100; i++) await Promise.resolve();
  }
  const read = assertRejects(() => channel.read(new Uint8Array(8)), Error, "reset");
  duplex.destroy(new Error("reset"));
  await read;
  await assertRejects(() => channel.write(new Uint8Array(8)), Error, "reset");
  await channel.ended;
  await new Promise<void>((resolve) => duplex.once("close", resolve));
});

Deno.test("reading waits for no turn of the event loop while something is decrypted", async () => {
  const underneath = new Endless(), inbox = new TlsInbox();
  const duplex = new ChannelDuplex(underneath, Infinity, inbox.hasRoom);
  const socket = new PassThrough() as unknown as TLSSocket;
  const channel = new TlsChannel(socket, duplex, inbox, "nowhere");
  duplex.on("data", (chunk: Uint8Array) => socket.emit("data", chunk));
  let hasTurned = false;
  const turn = setImmediate(() => hasTurned = true);
  const into = new Uint8Array(128 * 1024);
  while (underneath.reads < 100 && !hasTurned) await channel.read(into);
  assertEquals([underneath.reads, hasTurned], [100, false]);
  clearImmediate(turn);
  duplex.destroy();
  await channel.ended;
});

Deno.test("reading waits for a turn of the event loop while next to nothing is decrypted", async () => {
  const underneath = new Endless(), inbox = new TlsInbox();
  const duplex = new ChannelDuplex(underneath, Infinity, inbox.hasRoom);
  const socket = new PassThrough() as unknown as TLSSocket;
  const channel = new TlsChannel(socket, duplex, inbox, "nowhere");
  // As much as there is in records of one byte.
  duplex.on(
    "data",
    (chunk: Uint8Array) => socket.emit("data", chunk.subarray(0, chunk.length / 23)),
  );
  let hasTurned = false;
  const turn = setImmediate(() => hasTurned = true);
  const into = new Uint8Array(128 * 1024);
  while (underneath.reads < 100 && !hasTurned) await channel.read(into);
  assertEquals([underneath.reads < 20, hasTurned], [true, true]);
  clearImmediate(turn);
  duplex.destroy();
  await channel.ended;
});

/** Takes so many bytes at a time. */
const TAKEN_BYTES = 1_000;

class Slow extends Endless {
  override write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    return Promise.resolve(Math.min(TAKEN_BYTES, bytes.length));
  }
}

Deno.test("parts of a write that leave are progress, and a small write that leaves whole is none, whoever hears of its end first", async () => {
  const duplex = new ChannelDuplex(new Slow(), Infinity, () => false);
  // As node:tls on Node: it says that all is encrypted when all has left.
  const socket = Object.assign(new PassThrough(), {
    write: (bytes: Uint8Array, done: () => void) => duplex.write(bytes, () => queueMicrotask(done)),
  }) as unknown as TLSSocket;
  const channel = new TlsChannel(socket, duplex, new TlsInbox(), "nowhere");
  let parts = 0;
  channel.onProgress = () => parts++;
  for (let i = 0; i < 3; i++) assertEquals(await channel.write(new Uint8Array(500)), 500);
  assertEquals(parts, 0);
  assertEquals(await channel.write(new Uint8Array(2.5 * TAKEN_BYTES)), 2.5 * TAKEN_BYTES);
  assertEquals(parts, 2);
  duplex.destroy();
  await channel.ended;
});
