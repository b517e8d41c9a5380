import { assertEquals } from "@std/assert";
import { shortenTimeouts } from "../../lib/wire/batch_seal.ts";
import { FrameType, NO_TIMEOUT } from "../../lib/wire/frame.ts";
import { joined, parseFrames, rawFrame } from "../session/raw_frames.ts";

/** The arguments of frames that have waited so long, behind some bytes that are no frames. */
function shortened(waitedMs: number, ...frames: Uint8Array[]): number[] {
  const before = 5, bytes = joined(new Uint8Array(before), ...frames);
  shortenTimeouts(new DataView(bytes.buffer), before, bytes.length, waitedMs);
  return parseFrames(bytes.subarray(before)).map(({ argument }) => argument);
}

function frame(type: number, argument: number, length = 0): Uint8Array {
  return rawFrame(type, { argument, payload: new Uint8Array(length).fill(0xff) });
}

Deno.test("only time-outs become shorter, wherever they stand between payloads of any length", () => {
  assertEquals(
    shortened(
      40.9,
      frame(FrameType.response, 500, 300),
      frame(FrameType.request, 500, 3),
      frame(FrameType.input, 500, 17),
      frame(FrameType.open, 500, 1),
      frame(FrameType.request, NO_TIMEOUT, 1),
      frame(FrameType.request, 39),
      frame(FrameType.openerFragment, 500, 2),
    ),
    [500, 460, 500, 460, NO_TIMEOUT, 0, 500],
  );
});

Deno.test("less than 5 ms are not worth correcting, 5 are", () => {
  assertEquals(shortened(4.9, frame(FrameType.request, 100)), [100]);
  assertEquals(shortened(5, frame(FrameType.request, 100)), [95]);
});
