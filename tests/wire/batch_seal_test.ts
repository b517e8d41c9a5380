import { assertEquals } from "@std/assert";
import { BatchReader } from "../../lib/wire/batch_reader.ts";
import { BatchSeal, correctTimeouts, ENVELOPE_BYTES } from "../../lib/wire/batch_seal.ts";
import { FrameType, NO_TIMEOUT } from "../../lib/wire/frame.ts";
import { joined, parseFrames, rawFrame } from "../support/session/raw_frames.ts";

function frame(type: number, id: number, argument: number, length = 0): Uint8Array {
  return rawFrame(type, { id, argument, payload: new Uint8Array(length).fill(0xff) });
}

Deno.test("only time-outs are corrected, each by its call, wherever they stand between payloads of any length", () => {
  const frames = [
    frame(FrameType.response, 1, 500, 300),
    frame(FrameType.request, 2, 500, 3),
    frame(FrameType.input, 3, 500, 17),
    frame(FrameType.open, 4, 500, 1),
    frame(FrameType.request, 5, NO_TIMEOUT, 1),
    frame(FrameType.request, 6, 39),
    frame(FrameType.openerFragment, 7, 500, 2),
  ];
  // Behind some bytes that are no frames.
  const before = 5, bytes = joined(new Uint8Array(before), ...frames);
  correctTimeouts(new DataView(bytes.buffer), before, bytes.length, (id, nowMs) => nowMs + id, 70);
  assertEquals(
    parseFrames(bytes.subarray(before)).map(({ argument }) => argument),
    [500, 72, 500, 74, NO_TIMEOUT, 76, 500],
  );
});

Deno.test("a checksum begins with a plain 0: functions of a runtime may end the process over -0", () => {
  const seeds: number[] = [];
  const checksum = (_: Uint8Array, seed: number): number => {
    seeds.push(seed);
    return 7;
  };
  const seal = new BatchSeal(), reader = new BatchReader();
  seal.checksum = checksum;
  reader.open(checksum);
  for (let batch = 0; batch < 2; batch++) {
    const bytes = joined(new Uint8Array(ENVELOPE_BYTES), frame(FrameType.response, 1, 500, 3));
    seal.close(new DataView(bytes.buffer), bytes, 0, bytes.length, null, true);
    reader.ring.space(bytes.length).set(bytes);
    reader.ring.commit(bytes.length);
    assertEquals(reader.next(), true);
  }
  assertEquals(seeds.map((seed) => Object.is(seed, 0) ? "0" : String(1 / seed)), [
    "0",
    "0",
    String(1 / 7),
    String(1 / 7),
  ]);
});
