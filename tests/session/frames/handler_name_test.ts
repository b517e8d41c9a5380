/** Names of handlers: what is none, what they cost, and how they travel. @module */

import { assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import {
  decodeName,
  encodeName,
  MAX_NAME_BYTES,
  MAX_NAMES,
  MAX_NAMES_BYTES,
  nameCost,
  nameProblem,
} from "../../../lib/session/frames/handler_name.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { joined, namePayload } from "../../support/session/raw_frames.ts";

Deno.test("a name has up to 255 bytes of UTF-8, and as many as are wanted at least", () => {
  const cases: [text: string, minBytes: number, problem: string | null][] = [
    ["", 0, null],
    ["", 1, "has 0"],
    ["a", 1, null],
    ["a", 2, "has 1"],
    ["é", 2, null],
    ["é", 3, "has 2"],
    ["a".repeat(85), 1, null],
    ["a".repeat(86), 1, null],
    ["a".repeat(255), 1, null],
    ["a".repeat(255), 255, null],
    ["a".repeat(256), 1, "has 256"],
    ["a".repeat(600), 1, "has 600"],
    ["€".repeat(85), 1, null],
    ["€".repeat(85) + "a", 1, "has 256"],
    ["€".repeat(86), 1, "has 258"],
    ["😀".repeat(63), 1, null],
    ["😀".repeat(64), 1, "has 256"],
    ["\ud800", 1, "has half a character (a lone surrogate)"],
    ["a\udc00", 1, "has half a character (a lone surrogate)"],
    [5 as unknown as string, 1, "is not a string"],
  ];
  for (const [text, minBytes, problem] of cases) {
    assertEquals(nameProblem(text, minBytes), problem, `${text} of ${minBytes} bytes at least`);
  }
});

Deno.test("names are bounded as PROTOCOL.md says, each with 128 bytes beside its frame's payload", () => {
  assertEquals([MAX_NAME_BYTES, MAX_NAMES, MAX_NAMES_BYTES], [255, 65_535, 12_582_912]);
  assertEquals([nameCost(0), nameCost(20)], [128, 148]);
});

Deno.test("a name and a subroute are read within their frame, whatever stands around it", () => {
  const long = "ü".repeat(127) + "a";
  for (const [name, subroute] of [["a", ""], ["echo", "eu"], [long, long], ["", ""]] as const) {
    const payload = encodeName(name, subroute);
    assertEquals(payload, namePayload(name, subroute));
    const reader = new ByteReader();
    reader.reset(joined(Uint8Array.of(7, 7, 7), payload, Uint8Array.of(7)), 3, 3 + payload.length);
    assertEquals(decodeName(reader), { name, subroute });
  }
});

Deno.test("a name that is cut short or too long is a breach, and so is such a subroute", () => {
  const long = "a".repeat(256);
  const payloads = [
    new Uint8Array(0),
    Uint8Array.of(0),
    namePayload("abc").subarray(0, 4),
    namePayload(long),
    namePayload("a", long),
  ];
  for (const payload of payloads) {
    const reader = new ByteReader();
    // The rest of it stands behind the frame.
    reader.reset(joined(payload, new Uint8Array(600)), 0, payload.length);
    const error = assertThrows(() => decodeName(reader), InternodeError, "cut short or too long");
    assertEquals(error.code, "ProtocolError");
  }
});
