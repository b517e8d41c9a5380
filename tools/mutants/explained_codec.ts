/**
 * Mutants of `lib/codec/` that no test can notice.
 *
 * @module
 */

import { type Explanation, SAME_EITHER_WAY, ZERO } from "./explanation.ts";

const ENGINE =
  "It decides which functions share what V8 has learnt of them, which no value shows; the benches do.";
const TABLE =
  "It decides in which table V8 keeps the keys, which only their time shows: key_time_test.ts.";
const ESTIMATE =
  "An estimate of what V8 takes, rounded up: a byte more for each is no other estimate.";

/** What a line's numbers become. */
function plusOne(lineText: string): string[] {
  return [...lineText.matchAll(/\b\d+\b/g)].map(([text]) =>
    `\`${text}\` became \`${Number(text) + 1}\``
  );
}

/** All that were looked at. */
export const CODEC_EXPLAINED: readonly Explanation[] = [
  {
    file: "lib/codec/format/format.ts",
    lineText: "return reader.position < reader.end ? reader.bytes[reader.position]! : 0;",
    changes: [ZERO],
    reason: "Any number's type byte will do: whoever reads it says that the message is cut off.",
  },
  { file: "lib/codec/format/generate.ts", lineText: "const MAX_DISTINCT = 1_000;", reason: ENGINE },
  { file: "lib/codec/format/generate.ts", lineText: "let distinct = 0;", reason: ENGINE },
  {
    file: "lib/codec/format/generate.ts",
    lineText: "if (distinct < MAX_DISTINCT) distinct++;",
    reason: ENGINE,
  },
  {
    file: "lib/codec/format/integer.ts",
    lineText: "writer.view.setUint32(at + 5, value - Math.floor(value / TWO_32) * TWO_32);",
    changes: ["`*` became `/`"],
    reason: "The difference is a multiple of 2^32, or a fraction: `setUint32` sees neither.",
  },
  {
    file: "lib/codec/values/dynamic.ts",
    lineText: "inspectValue(key, depth + 1, tally);",
    changes: ["`+` became `-`"],
    reason: "The value beside the key is as deep, and is refused in its place with the same words.",
  },
  {
    file: "lib/codec/format/integer.ts",
    lineText: "if (value >= 0) writeNatural(value, writer);",
    changes: ["`>=` became `>`", ZERO],
    reason: "0 is one byte, written alike as the least natural and as the highest negative.",
  },
  {
    file: "lib/codec/format/integer.ts",
    lineText: "if (head < 0x80) {",
    changes: ["the guard was removed"],
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/codec/format/integer.ts",
    lineText: "if (short >= -0x20) {",
    changes: ["the guard was removed", "`>=` became `>`"],
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/codec/values/literal.ts",
    lineText:
      "if (at + text.length <= end && bytes[at] === text[0] && standsAt(bytes, at, text)) {",
    changes: [
      "the guard was removed",
      "the right part of `at + text.length <= end && bytes[at] === text[0]` was removed",
      ZERO,
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
    file: "lib/codec/format/memory_cost.ts",
    lineText,
    changes: plusOne(lineText),
    reason: ESTIMATE,
  })),
  ...[
    "const spread = entries.size > MAX_UNWATCHED_KEYS ? new KeySpread() : null;",
    "const spread = count > MAX_UNWATCHED_KEYS ? new KeySpread() : null;",
  ].map((lineText) => ({
    file: "lib/codec/values/map.ts",
    lineText,
    changes: ["`>` became `>=`"],
    reason: "256 keys cost 32,640 steps at most, and any map may cost 32,768.",
  })),
  ...[
    ["const SMALL_INDEX = 4;", "`4` became `5`"],
    ["const FAR_INDEX = 1_024;", "`1_024` became `1025`"],
    ['if (index < SMALL_INDEX) has = "small";', "`<` became `<=`"],
    ['if (has === "small" || index < FAR_INDEX) {', "`<` became `<=`"],
  ].map(([lineText, change]) => ({
    file: "lib/codec/values/plain_object.ts",
    lineText: lineText!,
    changes: [change!],
    reason: TABLE,
  })),
  {
    file: "lib/codec/records/record_interpreted.ts",
    lineText: "if (left === 0 || position + key.length > reader.end) continue;",
    changes: ["`===` became `!==`"],
    reason: "Every field is looked for by its key then, as it is where it stands elsewhere.",
  },
  {
    file: "lib/codec/format/skip.ts",
    lineText: "if (head < 0x80 || head >= 0xe0) return pass(reader, 1);",
    changes: ["`<` became `<=`", "`0x80` became `129`"],
    reason: "0x80 is an empty map: one byte and nothing within, like a number.",
  },
  {
    file: "lib/codec/format/skip.ts",
    lineText: "if (head < 0x90) return pass(reader, 1, (head & 0x0f) * 2);",
    changes: ["`<` became `<=`", "`0x90` became `145`"],
    reason: "0x90 is an empty array: one byte and nothing within, like an empty map.",
  },
  {
    file: "lib/codec/format/skip.ts",
    lineText: "if (head < 0xa0) return pass(reader, 1, head & 0x0f);",
    changes: ["`<` became `<=`", "`0xa0` became `161`"],
    reason: "0xa0 is an empty text: one byte and nothing within, like an empty array.",
  },
  {
    file: "lib/codec/format/skip.ts",
    lineText: "if (head < 0xc0) return pass(reader, 1 + (head & 0x1f));",
    changes: ["`<` became `<=`", "`0xc0` became `193`"],
    reason: "0xc0 is nil: its five low bits are 0, so it is one byte like an empty text.",
  },
  {
    file: "lib/codec/format/text.ts",
    lineText: "writer.ensure(text.length * 3 + 2 * MAX_HEAD_BYTES);",
    changes: ["`3` became `4`", "`2` became `3`"],
    reason: "It makes more room than a text can need; the bytes are the same.",
  },
  {
    file: "lib/codec/format/text_memo.ts",
    lineText:
      "for (let i = 0; i < length; i += 8) view.setBigUint64(at + i, known.getBigUint64(i));",
    changes: ["`<` became `<=`"],
    reason: "There is room for a word more, and what comes next is written over it.",
  },
  ...[
    "for (let i = 0; i < length; i++) this.#bytes[i] = reader.bytes[start + i]!;",
    "for (let i = this.#keyLength; i < length; i++) this.#bytes[i] = writer.bytes[start + i]!;",
  ].map((lineText) => ({
    file: "lib/codec/format/text_memo.ts",
    lineText,
    changes: ["`<` became `<=`"],
    reason: "The byte more is not looked at, as the length says where the text ends.",
  })),
  {
    file: "lib/codec/format/text_source.ts",
    lineText: "const MAX_LOOP_CHARACTERS = 72;",
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/codec/format/text_source.ts",
    lineText: "export const MAX_GENERATED_BYTES = 100;",
    reason: SAME_EITHER_WAY,
  },
  {
    file: "lib/codec/values/key_spread.ts",
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
    file: "lib/codec/values/key_spread.ts",
    lineText: "if (index < 0 || index > 9) return -1;",
    changes: ["`<` became `<=`", "`0` became `1`"],
    reason: "The digit is not 0 here: the line before has returned.",
  },
  ...[
    [
      "values/list",
      "write: new Later(() => (canGenerate ? generateWrite : interpretWrite)(part, maxItems)),",
    ],
    [
      "values/list",
      "read: new Later(() => (canGenerate ? generateRead : interpretRead)(part, maxItems)),",
    ],
    [
      "records/record",
      "write: new Later(() => canGenerate ? generateWrite<T>(fields) : interpretWrite<T>(fields)),",
    ],
    [
      "records/record",
      "read: new Later(() => canGenerate ? generateRead<T>(fields) : interpretRead<T>(fields)),",
    ],
    [
      "format/text",
      "export const writeText: (text: string, writer: ByteWriter) => void = canGenerate",
    ],
    [
      "format/text",
      "const reader = canGenerate ? makeAsciiReader(length) : interpretAscii(length);",
    ],
  ].map(([name, lineText]) => ({
    file: `lib/codec/${name}.ts`,
    lineText: lineText!,
    changes: ["`canGenerate` became `!(canGenerate)`"],
    reason:
      "Loops do what generated code does, at half the speed: interpreted_test.ts compares them.",
  })),
  {
    file: "lib/codec/format/text.ts",
    lineText: "(asciiReaders as AsciiReader[])[length] = reader;",
    changes: ["the statement was removed"],
    reason: "The reader is made anew at each call then, and reads the same.",
  },
  {
    file: "lib/codec/format/integer.ts",
    lineText:
      "if (value >= -0x8000_0000n && value < 0x1_0000_0000n) return writeInt(Number(value), writer);",
    changes: ["`0x1_0000_0000n` became `4294967297n`"],
    reason: "2³² has the same nine bytes from `writeInt`.",
  },
  {
    file: "lib/codec/format/skip.ts",
    lineText: "if (head < 0x80 || head >= 0xe0) return pass(reader, 1);",
    changes: ["`>=` became `>`", "`0xe0` became `225`"],
    reason: "0xe0 is a byte by itself to the `switch` as well, which has no case for it.",
  },
  {
    file: "lib/codec/values/literal.ts",
    lineText: "for (let i = 0; i < constant.length; i++) bytes[at + i] = constant[i]!;",
    changes: ["`<` became `<=`"],
    reason: "The byte more lies behind the position, and what comes next is written over it.",
  },
];
