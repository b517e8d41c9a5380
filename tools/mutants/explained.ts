/**
 * Mutants that no test can notice, each with the reason.
 *
 * @module
 */

import type { Mutant } from "./mutant.ts";

/** Names mutants by what they change, so that it holds when lines move. */
export interface Explanation {
  readonly file: string;
  /** The line as it is, without its indentation. */
  readonly lineText: string;
  /** What was done to it; more than one change may have the same reason. Default: whatever is done to it. */
  readonly changes?: readonly string[];
  /** Why nothing that a test could see becomes different, or why it does not matter. */
  readonly reason: string;
}

const ZERO = "`0` became `1`";
const ALLOCATOR =
  "It tunes the allocator and the collector, which no value shows; `deno task bench:memory` does.";
const ENGINE =
  "It decides which functions share what V8 has learnt of them, which no value shows; the benches do.";
const SAME_EITHER_WAY = "Both ways give the same bytes; it decides which one is quicker.";
const UNREAD = "It is written before it is read for the first time.";

/** All that were looked at. */
export const EXPLAINED: readonly Explanation[] = [
  {
    file: "lib/codec/dynamic_read.ts",
    lineText: "const head = reader.position < reader.end ? reader.bytes[reader.position]! : 0xc1;",
    changes: ["`0xc1` became `194`"],
    reason: "Any byte will do that leads to `skipHead`, which says that the value is cut off.",
  },
  { file: "lib/codec/generate.ts", lineText: "const MAX_DISTINCT = 1_000;", reason: ENGINE },
  { file: "lib/codec/generate.ts", lineText: "let distinct = 0;", reason: ENGINE },
  {
    file: "lib/codec/generate.ts",
    lineText: "if (distinct < MAX_DISTINCT) distinct++;",
    reason: ENGINE,
  },
  {
    file: "lib/codec/integer.ts",
    lineText: "writer.view.setUint32(at + 5, value - Math.floor(value / TWO_32) * TWO_32);",
    changes: ["`*` became `/`"],
    reason: "The difference is a multiple of 2^32, or a fraction: `setUint32` sees neither.",
  },
  {
    file: "lib/codec/text_source.ts",
    lineText: "const MAX_LOOP_CHARACTERS = 72;",
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/codec/text_source.ts",
    lineText: "export const MAX_GENERATED_BYTES = 100;",
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/codec/key_spread.ts",
    lineText: "if (length === 0 || length > MAX_DIGITS) return -1;",
    changes: [
      "the guard was removed",
      "`||` became `&&`",
      "the right part of `length === 0 || length > MAX_DIGITS` was removed",
      "the left part of `length === 0 || length > MAX_DIGITS` was removed",
    ],
    reason:
      "A longer number is over MAX_INDEX, and no text at all is no number, which `<=` finds " +
      "too; it only spares reading the digits.",
  },
  {
    file: "lib/codec/key_spread.ts",
    lineText: "if (index < 0 || index > 9) return -1;",
    changes: ["`<` became `<=`", "`0` became `1`"],
    reason: "The digit is not 0 here: the line before has returned.",
  },
  {
    file: "lib/session/frame_lanes.ts",
    lineText: "#mayOvertake = true;",
    reason: "What is written first is the hello, and draining it sets this to `true`.",
  },
  {
    file: "lib/session/bulk_lane.ts",
    lineText: "writer.ensure(4);",
    changes: ["`4` became `5`"],
    reason: "There is room for one byte more than is written.",
  },
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
    lineText: "return bytes <= LEAST_BYTES ? LEAST_BYTES : 2 ** (32 - Math.clz32(bytes - 1));",
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
    lineText: "this.#use(this.#spare ?? new Uint8Array(this.#initialBytes), 0);",
    changes: [ZERO],
    reason: "Nothing is unread then, so `space` begins at 0 anyway.",
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
];

/** The explanation of a mutant, if there is one. */
export function explanationOf(
  mutant: Mutant,
  explained: readonly Explanation[] = EXPLAINED,
): Explanation | undefined {
  return explained.find(({ file, lineText, changes }) =>
    file === mutant.file && lineText === mutant.lineText &&
    (changes === undefined || changes.includes(mutant.change))
  );
}
