import { assertEquals } from "@std/assert";
import {
  FLAG_FIRST,
  FLAG_METADATA,
  FrameType,
  HEADER_BYTES,
  isBulk,
  KIND_MASK,
  KNOWN_FLAGS,
  NO_TIMEOUT,
  PayloadKind,
} from "../../lib/wire/frame.ts";

Deno.test("types, flags and kinds have the numbers of PROTOCOL.md", () => {
  assertEquals(FrameType, {
    hello: 1,
    proof: 2,
    welcome: 3,
    goodbye: 4,
    drain: 5,
    name: 6,
    ping: 7,
    pong: 8,
    window: 9,
    arrived: 10,
    request: 16,
    open: 17,
    input: 18,
    inputEnd: 19,
    cancel: 20,
    outputCredit: 21,
    openerFragment: 22,
    response: 32,
    error: 33,
    output: 34,
    outputEnd: 35,
    inputCredit: 36,
    responderFragment: 37,
  });
  assertEquals(PayloadKind, { bytes: 0, null: 1, absent: 2 });
  assertEquals([KIND_MASK, FLAG_METADATA, FLAG_FIRST, KNOWN_FLAGS], [3, 4, 8, 15]);
  assertEquals([HEADER_BYTES, NO_TIMEOUT], [16, 0xffff_ffff]);
});

Deno.test("bulk is what is longer than 8 KiB, and what comes in pieces", () => {
  assertEquals(isBulk(FrameType.request, 0, 8_192), false);
  assertEquals(isBulk(FrameType.request, 0, 8_193), true);
  assertEquals(isBulk(FrameType.request, FLAG_FIRST, 10), true);
  assertEquals(isBulk(FrameType.request, KNOWN_FLAGS & ~FLAG_FIRST, 10), false);
  assertEquals(isBulk(FrameType.openerFragment, 0, 10), true);
  assertEquals(isBulk(FrameType.responderFragment, 0, 10), true);
});
