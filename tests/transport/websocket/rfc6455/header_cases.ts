/**
 * Headers of frames: kinds, reserved bits, lengths, masks; and control frames.
 *
 * @module
 */

import { OPCODE } from "../../../../lib/transport/websocket/web_socket_frames.ts";
import { bytesOf, closeOf, type FrameCase, LONG_CHOPS } from "./frame_case.ts";

const { binary, close, continuation, ping, pong } = OPCODE;

const EMPTY = bytesOf(0), SMALL = bytesOf(5), MORE = bytesOf(6, 100);
const part = { final: false } as const;

const KINDS = [
  ["a message", binary],
  ["a ping", ping],
  ["a pong", pong],
  ["a close", close],
] as const;
const CONTROLS = KINDS.slice(1);

const pings: readonly FrameCase[] = [
  ...[0, 1, 2, 5, 124, 125].map((length): FrameCase => ({
    name: `a ping of ${length} bytes`,
    sent: (frame) => [frame(ping, bytesOf(length))],
    pongs: [bytesOf(length)],
  })),
  {
    name: "a ping of bytes that are no text",
    sent: (frame) => [frame(ping, Uint8Array.of(0, 255, 254, 253, 0, 251))],
    pongs: [Uint8Array.of(0, 255, 254, 253, 0, 251)],
  },
  {
    name: "ten pings one behind the other",
    sent: (frame) => Array.from({ length: 10 }, (_, i) => frame(ping, bytesOf(i, i))),
    pongs: Array.from({ length: 10 }, (_, i) => bytesOf(i, i)),
  },
  {
    name: "pings between messages",
    sent: (frame) => [frame(binary, SMALL), frame(ping, MORE), frame(binary, MORE), frame(ping)],
    messages: [SMALL, MORE],
    pongs: [MORE, EMPTY],
  },
  ...[0, 4, 125].map((length): FrameCase => ({
    name: `a pong of ${length} bytes that nobody asked for`,
    sent: (frame) => [frame(pong, bytesOf(length)), frame(binary, SMALL)],
    messages: [SMALL],
  })),
  {
    name: "a pong that nobody asked for, and a ping",
    sent: (frame) => [frame(pong, SMALL), frame(ping, MORE)],
    pongs: [MORE],
  },
];

/** Of control frames in fragments, and of such as are too long. */
const controls: readonly FrameCase[] = CONTROLS.flatMap(([what, opcode]): FrameCase[] => [
  {
    name: `${what} that is no last fragment`,
    sent: (frame) => [frame(opcode, closeOf(1000), part), frame(binary, SMALL)],
    fails: 1002,
  },
  {
    name: `${what} in two fragments`,
    sent: (frame) => [frame(opcode, closeOf(1000), part), frame(continuation, SMALL)],
    fails: 1002,
  },
  {
    name: `${what} in fragments between those of a message`,
    sent: (frame) => [frame(binary, SMALL, part), frame(opcode, EMPTY, part), frame(continuation)],
    fails: 1002,
  },
  ...[126, 127, 65_535, 65_536].map((length): FrameCase => ({
    name: `${what} of ${length} bytes`,
    sent: (frame) => [frame(binary, MORE), frame(opcode, bytesOf(length)), frame(binary, MORE)],
    messages: [MORE],
    fails: 1002,
    chops: LONG_CHOPS,
  })),
  ...([2, 8] as const).map((lengthBytes): FrameCase => ({
    name: `${what} whose short length takes ${lengthBytes} bytes`,
    sent: (frame) => [frame(opcode, closeOf(1000, "bye"), { lengthBytes })],
    fails: 1002,
  })),
]);

const bits: readonly FrameCase[] = [1, 2, 3, 4, 5, 6, 7].flatMap((reserved): FrameCase[] => [
  ...KINDS.map(([what, opcode]): FrameCase => ({
    name: `${what} with the reserved bits ${reserved}`,
    sent: (frame) => [
      frame(binary, MORE),
      frame(opcode, closeOf(1000), { reserved }),
      frame(binary, MORE),
    ],
    messages: [MORE],
    fails: 1002,
  })),
  {
    name: `a fragment with the reserved bits ${reserved}`,
    sent: (frame) => [frame(binary, SMALL, part), frame(continuation, SMALL, { reserved })],
    fails: 1002,
  },
]);

const unknown: readonly FrameCase[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap(
  (opcode): FrameCase[] => [
    {
      name: `a frame of the unknown kind ${opcode}`,
      sent: (frame) => [frame(opcode), frame(ping, SMALL)],
      fails: 1002,
    },
    {
      name: `one of the unknown kind ${opcode} with a payload, behind a message`,
      sent: (frame) => [frame(binary, MORE), frame(opcode, SMALL), frame(ping, SMALL)],
      messages: [MORE],
      fails: 1002,
    },
    {
      name: `one of the unknown kind ${opcode} between fragments, itself no last one`,
      sent: (frame) => [frame(binary, MORE, part), frame(opcode, SMALL, part)],
      fails: 1002,
    },
  ],
);

const lengths: readonly FrameCase[] = [
  ...([[0, 2], [1, 2], [125, 2], [0, 8], [125, 8], [126, 8], [65_535, 8]] as const).flatMap(
    ([length, lengthBytes]): FrameCase[] => [
      {
        name: `a message of ${length} bytes whose length takes ${lengthBytes} bytes`,
        sent: (frame) => [frame(binary, bytesOf(length), { lengthBytes }), frame(binary, MORE)],
        fails: 1002,
        chops: LONG_CHOPS,
      },
      {
        name: `a fragment of ${length} bytes whose length takes ${lengthBytes} bytes`,
        sent: (frame) => [
          frame(binary, SMALL, part),
          frame(continuation, bytesOf(length), { lengthBytes }),
        ],
        fails: 1002,
        chops: LONG_CHOPS,
      },
    ],
  ),
  ...([
    ["2 to the power of 53", 2n ** 53n, 1009],
    ["2 to the power of 53, and one", 2n ** 53n + 1n, 1009],
    ["2 to the power of 63, less one", 2n ** 63n - 1n, 1009],
    ["4 GiB", 2n ** 32n, 1009],
    ["2 to the power of 63", 2n ** 63n, 1002],
    ["2 to the power of 63, and five", 2n ** 63n + 5n, 1002],
    ["2 to the power of 64, less one", 2n ** 64n - 1n, 1002],
  ] as const).flatMap(([what, claims, fails]): FrameCase[] => [
    {
      name: `a message that says to have ${what} bytes`,
      sent: (frame) => [frame(binary, EMPTY, { claims })],
      fails,
    },
    {
      name: `a fragment that says to have ${what} bytes`,
      sent: (frame) => [frame(binary, SMALL, part), frame(continuation, EMPTY, { claims })],
      fails,
    },
  ]),
];

const wrongMask = true;
/** Clients mask all they send, and servers nothing. */
const masks: readonly FrameCase[] = [
  ...KINDS.flatMap(([what, opcode]): FrameCase[] => [
    {
      name: `${what} masked as only this side may`,
      sent: (frame) => [frame(binary, MORE), frame(opcode, closeOf(1000), { wrongMask })],
      messages: [MORE],
      fails: 1002,
    },
    {
      name: `${what} without a byte, masked as only this side may`,
      sent: (frame) => [frame(opcode, EMPTY, { wrongMask }), frame(ping)],
      fails: 1002,
    },
  ]),
  {
    name: "a second fragment masked as only this side may",
    sent: (frame) => [frame(binary, SMALL, part), frame(continuation, SMALL, { wrongMask })],
    fails: 1002,
  },
];

/** All of them. */
export const headerCases: readonly FrameCase[] = [
  ...pings,
  ...controls,
  ...bits,
  ...unknown,
  ...lengths,
  ...masks,
];
