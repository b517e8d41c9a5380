import { assert, assertEquals } from "@std/assert";
import { crc32 } from "../../lib/runtime/checksum.ts";
import { BatchReader } from "../../lib/wire/batch_reader.ts";
import { BatchSeal } from "../../lib/wire/batch_seal.ts";
import { BATCH_TARGET_BYTES, BatchWriter } from "../../lib/wire/batch_writer.ts";
import { FrameType, NO_TIMEOUT } from "../../lib/wire/frame.ts";
import { WriterPool } from "../../lib/wire/writer_pool.ts";
import { parseFrames } from "../support/session/raw_frames.ts";
import { seeded } from "../support/seeded.ts";

function bytesOf(count: number, first: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, at) => (first + at) % 256);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Writes one frame whose payload is copied. */
function write(writer: BatchWriter, id: number, payload: Uint8Array): void {
  const header = writer.begin(FrameType.response, 0, 0, id, 0);
  writer.writer.append(payload);
  writer.end(header);
}

function drain(writer: BatchWriter, maxBytes = Infinity, nowMs = 0): Uint8Array<ArrayBuffer>[] {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const bytes = writer.drain(pieces, maxBytes, nowMs);
  assertEquals(bytes, pieces.reduce((sum, piece) => sum + piece.length, 0));
  return pieces;
}

/** Reads what was written as its receiver would: the batches, each as its frames' ids and sizes. */
function receive(pieces: readonly Uint8Array[], checksums = false): [id: number, size: number][][] {
  const reader = new BatchReader();
  reader.open(checksums ? crc32 : null);
  const batches: [number, number][][] = [];
  const bytes = joined(pieces);
  for (let at = 0; at < bytes.length;) {
    const space = reader.space();
    const count = Math.min(space.length, bytes.length - at);
    space.set(bytes.subarray(at, at + count));
    reader.commit(count);
    at += count;
    while (reader.next()) {
      const batch = reader.ring.bytes.slice(reader.start, reader.end);
      batches.push(parseFrames(batch).map(({ id, payload }) => [id, payload.length]));
    }
  }
  assertEquals(reader.ring.length, 0);
  return batches;
}

Deno.test("a header is what a hand would write", () => {
  const writer = new BatchWriter(new WriterPool(), null);
  const header = writer.begin(0x21, 0x04, 0x0605, 0x0e0d_0c0b, 0x1211_100f);
  writer.writer.append(new Uint8Array([0xaa, 0xbb, 0xcc]));
  writer.end(header);
  assertEquals(
    drain(writer)[0]!.toHex(),
    "21" + "04" + "0506" + "03000000" + "0b0c0d0e" + "0f101112" + "aabbcc",
  );
});

Deno.test("frames of one turn leave in one batch, in one piece", () => {
  for (const seal of [null, new BatchSeal()]) {
    const writer = new BatchWriter(new WriterPool(), seal);
    for (let id = 0; id < 10; id++) write(writer, id, bytesOf(20, id));
    assertEquals(writer.pendingBytes, 10 * 36 + (seal === null ? 0 : 8));
    const pieces = drain(writer);
    assertEquals(pieces.length, 1);
    assertEquals([writer.pendingBytes, writer.batches], [0, 1]);
    const frames = parseFrames(seal === null ? pieces[0]! : pieces[0]!.slice(8));
    assertEquals(frames.map(({ id }) => id), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    frames.forEach(({ payload }, id) => assertEquals(payload, bytesOf(20, id)));
    assertEquals(drain(writer), []);
  }
});

Deno.test("without envelopes, each batch is a piece of its own", () => {
  const writer = new BatchWriter(new WriterPool(), null);
  write(writer, 1, bytesOf(5, 0));
  writer.cut();
  writer.cut();
  write(writer, 2, bytesOf(5, 0));
  assertEquals(drain(writer).map((piece) => parseFrames(piece).map(({ id }) => id)), [[1], [2]]);
});

Deno.test("a batch is cut once it is large enough for the peer to begin with it", () => {
  const writer = new BatchWriter(new WriterPool(), new BatchSeal());
  for (let id = 0; id < 100; id++) write(writer, id, bytesOf(5000, id));
  const batches = receive(drain(writer));
  assertEquals(batches.flat(), Array.from({ length: 100 }, (_, id) => [id, 5000]));
  for (const batch of batches) {
    assert(batch.length * 5016 + 8 < BATCH_TARGET_BYTES + 5016, `${batch.length} frames`);
  }
  assert(batches.length >= 7);
});

Deno.test("a batch that reaches 64 KiB is ended, and three of them fill a buffer", () => {
  const writer = new BatchWriter(new WriterPool(), new BatchSeal());
  for (let id = 0; id < 6; id++) write(writer, id, bytesOf(65_536 - 8 - 16, id));
  // Neighbours in one buffer leave in one piece.
  assertEquals(drain(writer).map(({ length }) => length), [3 * 65_536, 3 * 65_536]);
  for (let id = 0; id < 2; id++) {
    write(writer, id, bytesOf(65_536 - 8 - 16 - 17, id));
    write(writer, id, bytesOf(0, id));
    write(writer, id, bytesOf(0, id));
  }
  assertEquals(receive(drain(writer)).map(({ length }) => length), [3, 3]);
});

Deno.test("a referenced payload is written from where it lies, behind what was copied", () => {
  const seal = new BatchSeal();
  seal.checksum = crc32;
  const writer = new BatchWriter(new WriterPool(), seal);
  const large = bytesOf(100_000, 7);
  write(writer, 1, bytesOf(3, 0));
  const header = writer.begin(FrameType.request, 8, 0, 2, NO_TIMEOUT);
  writer.writer.append(new Uint8Array([1, 2, 3, 4]));
  writer.reference(header, large);
  write(writer, 3, bytesOf(5, 0));
  const pieces = drain(writer);
  assert(pieces[1] === large, "it was not copied");
  assertEquals(pieces.length, 3);
  assertEquals(receive(pieces, true), [[[1, 3], [2, 100_004]], [[3, 5]]]);
});

Deno.test("a frame taken back leaves nothing behind", () => {
  const seal = new BatchSeal();
  seal.checksum = crc32;
  const writer = new BatchWriter(new WriterPool(), seal);
  const takeBack = (): void => {
    const header = writer.begin(FrameType.request, 0, 0, 9, 5);
    writer.writer.append(bytesOf(50_000, 0));
    writer.rollback(header);
  };
  takeBack();
  assertEquals([writer.pendingBytes, drain(writer)], [0, []]);
  write(writer, 1, bytesOf(3, 0));
  takeBack();
  write(writer, 2, bytesOf(4, 0));
  takeBack();
  assertEquals(receive(drain(writer), true), [[[1, 3], [2, 4]]]);
  assertEquals(writer.pendingBytes, 0);
});

Deno.test("a drain hands out whole batches, at least one, until it has enough", () => {
  const writer = new BatchWriter(new WriterPool(), new BatchSeal());
  for (let id = 0; id < 4; id++) {
    write(writer, id, bytesOf(100, id));
    writer.cut();
  }
  assertEquals(receive(drain(writer, 1)).length, 1);
  assertEquals(writer.pendingBytes, 3 * 124);
  assertEquals(receive(drain(writer, 124)).length, 1);
  assertEquals(receive(drain(writer, 125)).length, 2);
  assertEquals(drain(writer, 1000), []);
});

Deno.test("checksums are chained over all batches, by the order in which they leave", () => {
  const seal = new BatchSeal();
  seal.checksum = crc32;
  const pool = new WriterPool();
  const first = new BatchWriter(pool, seal), second = new BatchWriter(pool, seal);
  write(first, 1, bytesOf(10, 0));
  write(second, 2, bytesOf(10, 0));
  const pieces = drain(second);
  pieces.push(...drain(first));
  write(second, 3, bytesOf(10, 0));
  pieces.push(...drain(second));
  assertEquals(receive(pieces, true), [[[2, 10]], [[1, 10]], [[3, 10]]]);
});

Deno.test("batches begun before checksums are not checked, those begun later are", () => {
  const seal = new BatchSeal();
  const writer = new BatchWriter(new WriterPool(), seal);
  write(writer, 1, bytesOf(10, 0));
  writer.cut();
  seal.checksum = crc32;
  write(writer, 2, bytesOf(10, 0));
  const bytes = joined(drain(writer)), view = new DataView(bytes.buffer);
  assertEquals(view.getUint32(4, true), 0);
  assertEquals(view.getUint32(34 + 4, true), crc32(bytes.subarray(34 + 8), 0));
});

/** The time-outs of the requests and openings drained, where each call has 10 ms left for each number of its id. */
function timeouts(writer: BatchWriter, nowMs: number): number[] {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const bytes = writer.drain(pieces, Infinity, nowMs, (id) => id * 10);
  assertEquals(joined(pieces).length, bytes);
  return pieces.flatMap((piece) =>
    parseFrames(piece).filter(({ type }) => type !== FrameType.response)
  ).map(({ argument }) => argument);
}

function request(writer: BatchWriter, type: number, id: number, timeoutMs: number, nowMs: number) {
  const header = writer.begin(type, 0, 0, id, timeoutMs);
  writer.noteDeadline(nowMs);
  writer.end(header);
}

Deno.test("time-outs that have waited for 5 ms become the time that is left", () => {
  const writer = new BatchWriter(new WriterPool(), null);
  request(writer, FrameType.request, 1, 1000, 100);
  request(writer, FrameType.open, 2, 2000, 104);
  request(writer, FrameType.request, 3, NO_TIMEOUT, 104);
  write(writer, 1, bytesOf(9, 0));
  assertEquals(timeouts(writer, 105), [10, 20, NO_TIMEOUT]);
  request(writer, FrameType.request, 1, 1000, 200);
  assertEquals(timeouts(writer, 204.9), [1000]);
});

Deno.test("a request alone is corrected, and an opening alone", () => {
  for (const type of [FrameType.request, FrameType.open]) {
    const writer = new BatchWriter(new WriterPool(), null);
    request(writer, type, 4, 1000, 100);
    assertEquals(timeouts(writer, 140), [40]);
  }
});

Deno.test("bytes handed out never change before they are recycled", () => {
  const random = seeded("batch writer");
  for (let run = 0; run < 60; run++) {
    const pool = new WriterPool(), seal = new BatchSeal();
    seal.checksum = crc32;
    const writers = [new BatchWriter(pool, seal), new BatchWriter(pool, seal)];
    const inFlight: { piece: Uint8Array; copy: Uint8Array }[] = [];
    const stream: Uint8Array[] = [];
    const written: Record<number, number> = {};
    let id = 0;
    for (let step = 0; step < 150; step++) {
      const writer = random.pick(writers), draw = random.next();
      if (draw < 0.7) {
        const payload = random.bytes(random.pick([0, 10, 1000, 20_000, 70_000]));
        written[++id] = payload.length;
        const header = writer.begin(FrameType.input, 0, 0, id, 0);
        if (random.chance(0.2)) writer.reference(header, payload);
        else {
          writer.writer.append(payload);
          if (random.chance(0.1)) {
            writer.rollback(header);
            delete written[id];
          } else writer.end(header);
        }
      } else if (draw < 0.9) {
        const pieces = drain(writer, random.pick([1, 50_000, 300_000]));
        for (const piece of pieces) {
          const copy = piece.slice();
          inFlight.push({ piece, copy });
          stream.push(copy);
        }
      } else {
        // Everything that was handed out is written at one time.
        for (const { piece, copy } of inFlight.splice(0)) assertEquals(piece, copy);
        for (const each of writers) each.recycle();
      }
    }
    for (const { piece, copy } of inFlight) assertEquals(piece, copy);
    for (const writer of writers) stream.push(...drain(writer).map((piece) => piece.slice()));
    const received = receive(stream, true).flat();
    assertEquals(Object.fromEntries(received), written);
    assertEquals(writers.map(({ pendingBytes }) => pendingBytes), [0, 0]);
  }
});

Deno.test("an idle writer holds no buffer", () => {
  const pool = new WriterPool();
  const writer = new BatchWriter(pool, new BatchSeal());
  write(writer, 1, bytesOf(10, 0));
  const buffer = writer.writer;
  drain(writer);
  writer.recycle();
  assert(pool.take() === buffer);
  // Not even where the next frame would have gone: the pool may let go of it.
  assert(writer.writer !== buffer);
});

Deno.test("time-outs stay as they are where nobody corrects them, however long they have waited", () => {
  const writer = new BatchWriter(new WriterPool(), null);
  request(writer, FrameType.request, 1, 700, 0);
  const [frame] = parseFrames(joined(drain(writer, Infinity, 10_000)));
  assertEquals(frame?.argument, 700);
});
