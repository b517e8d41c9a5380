/**
 * Messages, whole and in fragments, and what stands between them.
 *
 * @module
 */

import { OPCODE } from "../../../../lib/transport/websocket/web_socket_frames.ts";
import { MAX_BATCH_BYTES } from "../../../../lib/wire/limits.ts";
import {
  bytesOf,
  closeOf,
  type FrameCase,
  join,
  LONG_CHOPS,
  type MakeFrame,
} from "./frame_case.ts";

const { binary, close, continuation, ping, pong, text } = OPCODE;
type Bytes = Uint8Array<ArrayBuffer>;

const EMPTY = bytesOf(0), SMALL = bytesOf(5), MORE = bytesOf(6, 100);
const part = { final: false } as const;
const utf8 = (words: string): Bytes => new TextEncoder().encode(words);

function chopsFor(length: number): Pick<FrameCase, "chops"> {
  return length > 300 ? { chops: LONG_CHOPS } : {};
}

const whole: readonly FrameCase[] = [
  ...[0, 1, 2, 3, 124, 125, 126, 127, 128, 255, 256, 1_000, 65_535, 65_536, 65_537, 1_000_000].map(
    (length): FrameCase => ({
      name: `a message of ${length} bytes`,
      sent: (frame) => [frame(binary, bytesOf(length))],
      messages: [bytesOf(length)],
      ...chopsFor(length),
    }),
  ),
  {
    name: "the largest message",
    sent: (frame) => [frame(binary, bytesOf(MAX_BATCH_BYTES))],
    messages: [bytesOf(MAX_BATCH_BYTES)],
    chops: [60_000, Infinity],
  },
  {
    name: "a message larger by a byte, of which only the header comes",
    sent: (frame) => [frame(binary, EMPTY, { claims: BigInt(MAX_BATCH_BYTES + 1) })],
    fails: 1009,
  },
  {
    name: "three messages one behind the other",
    sent: (frame) => [frame(binary, SMALL), frame(binary, EMPTY), frame(binary, MORE)],
    messages: [SMALL, EMPTY, MORE],
  },
  {
    name: "a hundred messages one behind the other",
    sent: (frame) => Array.from({ length: 100 }, (_, i) => frame(binary, bytesOf(i, i))),
    messages: Array.from({ length: 100 }, (_, i) => bytesOf(i, i)),
    chops: LONG_CHOPS,
  },
];

/** A message in fragments, all as large but the last. */
function inParts(frame: MakeFrame, payload: Bytes, partBytes: number): Bytes[] {
  const frames: Bytes[] = [];
  for (let at = 0; at < payload.length || at === 0; at += partBytes) {
    const opcode = at === 0 ? binary : continuation, final = at + partBytes >= payload.length;
    frames.push(frame(opcode, payload.slice(at, at + partBytes), { final }));
  }
  return frames;
}

const fragments: readonly FrameCase[] = [
  ...[[2, 1], [10, 1], [100, 1], [126, 125], [300, 126]].map(([length, partBytes]): FrameCase => ({
    name: `a message of ${length} bytes in fragments of ${partBytes}`,
    sent: (frame) => inParts(frame, bytesOf(length!), partBytes!),
    messages: [bytesOf(length!)],
  })),
  ...[64, 256, 1_024, 4_096, 16_384, 65_535, 65_536, 100_000].map((partBytes): FrameCase => ({
    name: `a message of 200,000 bytes in fragments of ${partBytes}`,
    sent: (frame) => inParts(frame, bytesOf(200_000), partBytes),
    messages: [bytesOf(200_000)],
    chops: LONG_CHOPS,
  })),
  {
    name: "two fragments without a byte",
    sent: (frame) => [frame(binary, EMPTY, part), frame(continuation)],
    messages: [EMPTY],
  },
  {
    name: "three fragments without a byte",
    sent: (
      frame,
    ) => [frame(binary, EMPTY, part), frame(continuation, EMPTY, part), frame(continuation)],
    messages: [EMPTY],
  },
  {
    name: "three fragments, of which only the middle one has bytes",
    sent: (
      frame,
    ) => [frame(binary, EMPTY, part), frame(continuation, SMALL, part), frame(continuation)],
    messages: [SMALL],
  },
  {
    name: "three fragments, of which the middle one has no bytes",
    sent: (
      frame,
    ) => [frame(binary, SMALL, part), frame(continuation, EMPTY, part), frame(continuation, MORE)],
    messages: [join(SMALL, MORE)],
  },
  {
    name: "a message in fragments between two whole ones",
    sent: (frame) => [
      frame(binary, MORE),
      ...inParts(frame, SMALL, 2),
      frame(binary, MORE),
    ],
    messages: [MORE, SMALL, MORE],
  },
  {
    name: "a message in fragments behind another one in fragments",
    sent: (frame) => [...inParts(frame, SMALL, 2), ...inParts(frame, MORE, 3)],
    messages: [SMALL, MORE],
  },
  {
    name: "fragments that are too large together",
    sent: (frame) => [
      frame(binary, bytesOf(1_000), part),
      frame(continuation, EMPTY, { claims: BigInt(MAX_BATCH_BYTES - 999) }),
    ],
    fails: 1009,
    chops: LONG_CHOPS,
  },
  {
    name: "a message whose end never comes",
    sent: (frame) => [frame(binary, SMALL), frame(binary, SMALL, part)],
    messages: [SMALL],
  },
  {
    name: "a frame that is cut off within its header",
    sent: (frame) => [frame(binary, SMALL), frame(binary, bytesOf(300)).slice(0, 3)],
    messages: [SMALL],
  },
  {
    name: "a frame that is cut off within its payload",
    sent: (frame) => [frame(binary, SMALL), frame(binary, SMALL).slice(0, -1)],
    messages: [SMALL],
  },
];

const between: readonly FrameCase[] = [
  {
    name: "a ping between two fragments",
    sent: (frame) => [frame(binary, SMALL, part), frame(ping, MORE), frame(continuation, MORE)],
    messages: [join(SMALL, MORE)],
    pongs: [MORE],
  },
  {
    name: "pings between all fragments",
    sent: (frame) => [
      frame(binary, SMALL, part),
      frame(ping, bytesOf(1, 1)),
      frame(continuation, SMALL, part),
      frame(ping, bytesOf(1, 2)),
      frame(ping, bytesOf(1, 3)),
      frame(continuation, MORE),
    ],
    messages: [join(SMALL, SMALL, MORE)],
    pongs: [bytesOf(1, 1), bytesOf(1, 2), bytesOf(1, 3)],
  },
  {
    name: "the longest ping between two fragments",
    sent: (frame) => [frame(binary, SMALL, part), frame(ping, bytesOf(125)), frame(continuation)],
    messages: [SMALL],
    pongs: [bytesOf(125)],
  },
  {
    name: "a pong between two fragments",
    sent: (frame) => [frame(binary, SMALL, part), frame(pong, MORE), frame(continuation, MORE)],
    messages: [join(SMALL, MORE)],
  },
  {
    name: "a close between two fragments",
    sent: (frame) => [
      frame(binary, SMALL, part),
      frame(close, closeOf(1000)),
      frame(continuation, MORE),
    ],
    echoes: closeOf(1000),
  },
];

/** What goes on with nothing, and what begins too early. */
const order: readonly FrameCase[] = [
  ...[true, false].flatMap((final): FrameCase[] => {
    const kind = final ? "a last fragment" : "a fragment";
    return [
      {
        name: `${kind} of no message`,
        sent: (frame) => [frame(continuation, SMALL, { final }), frame(binary, MORE)],
        fails: 1002,
      },
      {
        name: `${kind} without a byte, of no message`,
        sent: (frame) => [frame(continuation, EMPTY, { final })],
        fails: 1002,
      },
      {
        name: `${kind} behind a whole message`,
        sent: (frame) => [frame(binary, SMALL), frame(continuation, MORE, { final })],
        messages: [SMALL],
        fails: 1002,
      },
      {
        name: `${kind} behind a message in fragments`,
        sent: (frame) => [...inParts(frame, SMALL, 2), frame(continuation, MORE, { final })],
        messages: [SMALL],
        fails: 1002,
      },
      {
        name: `a message ${final ? "as a whole" : "begun"} within the fragments of another one`,
        sent: (frame) => [frame(binary, SMALL, part), frame(binary, MORE, { final })],
        fails: 1002,
      },
      {
        name: `a text ${final ? "as a whole" : "begun"} within the fragments of a message`,
        sent: (frame) => [frame(binary, SMALL, part), frame(text, MORE, { final })],
        fails: 1002,
      },
    ];
  }),
  {
    name: "a message begun again behind a ping between its fragments",
    sent: (frame) => [frame(binary, SMALL, part), frame(ping, MORE), frame(binary, SMALL)],
    pongs: [MORE],
    fails: 1002,
  },
];

/** Ours is a protocol of bytes. */
const texts: readonly FrameCase[] = [
  ...([
    ["no letter", EMPTY],
    ["a few letters", utf8("Hello")],
    ["letters of more than a byte", utf8("κόσμε, \u{1f9ca}")],
    ["125 letters", utf8("*".repeat(125))],
    ["126 letters", utf8("*".repeat(126))],
    ["65,536 letters", utf8("*".repeat(65_536))],
    ["bytes that are no letters", Uint8Array.of(0xff, 0xfe)],
    ["half a letter", Uint8Array.of(0xce)],
    ["half of a pair", Uint8Array.of(0xed, 0xa0, 0x80)],
  ] as const).map(([what, payload]): FrameCase => ({
    name: `a text of ${what}`,
    sent: (frame) => [frame(binary, SMALL), frame(text, payload), frame(binary, MORE)],
    messages: [SMALL],
    fails: 1003,
    ...chopsFor(payload.length),
  })),
  {
    name: "a text in fragments",
    sent: (frame) => [frame(text, utf8("Hel"), part), frame(continuation, utf8("lo"))],
    fails: 1003,
  },
  {
    name: "a text in fragments that cut a letter, and a ping between them",
    sent: (frame) => [
      frame(text, Uint8Array.of(0xce), part),
      frame(ping, MORE),
      frame(continuation, Uint8Array.of(0xba)),
    ],
    fails: 1003,
  },
  {
    name: "a text as a ping's answer",
    sent: (frame) => [frame(ping, SMALL), frame(text, SMALL)],
    pongs: [SMALL],
    fails: 1003,
  },
];

/** All of them. */
export const messageCases: readonly FrameCase[] = [
  ...whole,
  ...fragments,
  ...between,
  ...order,
  ...texts,
];
