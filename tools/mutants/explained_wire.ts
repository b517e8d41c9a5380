/**
 * Mutants of `lib/wire/` that no test can notice.
 *
 * @module
 */

import { type Explanation, SAME_EITHER_WAY, UNREAD, ZERO } from "./explanation.ts";

const ALLOCATOR =
  "It tunes the allocator and the collector, which no value shows; `deno task bench:memory` does.";

/** All that were looked at. */
export const WIRE_EXPLAINED: readonly Explanation[] = [
  {
    file: "lib/wire/batch_reader.ts",
    lineText: "start = 0;",
    reason: "It means something only once `next` has found a batch, and `next` sets it then.",
  },
  {
    file: "lib/wire/batch_seal.ts",
    lineText: "if (checked && this.checksum !== null) {",
    changes: ["the right part of `checked && this.checksum !== null` was removed"],
    reason: "A batch is checked only if there was a checksum; the types do not know.",
  },
  {
    file: "lib/wire/batch_writer.ts",
    lineText: "let run: ByteWriter | null = null, runStart = 0, runEnd = 0;",
    changes: [ZERO],
    reason: UNREAD,
  },
  {
    file: "lib/wire/batch_writer.ts",
    lineText: "if (run !== writer || runEnd !== start || seal === null) {",
    changes: ["the right part of `run !== writer || runEnd !== start` was removed"],
    reason: "The batches of one buffer follow each other without a gap. Should that ever change, " +
      "this keeps what lies between them from being sent.",
  },
  {
    file: "lib/wire/batch_writer.ts",
    lineText: "const NO_WRITER = new ByteWriter(0);",
    reason: "Nobody writes to it.",
  },
  {
    file: "lib/wire/byte_reader.ts",
    lineText: "const MAX_LOOP_BYTES = 128;",
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/wire/byte_reader.ts",
    lineText: "if (count <= MAX_LOOP_BYTES) this.#copyWords(start, next, from);",
    changes: ["`<=` became `<`"],
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/wire/fifo.ts",
    lineText: "#head = 0;",
    reason: "A new queue has no room, so it grows first, and that sets the head.",
  },
  {
    file: "lib/wire/fifo.ts",
    lineText: "for (let i = 0; i < length; i++) grown[i] = items[(this.#head + i) & (length - 1)];",
    changes: ["`<` became `<=`"],
    reason: "One item too many is copied to where the item that is pushed goes next.",
  },
  {
    file: "lib/wire/lending_pool.ts",
    lineText:
      "return SPARE_BYTES + (bytes <= LEAST_BYTES ? LEAST_BYTES : 2 ** (32 - Math.clz32(bytes - 1)));",
    changes: ["`<=` became `<`"],
    reason: "The least size is a power of two, so both parts give it.",
  },
  {
    file: "lib/wire/lending_pool.ts",
    lineText: "buffer.transfer(0);",
    changes: [ZERO],
    reason: "What the memory goes to is dropped at once, with one byte or none.",
  },
  {
    file: "lib/wire/memory_return.ts",
    lineText: "if (buffer instanceof ArrayBuffer) buffer.transfer(0);",
    changes: [ZERO],
    reason: "What the memory goes to is dropped at once, with one byte or none.",
  },
  {
    file: "lib/wire/payload_memory.ts",
    lineText: "const BUSY_BYTES = 4 * 1024 * 1024;",
    reason: ALLOCATOR,
  },
  {
    file: "lib/wire/payload_memory.ts",
    lineText: "const KEPT_BYTES = 8 * 1024 * 1024;",
    reason: ALLOCATOR,
  },
  { file: "lib/wire/payload_memory.ts", lineText: "let givenBytes = 0;", reason: ALLOCATOR },
  { file: "lib/wire/payload_memory.ts", lineText: "let kept = false;", reason: ALLOCATOR },
  {
    file: "lib/wire/payload_memory.ts",
    lineText: "if (!kept && (givenBytes += bytes) >= BUSY_BYTES) {",
    reason: ALLOCATOR,
  },
  { file: "lib/wire/payload_memory.ts", lineText: "kept = true;", reason: ALLOCATOR },
  {
    file: "lib/wire/payload_memory.ts",
    lineText: "new ArrayBuffer(KEPT_BYTES).transfer(0);",
    reason: ALLOCATOR,
  },
  {
    file: "lib/wire/receive_ring.ts",
    lineText: "#smallReads = 0;",
    reason: "It says something only once the buffer has grown, which sets it to 0.",
  },
  {
    file: "lib/wire/receive_ring.ts",
    lineText:
      "this.head > 0 && (this.head + wanted > capacity || capacity - this.tail < capacity >> 2)",
    changes: [
      "`>` became `>=`",
      "the left part of `this.head > 0 && (this.head + wanted > capacity || capaci...` was removed",
    ],
    reason: "Bytes that begin at 0 would be moved to where they are.",
  },
  {
    file: "lib/wire/writer_pool.ts",
    lineText: "export const WRITER_BYTES: number = 4 * 1024;",
    changes: ["`4` became `5`", "`1024` became `1025`"],
    reason: ALLOCATOR,
  },
];
