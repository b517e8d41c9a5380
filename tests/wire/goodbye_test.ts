import { assertEquals } from "@std/assert";
import { FrameType, HEADER_BYTES } from "../../lib/wire/frame.ts";
import { holdsGoodbye } from "../../lib/wire/goodbye.ts";

/** A batch of frames of these types, each with so many bytes of payload, behind some other bytes. */
function batch(before: number, ...frames: [type: number, length: number][]): [DataView, number] {
  const total = frames.reduce((sum, [, length]) => sum + HEADER_BYTES + length, before);
  const view = new DataView(new ArrayBuffer(total));
  // What stands in payloads and before the batch must not be taken for frames.
  for (let at = 0; at < total; at++) view.setUint8(at, FrameType.goodbye);
  let at = before;
  for (const [type, length] of frames) {
    view.setUint32(at, type, true);
    view.setUint32(at + 4, length, true);
    at += HEADER_BYTES + length;
  }
  return [view, total];
}

Deno.test("a goodbye is found wherever it stands among whole frames", () => {
  for (
    const [expected, frames] of [
      [true, [[FrameType.goodbye, 12]]],
      [true, [[FrameType.response, 40], [FrameType.ping, 0], [FrameType.goodbye, 0]]],
      [true, [[FrameType.goodbye, 5], [FrameType.response, 3]]],
      [false, [[FrameType.response, 40], [FrameType.ping, 0]]],
      [false, []],
    ] as [boolean, [number, number][]][]
  ) {
    const [view, end] = batch(7, ...frames);
    assertEquals(holdsGoodbye(view, 7, end), expected);
  }
});

Deno.test("a frame that reaches beyond its batch, or a piece of a header, is no goodbye", () => {
  const [view, end] = batch(0, [FrameType.response, 4], [FrameType.goodbye, 0]);
  view.setUint32(4, 0xffff_fff0, true);
  assertEquals(holdsGoodbye(view, 0, end), false);
  const [cut, cutEnd] = batch(0, [FrameType.goodbye, 0]);
  assertEquals(holdsGoodbye(cut, 0, cutEnd - 1), false);
});
