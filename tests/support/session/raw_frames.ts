/** Frames made and taken apart by hand, without the library's encoder. */

import { assert } from "@std/assert";
import { FrameType } from "../../../lib/wire/frame.ts";

/** A frame of any kind, right or wrong. */
export interface RawFrame {
  type: number;
  flags: number;
  code: number;
  id: number;
  argument: number;
  payload: Uint8Array;
}

/** The bytes of a frame; what is not named is 0 or empty. `length` is the payload's unless it is to lie. */
export function rawFrame(
  type: number,
  init: Partial<RawFrame> & { length?: number } = {},
): Uint8Array<ArrayBuffer> {
  const { flags = 0, code = 0, id = 0, argument = 0, payload = new Uint8Array(0) } = init;
  const bytes = new Uint8Array(16 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint8(1, flags);
  view.setUint16(2, code, true);
  view.setUint32(4, init.length ?? payload.length, true);
  view.setUint32(8, id, true);
  view.setUint32(12, argument, true);
  bytes.set(payload, 16);
  return bytes;
}

/** Takes a batch apart. */
export function parseFrames(batch: Uint8Array): RawFrame[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const frames: RawFrame[] = [];
  for (let at = 0; at < batch.length;) {
    const length = view.getUint32(at + 4, true);
    assert(
      at + 16 + length <= batch.length,
      `a frame of ${length} bytes that ends beyond its batch`,
    );
    frames.push({
      type: view.getUint8(at),
      flags: view.getUint8(at + 1),
      code: view.getUint16(at + 2, true),
      id: view.getUint32(at + 8, true),
      argument: view.getUint32(at + 12, true),
      payload: batch.slice(at + 16, at + 16 + length),
    });
    at += 16 + length;
  }
  return frames;
}

/** The name of a frame type, for messages. */
export function typeName(type: number): string {
  return Object.entries(FrameType).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
}

export function u32(...values: number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value, true));
  return bytes;
}

export function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** The payload of a name frame. */
export function namePayload(name: string, subroute = ""): Uint8Array<ArrayBuffer> {
  const first = utf8(name);
  return joined(u32(first.length).subarray(0, 2), first, utf8(subroute));
}

/** The payload of an error frame. */
export function errorPayload(
  outcome: number,
  text: string,
  detail?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = utf8(text);
  return joined(
    new Uint8Array([outcome, detail === undefined ? 0 : 1]),
    u32(bytes.length).subarray(0, 2),
    bytes,
    detail ?? new Uint8Array(0),
  );
}
