import { assert, assertEquals } from "@std/assert";
import {
  closePayload,
  frameBytes,
  OPCODE,
  readClosePayload,
  writeFrame,
} from "../../../lib/transport/websocket/web_socket_frames.ts";
import { FrameQueue } from "../../../lib/transport/websocket/web_socket_queue.ts";
import { clientFrames, serverFrames } from "./raw_web_socket.ts";

/** A frame written by the plainest means. */
function naiveFrame(opcode: number, payload: Uint8Array, key: number): Uint8Array {
  const keyBytes = [key & 255, key >>> 8 & 255, key >>> 16 & 255, key >>> 24];
  const length = payload.length;
  const head = length < 126
    ? [length]
    : length < 65_536
    ? [126, length >> 8, length & 255]
    : [127, 0, 0, 0, 0, length >>> 24, length >>> 16 & 255, length >>> 8 & 255, length & 255];
  head[0]! |= 0x80;
  const masked = Array.from(payload, (byte, i) => byte ^ keyBytes[i % 4]!);
  return Uint8Array.from([0x80 | opcode, ...head, ...keyBytes, ...masked]);
}

function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => i * 31 + seed * 7 + (i >> 8));
}

const KEYS = [0, 1, 0x01020304, -1, 0x80000000 | 0, 0x7fffffff, -123456789];

Deno.test("masked frames of every small size, at every alignment, are those of a naive twin", () => {
  const buffer = new ArrayBuffer(512);
  const into = new Uint8Array(buffer), words = new Uint32Array(buffer);
  for (let length = 0; length <= 140; length++) {
    const payload = bytesOf(length, length);
    for (let at = 0; at < 8; at++) {
      const key = KEYS[(length + at) % KEYS.length]!;
      into.fill(0xaa);
      const end = writeFrame(into, words, at, OPCODE.binary, payload, key);
      assertEquals(end - at, frameBytes(length, true));
      assertEquals(into.subarray(at, end), naiveFrame(OPCODE.binary, payload, key));
      assert(into.subarray(0, at).every((byte) => byte === 0xaa), "written before the frame");
      assert(into.subarray(end).every((byte) => byte === 0xaa), "written behind the frame");
      assertEquals(payload, bytesOf(length, length), "the payload was changed");
    }
  }
});

Deno.test("masked frames around the sizes where the header grows are those of a naive twin", () => {
  const buffer = new ArrayBuffer(70_000);
  const into = new Uint8Array(buffer), words = new Uint32Array(buffer);
  for (const length of [125, 126, 127, 1000, 65_534, 65_535, 65_536, 65_537]) {
    into.fill(0xaa);
    const payload = bytesOf(length), at = length % 4;
    const end = writeFrame(into, words, at, OPCODE.binary, payload, 0x9e3779b9 | 0);
    assertEquals(into.slice(at, end), naiveFrame(OPCODE.binary, payload, 0x9e3779b9 | 0));
  }
});

Deno.test("close payloads are read as they were written, and short ones have no code", () => {
  assertEquals(readClosePayload(closePayload(1009, "a reason")), {
    code: 1009,
    reason: "a reason",
  });
  assertEquals(readClosePayload(closePayload(1000, "")), { code: 1000, reason: "" });
  assertEquals(readClosePayload(new Uint8Array(0)), { code: 1005, reason: "" });
  assertEquals(readClosePayload(new Uint8Array(1)), { code: 1005, reason: "" });
});

Deno.test("frames gather behind one another and leave in one piece", () => {
  let key = 0;
  const queue = new FrameQueue(() => key += 0x01234567);
  assertEquals(queue.peek(), undefined);
  queue.push(OPCODE.binary, bytesOf(3));
  queue.push(OPCODE.pong, bytesOf(0));
  queue.push(OPCODE.binary, bytesOf(200));
  const written = queue.peek()!;
  assertEquals(queue.bytes, written.length);
  const frames = clientFrames(written);
  assertEquals(frames.map(({ opcode }) => opcode), [OPCODE.binary, OPCODE.pong, OPCODE.binary]);
  assertEquals(frames.map(({ payload }) => payload), [bytesOf(3), bytesOf(0), bytesOf(200)]);
  assertEquals(key, 3 * 0x01234567, "each frame has a key of its own");
  queue.advance(written.length);
  assertEquals([queue.bytes, queue.peek()], [0, undefined]);
});

Deno.test("without keys nothing is masked", () => {
  const queue = new FrameQueue(null);
  const payloads = [0, 125, 126, 65_535, 65_536].map((length) => bytesOf(length, length));
  for (const payload of payloads) queue.push(OPCODE.binary, payload);
  const wire: number[] = [];
  for (let part; (part = queue.peek()) !== undefined; queue.advance(part.length)) {
    for (const byte of part) wire.push(byte);
  }
  const expected = payloads.reduce((sum, { length }) => sum + frameBytes(length, false), 0);
  assertEquals(wire.length, expected);
  const frames = serverFrames(Uint8Array.from(wire));
  assertEquals(frames.map(({ payload }) => payload), payloads);
});

Deno.test("what is being written stays untouched while more gathers, however it is cut", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  console.log(`sizes from seed ${seed}`);
  let state = seed || 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const queue = new FrameQueue(() => next(0xffff_ffff) | 0);
  const sent: Uint8Array[] = [], wire: Uint8Array[] = [];
  for (let round = 0; round < 400; round++) {
    const writing = queue.peek(), before = writing?.slice();
    for (let i = next(4); i > 0; i--) {
      const payload = bytesOf(next(1 << next(next(40) === 0 ? 20 : 12)), round + i);
      queue.push(OPCODE.binary, payload);
      sent.push(payload.slice());
      payload.fill(0);
    }
    if (writing === undefined) continue;
    assertEquals(writing, before!);
    const count = 1 + next(writing.length);
    wire.push(writing.slice(0, count));
    queue.advance(count);
  }
  for (let rest = queue.peek(); rest !== undefined; rest = queue.peek()) {
    wire.push(rest.slice());
    queue.advance(rest.length);
  }
  assertEquals(queue.bytes, 0);
  const all = new Uint8Array(wire.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of wire) {
    all.set(part, at);
    at += part.length;
  }
  const received = clientFrames(all);
  assertEquals(received.length, sent.length);
  for (const [i, { payload }] of received.entries()) assertEquals(payload, sent[i]!);
});

Deno.test("a queue that was cleared holds nothing and takes new frames", () => {
  const queue = new FrameQueue(() => 5);
  queue.push(OPCODE.binary, bytesOf(9));
  queue.clear();
  assertEquals([queue.bytes, queue.peek()], [0, undefined]);
  queue.push(OPCODE.binary, bytesOf(10));
  assertEquals(clientFrames(queue.peek()!)[0]!.payload, bytesOf(10));
});

Deno.test("behind a large frame small ones have a small buffer of their own again, used over and over", () => {
  const queue = new FrameQueue(null);
  const written = (bytes: number): ArrayBuffer => {
    queue.push(OPCODE.binary, new Uint8Array(bytes));
    const { buffer, length } = queue.peek()!;
    queue.advance(length);
    return buffer;
  };
  // A message of 256 KiB with what goes in front of it fits in memory of that size.
  queue.push(OPCODE.binary, new Uint8Array(262_144 + 16));
  assertEquals(queue.peek()!.buffer.byteLength, 262_144 + 128);
  queue.advance(queue.bytes);
  const small = written(10);
  assert(small.byteLength <= 65_536, `${small.byteLength} bytes for 10`);
  for (let n = 0; n < 10; n++) assertEquals(written(64), small);
  written(300_000);
  assertEquals(written(64), small);
});
