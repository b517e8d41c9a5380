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
const TABLE =
  "It decides in which table V8 keeps the keys, which only their time shows: key_time_test.ts.";
const SAME_EITHER_WAY = "Both ways come to the same; it decides which one is quicker.";
const UNREAD = "It is written before it is read for the first time.";

const ESTIMATE =
  "An estimate of what V8 takes, rounded up: a byte more for each is no other estimate.";

/** What a line's numbers become. */
function plusOne(lineText: string): string[] {
  return [...lineText.matchAll(/\b\d+\b/g)].map(([text]) =>
    `\`${text}\` became \`${Number(text) + 1}\``
  );
}

/** All that were looked at. */
export const EXPLAINED: readonly Explanation[] = [
  {
    file: "lib/codec/format.ts",
    lineText: "return reader.position < reader.end ? reader.bytes[reader.position]! : 0;",
    changes: [ZERO],
    reason: "Any number's type byte will do: whoever reads it says that the message is cut off.",
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
    file: "lib/codec/dynamic.ts",
    lineText: "inspectValue(key, depth + 1, tally);",
    changes: ["`+` became `-`"],
    reason: "The value beside the key is as deep, and is refused in its place with the same words.",
  },
  {
    file: "lib/codec/integer.ts",
    lineText: "if (value >= 0) writeNatural(value, writer);",
    changes: ["`>=` became `>`", ZERO],
    reason: "0 is one byte, written alike as the least natural and as the highest negative.",
  },
  {
    file: "lib/codec/integer.ts",
    lineText: "if (head < 0x80) {",
    changes: ["the guard was removed"],
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/codec/integer.ts",
    lineText: "if (short >= -0x20) {",
    changes: ["the guard was removed", "`>=` became `>`"],
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/codec/literal.ts",
    lineText:
      "if (at + text.length <= end && bytes[at] === text[0] && standsAt(bytes, at, text)) {",
    changes: [
      "the guard was removed",
      "the right part of `at + text.length <= end && bytes[at] === text[0]` was removed",
    ],
    reason: "What is not found so is read as any text, to the same value; it spares making one.",
  },
  ...[
    "export const SCALAR_BYTES = 8;",
    "export const TEXT_BYTES = 24;",
    "export const VIEW_BYTES = 112;",
    "export const DATE_BYTES = 96;",
    "export const OBJECT_BYTES = 56;",
    "export const FIELD_BYTES = 16;",
    "export const PLAIN_OBJECT_BYTES = 184;",
    "export const KEY_BYTES = 64;",
    "export const EMPTY_LIST_BYTES = 32;",
    "export const LIST_BYTES = 168;",
    "export const PLACE_BYTES = 12;",
    "export const MAP_BYTES = 184;",
    "export const ENTRY_BYTES: number = 56 + TEXT_BYTES;",
    "export const UNKNOWN_BYTES = 64;",
  ].map((lineText) => ({
    file: "lib/codec/memory_cost.ts",
    lineText,
    changes: plusOne(lineText),
    reason: ESTIMATE,
  })),
  ...[
    "const spread = entries.size > MAX_UNWATCHED_KEYS ? new KeySpread() : null;",
    "const spread = count > MAX_UNWATCHED_KEYS ? new KeySpread() : null;",
  ].map((lineText) => ({
    file: "lib/codec/map.ts",
    lineText,
    changes: ["`>` became `>=`"],
    reason: "256 keys cost 32,640 steps at most, and any map may cost 32,768.",
  })),
  ...[
    "const SMALL_INDEX = 4;",
    "const FAR_INDEX = 1_024;",
    'if (index < SMALL_INDEX) has = "small";',
    'if (has === "small" || index < FAR_INDEX) {',
  ].map((lineText) => ({
    file: "lib/codec/plain_object.ts",
    lineText,
    changes: [
      "`4` became `5`",
      "`1_024` became `1025`",
      "`<` became `<=`",
    ],
    reason: TABLE,
  })),
  {
    file: "lib/codec/record_interpreted.ts",
    lineText: "if (left === 0 || position + key.length > reader.end) continue;",
    changes: ["`===` became `!==`"],
    reason: "Every field is looked for by its key then, as it is where it stands elsewhere.",
  },
  {
    file: "lib/codec/skip.ts",
    lineText: "if (head < 0x80 || head >= 0xe0) return pass(reader, 1);",
    changes: ["`<` became `<=`", "`0x80` became `129`"],
    reason: "0x80 is an empty map: one byte and nothing within, like a number.",
  },
  {
    file: "lib/codec/skip.ts",
    lineText: "if (head < 0x90) return pass(reader, 1, (head & 0x0f) * 2);",
    changes: ["`<` became `<=`", "`0x90` became `145`"],
    reason: "0x90 is an empty array: one byte and nothing within, like an empty map.",
  },
  {
    file: "lib/codec/skip.ts",
    lineText: "if (head < 0xa0) return pass(reader, 1, head & 0x0f);",
    changes: ["`<` became `<=`", "`0xa0` became `161`"],
    reason: "0xa0 is an empty text: one byte and nothing within, like an empty array.",
  },
  {
    file: "lib/codec/skip.ts",
    lineText: "if (head < 0xc0) return pass(reader, 1 + (head & 0x1f));",
    changes: ["`<` became `<=`", "`0xc0` became `193`"],
    reason: "0xc0 is nil: its five low bits are 0, so it is one byte like an empty text.",
  },
  {
    file: "lib/codec/text.ts",
    lineText: "writer.ensure(text.length * 3 + 2 * MAX_HEAD_BYTES);",
    changes: ["`3` became `4`", "`2` became `3`"],
    reason: "It makes more room than a text can need; the bytes are the same.",
  },
  {
    file: "lib/codec/text_memo.ts",
    lineText:
      "for (let i = 0; i < length; i += 8) view.setBigUint64(at + i, known.getBigUint64(i));",
    changes: ["`<` became `<=`"],
    reason: "There is room for a word more, and what comes next is written over it.",
  },
  ...[
    "for (let i = 0; i < length; i++) this.#bytes[i] = reader.bytes[start + i]!;",
    "for (let i = this.#keyLength; i < length; i++) this.#bytes[i] = writer.bytes[start + i]!;",
  ].map((lineText) => ({
    file: "lib/codec/text_memo.ts",
    lineText,
    changes: ["`<` became `<=`"],
    reason: "The byte more is not looked at, as the length says where the text ends.",
  })),
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
  ...["#delaySinceMs = 0;", "#bandwidthSinceMs = 0;"].map((lineText) => ({
    file: "lib/session/bulk_pacer.ts",
    lineText,
    reason: UNREAD,
  })),
  ...["#pathBytes = 0;", "#bytesPerMs = 0;"].map((lineText) => ({
    file: "lib/session/bulk_pacer.ts",
    lineText,
    changes: [ZERO],
    reason: "A byte, or one each millisecond, is far less than may be under way in any case.",
  })),
  {
    file: "lib/session/bulk_pacer.ts",
    lineText: "if (bytes <= 0) return;",
    changes: ["`<=` became `<`"],
    reason: "Where nothing new has arrived no frame is complete that was not before.",
  },
  {
    file: "lib/session/caller_side.ts",
    lineText: 'const freed = call.state === "waiting" && call.id >= 0;',
    changes: ['the left part of `call.state === "waiting" && call.id >= 0` was removed'],
    reason:
      "A call that was sent keeps its slot for now, so the queue finds none and lets nobody go.",
  },
  {
    file: "lib/session/frame_lanes.ts",
    lineText: "#mayOvertake = true;",
    reason: "What is written first is the hello, and draining it sets this to `true`.",
  },
  {
    file: "lib/session/frame_lanes.ts",
    lineText: "#replyBytes = 0;",
    reason: "What is written first is the hello, and draining it leaves as much as waits then.",
  },
  {
    file: "lib/session/handler_name.ts",
    lineText: "if (text.length >= minBytes && text.length * 3 <= MAX_NAME_BYTES) return null;",
    changes: [
      "the guard was removed",
      "`>=` became `>`",
      "`<=` became `<`",
      "`3` became `4`",
    ],
    reason: "What is not let through at once has its bytes counted, with the same result.",
  },
  {
    file: "lib/session/incoming_calls.ts",
    lineText: "while (slots.length <= slot) slots.push(null);",
    changes: ["`<=` became `<`"],
    reason: "The slot itself is set next, which makes it as long.",
  },
  {
    file: "lib/session/liveness.ts",
    lineText: "#pingSentMs = 0;",
    reason: UNREAD,
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
