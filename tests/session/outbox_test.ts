import { assertEquals } from "@std/assert";
import { Outbox } from "../../lib/session/outbox.ts";
import { FrameType } from "../../lib/wire/frame.ts";
import { DEFAULT_LIMITS } from "../../lib/wire/limits.ts";
import { WriterPool } from "../../lib/wire/writer_pool.ts";

Deno.test("a control frame overtakes a long queue, but never the frame that opens the session", () => {
  const outbox = new Outbox(new WriterPool(), false, Infinity, DEFAULT_LIMITS, { onOutput() {} });
  const drained = (): number[] => {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    outbox.drain(pieces);
    outbox.recycle();
    return pieces.map((piece) => piece[0]!);
  };
  const long = new Uint8Array(20_000);
  outbox.frame(FrameType.welcome, 0, 0, 0);
  outbox.cut();
  outbox.frame(FrameType.error, 0, 1, 0, long);
  outbox.control(FrameType.ping, 0, 1);
  assertEquals(drained()[0], FrameType.welcome);
  outbox.frame(FrameType.error, 0, 2, 0, long);
  outbox.control(FrameType.ping, 0, 2);
  assertEquals(drained(), [FrameType.ping, FrameType.error]);
});
