/**
 * What the other side of a WebSocket connection may send, and what must come of it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FramedChannel } from "../../../../lib/transport/websocket/framed_channel.ts";
import { OPCODE } from "../../../../lib/transport/websocket/web_socket_frames.ts";
import type { ReaderRole } from "../../../../lib/transport/websocket/web_socket_reader.ts";
import { turns } from "../../../support/channels/acceptor.ts";
import { clientFrame, clientFrames, serverFrame, serverFrames } from "../raw_web_socket.ts";
import { WireEnd } from "./wire_end.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How a frame differs from the usual one. */
export interface FrameInit {
  /** Whether it is the last of its message. Default: `true`. */
  readonly final?: boolean;
  /** The three reserved bits, as a number. Default: 0. */
  readonly reserved?: number;
  /** How many bytes its length has beside the short one: 0, 2 or 8. Default: as few as hold it. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** Whether it is masked the other way round than this side must have it. Default: `false`. */
  readonly wrongMask?: boolean;
  /** What its length says in 8 bytes; of its payload nothing is sent. Default: the truth. */
  readonly claims?: bigint;
}

/** Makes a frame as the other side sends it. */
export type MakeFrame = (opcode: number, payload?: Bytes, init?: FrameInit) => Bytes;

/** One case, for both roles. */
export interface FrameCase {
  readonly name: string;
  /** What the other side sends. */
  readonly sent: (frame: MakeFrame) => readonly Bytes[];
  /** Which messages arrive. Default: none. */
  readonly messages?: readonly Bytes[];
  /** Which pongs this side answers. Default: none. */
  readonly pongs?: readonly Bytes[];
  /** The code with which this side fails the connection. Default: it does not. */
  readonly fails?: number;
  /** The payload of the close with which this side answers one, and closes the socket. Default: there is none. */
  readonly echoes?: Bytes;
  /** Whether this side has asked for the close before; `"answered"`: the other side answers it. Default: `false`. */
  readonly closing?: boolean | "answered";
  /** How many bytes come at a time. Default: 1, 2, 3, 7 and all. */
  readonly chops?: readonly number[];
}

/** For what is long. */
export const LONG_CHOPS: readonly number[] = [997, 4_096, Infinity];
const CHOPS: readonly number[] = [1, 2, 3, 7, Infinity];
const NOTHING: Bytes = new Uint8Array(0);
const NORMAL = closeOf(1000);

/** The payload of a close frame. */
export function closeOf(code: number, reason: string | readonly number[] = ""): Bytes {
  const bytes = typeof reason === "string" ? new TextEncoder().encode(reason) : reason;
  return Uint8Array.of(code >> 8, code & 255, ...bytes);
}

/** Bytes that differ by place and seed. */
export function bytesOf(length: number, seed = 1): Bytes {
  return new Uint8Array(length).map((_, i) => i * 7 + seed);
}

/** One after the other. */
export function join(...parts: readonly Bytes[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function makerFor(role: ReaderRole): MakeFrame {
  return (opcode, payload = NOTHING, init = {}) => {
    const { final = true, reserved = 0, wrongMask = false, claims } = init;
    const make = (role === "server") !== wrongMask ? clientFrame : serverFrame;
    const lengthBytes = claims === undefined ? init.lengthBytes : 8;
    const frame = make(opcode, payload, {
      final,
      ...(lengthBytes !== undefined && { lengthBytes }),
    });
    frame[0]! |= reserved << 4;
    if (claims !== undefined) new DataView(frame.buffer).setBigUint64(2, claims);
    return frame;
  };
}

/** Runs a case at each of its chop sizes. */
export async function runCase(one: FrameCase, role: ReaderRole): Promise<void> {
  for (const chopBytes of one.chops ?? CHOPS) await play(one, role, chopBytes);
}

async function play(one: FrameCase, role: ReaderRole, chopBytes: number): Promise<void> {
  const { name, messages = [], pongs = [], fails, echoes, closing = false } = one;
  const where = `${role}, ${chopBytes} bytes at a time: ${name}`;
  const wire = new WireEnd(join(...one.sent(makerFor(role))), chopBytes);
  const channel = new FramedChannel(wire, wire.remote, { role });
  const heard: Bytes[] = [], ends: string[] = [];
  const ended = new Promise<void>((resolve) =>
    channel.start({
      onMessage: (bytes) => heard.push(bytes),
      onDrain() {},
      onClose: (reason) => {
        ends.push(reason);
        resolve();
      },
    })
  );
  if (closing !== false) channel.close();
  await wire.idle;
  await turns(1);
  const isClosed = wire.isClosed;
  wire.leave();
  await ended;
  await turns(1);
  const answered = role === "server" ? serverFrames(wire.written) : clientFrames(wire.written);
  const answers = answered.map(({ opcode, payload }) => ({
    opcode,
    // Why, in words, is for whoever reads it.
    payload: fails === undefined
      ? payload
      : opcode === OPCODE.close
      ? payload.slice(0, 2)
      : payload,
  }));
  const close = closing !== false ? NORMAL : fails === undefined ? echoes : closeOf(fails);
  assertEquals(answers, [
    ...pongs.map((payload) => ({ opcode: OPCODE.pong as number, payload })),
    ...close === undefined ? [] : [{ opcode: OPCODE.close as number, payload: close }],
  ], where);
  assertEquals(heard, messages, where);
  assertEquals(isClosed, echoes !== undefined || closing === "answered", `${where}: closed`);
  assertEquals(ends.length, 1, `${where}: told ${ends.join()}`);
  if (fails !== undefined) {
    assertEquals(ends[0]!.startsWith("the other side sent "), true, `${where}: told ${ends[0]}`);
  }
}
