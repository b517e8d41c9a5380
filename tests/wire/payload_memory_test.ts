import { assert, assertEquals, assertNotStrictEquals } from "@std/assert";
import { ballastElements, hastenCollection, payloadMemory } from "../../lib/wire/payload_memory.ts";

Deno.test("memory for a payload is new, zeroed and the user's alone, whatever its size", () => {
  for (const size of [0, 1, 4_097, 16_384, 65_536, 1_048_576]) {
    const first = payloadMemory(size), second = payloadMemory(size);
    assertEquals(first.length, size);
    assertEquals(first.buffer.byteLength, size);
    assertNotStrictEquals(first.buffer, second.buffer);
    first.fill(1);
    assert(second.every((byte) => byte === 0));
  }
});

Deno.test("only large payloads have ballast, and never much of it", () => {
  payloadMemory(65_536);
  assertEquals(ballastElements(), 2_730, "one element for each 24 bytes");
  payloadMemory(16_383);
  assertEquals(ballastElements(), 2_730, "a small payload brings none of its own");
  payloadMemory(16_384);
  assertEquals(ballastElements(), 682);
  payloadMemory(8 * 1024 * 1024);
  assertEquals(ballastElements(), 8_192);
});

Deno.test("what the runtime leaves to the collector has ballast as a payload of that size has", () => {
  hastenCollection(32_768);
  assertEquals(ballastElements(), 1_365);
  hastenCollection(16_383);
  assertEquals(ballastElements(), 1_365);
});

Deno.test("memory given after a great deal of it is as good as before", () => {
  const kept: Uint8Array[] = [];
  for (let i = 0; i < 256; i++) {
    const bytes = payloadMemory(65_536);
    assert(bytes[0] === 0 && bytes[65_535] === 0);
    bytes.fill(i);
    if (i % 8 === 0) kept.push(bytes);
  }
  kept.forEach((bytes, i) => assert(bytes.every((byte) => byte === i * 8)));
});
