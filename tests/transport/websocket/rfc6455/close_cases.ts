/**
 * How a connection is closed, by either side.
 *
 * @module
 */

import { OPCODE } from "../../../../lib/transport/websocket/web_socket_frames.ts";
import { bytesOf, closeOf, type FrameCase } from "./frame_case.ts";

const { binary, close, continuation, ping, pong, text } = OPCODE;

const EMPTY = bytesOf(0), SMALL = bytesOf(5), MORE = bytesOf(6, 100);
const part = { final: false } as const;

const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
  .concat([3000, 3001, 3999, 4000, 4001, 4999]);
/** Stand for nothing, for what no frame says, for what nobody has defined, or for what nobody may use. */
const BAD_CODES = [0, 1, 255, 500, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1100, 1999, 2000, 2500]
  .concat([2999, 5000, 10_000, 65_535]);

const codes: readonly FrameCase[] = [
  ...GOOD_CODES.flatMap((code): FrameCase[] => [
    {
      name: `a close with the code ${code}`,
      sent: (frame) => [frame(close, closeOf(code))],
      echoes: closeOf(code),
    },
    {
      name: `a close with the code ${code} and a reason, behind a message`,
      sent: (frame) => [frame(binary, SMALL), frame(close, closeOf(code, "so be it"))],
      messages: [SMALL],
      echoes: closeOf(code),
    },
  ]),
  ...BAD_CODES.flatMap((code): FrameCase[] => [
    {
      name: `a close with the code ${code}, which nobody may send`,
      sent: (frame) => [frame(close, closeOf(code)), frame(binary, SMALL)],
      fails: 1002,
    },
    {
      name: `a close with the code ${code}, which nobody may send, and a reason`,
      sent: (frame) => [frame(binary, SMALL), frame(close, closeOf(code, "why not"))],
      messages: [SMALL],
      fails: 1002,
    },
  ]),
];

const bodies: readonly FrameCase[] = [
  { name: "a close without a code", sent: (frame) => [frame(close)], echoes: EMPTY },
  ...[0, 3, 65, 255].map((byte): FrameCase => ({
    name: `a close of the single byte ${byte}`,
    sent: (frame) => [frame(close, Uint8Array.of(byte)), frame(binary, SMALL)],
    fails: 1002,
  })),
  ...[1, 122, 123].map((length): FrameCase => ({
    name: `a close with a reason of ${length} bytes`,
    sent: (frame) => [frame(close, closeOf(1000, "*".repeat(length)))],
    echoes: closeOf(1000),
  })),
  {
    name: "a close with a reason of 124 bytes",
    sent: (frame) => [frame(close, closeOf(1000, "*".repeat(124)))],
    fails: 1002,
  },
];

/** Reasons are text in UTF-8. */
const GOOD_REASONS: readonly (readonly [string, readonly number[]])[] = [
  ["with letters of two bytes", [0xce, 0xba, 0xe1, 0xbd, 0xb9]],
  ["with the first character there is", [0x00]],
  ["with the last one of a byte", [0x7f]],
  ["with the first one of two bytes", [0xc2, 0x80]],
  ["with the last one of two bytes", [0xdf, 0xbf]],
  ["with the first one of three bytes", [0xe0, 0xa0, 0x80]],
  ["with the last one before the halves of pairs", [0xed, 0x9f, 0xbf]],
  ["with the first one behind the halves of pairs", [0xee, 0x80, 0x80]],
  ["with the last one of three bytes", [0xef, 0xbf, 0xbf]],
  ["with the one that stands for what is none", [0xef, 0xbf, 0xbd]],
  ["with the mark of byte order", [0xef, 0xbb, 0xbf, 0x61]],
  ["with the first one of four bytes", [0xf0, 0x90, 0x80, 0x80]],
  ["with the last one there is", [0xf4, 0x8f, 0xbf, 0xbf]],
  ["with one that is never used", [0xf0, 0x9f, 0xbf, 0xbe]],
];
const BAD_REASONS: readonly (readonly [string, readonly number[]])[] = [
  ["that begins with a byte that goes on", [0x80]],
  ["that begins with the last byte that goes on", [0xbf]],
  ["of six bytes that go on", [0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf]],
  ["with one of two bytes that lacks its second", [0x61, 0xc3]],
  ["with one of two bytes whose second is a space", [0xc3, 0x20]],
  ["with one of three bytes that lacks its third", [0xe1, 0xbd]],
  ["with one of three bytes whose third is a letter", [0xe1, 0xbd, 0x61]],
  ["with one of four bytes that lacks three", [0xf0]],
  ["with one of four bytes that lacks two", [0xf0, 0x90]],
  ["with one of four bytes that lacks its fourth", [0xf0, 0x90, 0x80]],
  ["with one of four bytes whose second is one of two", [0xf0, 0xc3, 0xa9]],
  ["with a slash in two bytes", [0xc0, 0xaf]],
  ["with a slash in three bytes", [0xe0, 0x80, 0xaf]],
  ["with a slash in four bytes", [0xf0, 0x80, 0x80, 0xaf]],
  ["with the first character in two bytes", [0xc0, 0x80]],
  ["with the last one of a byte in two", [0xc1, 0xbf]],
  ["with the last one of two bytes in three", [0xe0, 0x9f, 0xbf]],
  ["with the last one of three bytes in four", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["with the first half of a pair", [0xed, 0xa0, 0x80]],
  ["with the last first half of a pair", [0xed, 0xaf, 0xbf]],
  ["with the first second half of a pair", [0xed, 0xb0, 0x80]],
  ["with the last second half of a pair", [0xed, 0xbf, 0xbf]],
  ["with both halves of a pair", [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]],
  ["with one beyond the last there is", [0xf4, 0x90, 0x80, 0x80]],
  ["with a first byte of four that is too large", [0xf5, 0x80, 0x80, 0x80]],
  ["with one of five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ["with one of six bytes", [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]],
  ["with a byte that is never there", [0xfe]],
  ["with the other byte that is never there", [0x61, 0xff, 0x62]],
  [
    "with a good beginning",
    [0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xcf, 0x83, 0xed, 0xa0, 0x80, 0x65, 0x64],
  ],
];
const reasons: readonly FrameCase[] = [
  ...GOOD_REASONS.map(([what, bytes]): FrameCase => ({
    name: `a close with a reason ${what}`,
    sent: (frame) => [frame(close, closeOf(1000, bytes))],
    echoes: closeOf(1000),
  })),
  ...BAD_REASONS.map(([what, bytes]): FrameCase => ({
    name: `a close with a reason ${what}`,
    sent: (frame) => [frame(close, closeOf(1000, bytes)), frame(binary, SMALL)],
    fails: 1007,
  })),
];

const behind: readonly FrameCase[] = ([
  ["a message", binary, SMALL, {}],
  ["a text", text, SMALL, {}],
  ["a ping", ping, SMALL, {}],
  ["a pong", pong, SMALL, {}],
  ["a fragment", continuation, SMALL, part],
  ["another close", close, closeOf(1001), {}],
  ["a frame of an unknown kind", 11, SMALL, {}],
  ["a frame with reserved bits", binary, SMALL, { reserved: 7 }],
] as const).map(([what, opcode, payload, init]): FrameCase => ({
  name: `${what} behind the close`,
  sent: (frame) => [frame(ping, MORE), frame(close, closeOf(1000)), frame(opcode, payload, init)],
  pongs: [MORE],
  echoes: closeOf(1000),
}));

/** This side asks for the close; what comes before the answer is nobody's any more. */
const asked: readonly FrameCase[] = [
  {
    name: "this side closes, and the other side says nothing",
    sent: () => [],
    closing: true,
  },
  ...[1000, 1001, 4000].map((code): FrameCase => ({
    name: `this side closes, and is answered with ${code}`,
    sent: (frame) => [frame(close, closeOf(code))],
    closing: "answered",
  })),
  {
    name: "this side closes, and is answered without a code",
    sent: (frame) => [frame(close)],
    closing: "answered",
  },
  {
    name: "this side closes, and is answered twice",
    sent: (frame) => [frame(close, closeOf(1000)), frame(close, closeOf(1000))],
    closing: "answered",
  },
  {
    name: "this side closes; messages and pings come before the answer",
    sent: (frame) => [
      frame(binary, SMALL),
      frame(ping, MORE),
      frame(binary, SMALL, part),
      frame(continuation, MORE),
      frame(close, closeOf(1000)),
    ],
    closing: "answered",
  },
  ...([
    ["a text", text, SMALL],
    ["a frame of an unknown kind", 5, SMALL],
    ["a continuation frame without a message", continuation, SMALL],
    ["a close of a single byte", close, bytesOf(1)],
    ["a close with the code 1005", close, closeOf(1005)],
    ["a close whose reason is no text", close, closeOf(1000, [0xff])],
  ] as const).map(([what, opcode, payload]): FrameCase => ({
    name: `this side closes; ${what} is no answer, and is not answered`,
    sent: (frame) => [frame(opcode, payload), frame(binary, SMALL)],
    closing: true,
  })),
];

/** All of them. */
export const closeCases: readonly FrameCase[] = [
  ...codes,
  ...bodies,
  ...reasons,
  ...behind,
  ...asked,
];
