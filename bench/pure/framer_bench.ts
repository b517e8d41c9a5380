/**
 * Frames into batches and batches out of a byte stream, in one process and
 * without any I/O. Each figure is that of one frame or batch.
 *
 * @module
 */

import { crc32 } from "../../lib/runtime/checksum.ts";
import { BatchReader } from "../../lib/wire/batch_reader.ts";
import { BatchSeal } from "../../lib/wire/batch_seal.ts";
import { BatchWriter } from "../../lib/wire/batch_writer.ts";
import type { Checksum } from "../../lib/wire/checksum.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { ReceiveRing } from "../../lib/wire/receive_ring.ts";
import { WriterPool } from "../../lib/wire/writer_pool.ts";

const COUNT = 1_024;
const PAYLOAD = new Uint8Array(64);

function sealWith(checksum: Checksum | null): BatchSeal {
  const seal = new BatchSeal();
  seal.checksum = checksum;
  return seal;
}

function writeFrame(writer: BatchWriter, id: number): void {
  const header = writer.begin(FrameType.response, 0, 0, id, 0);
  writer.writer.append(PAYLOAD);
  writer.end(header);
}

/** The bytes of so many batches of one frame each. */
function manyBatches(checksum: Checksum | null): Uint8Array<ArrayBuffer> {
  const writer = new BatchWriter(new WriterPool(), sealWith(checksum));
  for (let id = 0; id < COUNT; id++) {
    writeFrame(writer, id);
    writer.cut();
  }
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const bytes = new Uint8Array(writer.drain(pieces, Infinity, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function benchReader(name: string, checksum: Checksum | null): void {
  const bytes = manyBatches(checksum);
  const ring = new ReceiveRing();
  ring.space(bytes.length).set(bytes);
  ring.commit(bytes.length);
  const opened = (): BatchReader => {
    const reader = new BatchReader(ring);
    reader.open(checksum);
    return reader;
  };
  let reader = opened();
  Deno.bench(name, { group: "find the next batch (one frame of 64 B)" }, () => {
    if (reader.next()) return;
    // Checksums go on from those before, so a new reader begins again.
    ring.head -= bytes.length;
    reader = opened();
  });
}

function benchWriter(name: string, checksum: Checksum | null): void {
  const writer = new BatchWriter(new WriterPool(), sealWith(checksum));
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let id = 0;
  Deno.bench(name, { group: "write a frame of 64 B" }, () => {
    writeFrame(writer, id);
    id = id + 1 & COUNT - 1;
    if (id !== 0) return;
    writer.drain(pieces, Infinity, 0);
    pieces.length = 0;
    writer.recycle();
  });
}

benchReader("BatchReader", null);
benchReader("BatchReader, checksums", crc32);
benchWriter("BatchWriter", null);
benchWriter("BatchWriter, checksums", crc32);
