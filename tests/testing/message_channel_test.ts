import { assert, assertEquals } from "@std/assert";
import type { MessageChannel } from "../../lib/transport/channel/transport.ts";
import { A, B, connectMessages, makePair, numbered } from "./pair.ts";

interface Recorder {
  messages: Uint8Array<ArrayBuffer>[];
  drains: number;
  closed: string | null;
}

function record(channel: MessageChannel): Recorder {
  const recorder: Recorder = { messages: [], drains: 0, closed: null };
  channel.start({
    onMessage: (bytes) => {
      assertEquals(recorder.closed, null, "a message after onClose");
      recorder.messages.push(bytes);
    },
    onDrain: () => void recorder.drains++,
    onClose: (reason) => {
      assertEquals(recorder.closed, null, "onClose twice");
      recorder.closed = reason;
    },
  });
  return recorder;
}

Deno.test("messages arrive whole and in order, and share no memory", async () => {
  const pair = makePair({ channels: "messages" });
  const [dialler, acceptor] = await connectMessages(pair);
  const received = record(acceptor);
  record(dialler);
  const buffer = new Uint8Array(8);
  for (let value = 0; value < 50; value++) dialler.send(buffer.fill(value).subarray(0, value % 8));
  assertEquals(received.messages.length, 0);
  await pair.clock.advance(100);
  assertEquals(received.messages.length, 50);
  received.messages.forEach((bytes, index) => {
    assertEquals(bytes, new Uint8Array(index % 8).fill(index));
  });
});

Deno.test("what comes before start is kept, the end too", async () => {
  const pair = makePair({ channels: "messages" });
  const [dialler, acceptor] = await connectMessages(pair);
  record(dialler);
  for (const value of [1, 2, 3]) dialler.send(new Uint8Array([value]));
  dialler.close();
  await pair.clock.advance(100);
  const received = record(acceptor);
  assertEquals(received.messages.length, 0);
  await pair.clock.advance(1);
  assertEquals(received.messages.map((bytes) => bytes[0]), [1, 2, 3]);
  assertEquals(received.closed, "closed by the other side");
});

Deno.test("a sender is congested while too much waits, and is notified when it no longer is", async () => {
  const pair = makePair({
    channels: "messages",
    bufferBytes: 1_000,
    link: { bandwidthBytesPerMs: 10 },
  });
  const [dialler, acceptor] = await connectMessages(pair);
  const sender = record(dialler), received = record(acceptor);
  dialler.send(numbered(999));
  assert(!dialler.congested);
  dialler.send(numbered(999));
  assert(dialler.congested);
  await pair.clock.advance(90);
  assertEquals(sender.drains, 0);
  await pair.clock.runUntil(() => sender.drains > 0, 50);
  assert(!dialler.congested);
  await pair.clock.advance(1_000);
  assertEquals([sender.drains, received.messages.length], [1, 2]);
});

Deno.test("a stalled link leaves the sender congested until it goes on", async () => {
  const pair = makePair({ channels: "messages", bufferBytes: 100 });
  const [dialler, acceptor] = await connectMessages(pair);
  const sender = record(dialler), received = record(acceptor);
  pair.network.stall(A, B, "oneWay");
  dialler.send(numbered(500));
  await pair.clock.advance(600_000);
  assert(dialler.congested);
  pair.network.resume(A, B);
  await pair.clock.advance(20);
  assertEquals([sender.drains, received.messages.length], [1, 1]);
});

Deno.test("close ends both sides once, after what was sent", async () => {
  const pair = makePair({ channels: "messages" });
  const [dialler, acceptor] = await connectMessages(pair);
  const closer = record(dialler), peer = record(acceptor);
  dialler.send(numbered(3));
  dialler.close();
  dialler.close();
  dialler.send(numbered(3));
  assertEquals(closer.closed, null, "never from within a call");
  await pair.clock.advance(100);
  assertEquals([closer.closed, peer.closed], ["closed on this side", "closed by the other side"]);
  assertEquals(peer.messages.length, 1);
  acceptor.close();
  acceptor.send(numbered(3));
  await pair.clock.advance(100);
  assertEquals([pair.network.openConnections(A), pair.network.openConnections(B)], [0, 0]);
  assertEquals(pair.clock.pendingEvents, 0);
});

Deno.test("a cut ends both sides, a silent crash neither until the machine is back", async () => {
  const pair = makePair({ channels: "messages" });
  const [dialler, acceptor] = await connectMessages(pair);
  const one = record(dialler), other = record(acceptor);
  pair.network.cut(A, B);
  await pair.clock.advance(10);
  assertEquals([one.closed, other.closed], ["the connection was cut", "the connection was cut"]);

  const [survivor, victim] = await connectMessages(pair);
  const left = record(survivor), dead = record(victim);
  pair.network.crash(B, "silent");
  survivor.send(numbered(10));
  await pair.clock.advance(600_000);
  assertEquals([left.closed, dead.closed], [null, null]);
  pair.network.transport(B);
  await pair.clock.advance(10);
  assertEquals([left.closed, dead.closed], ["memory://b reset the connection", null]);
});
