import { assertEquals } from "@std/assert";
import { crc32 } from "../../lib/runtime/checksum.ts";

/** The definition, a bit at a time. */
function naive(bytes: Uint8Array, seed: number): number {
  let crc = ~seed;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

Deno.test("the checksum is CRC-32", () => {
  assertEquals(crc32(new TextEncoder().encode("123456789"), 0), 0xcbf43926);
  assertEquals(crc32(new Uint8Array(), 0), 0);
  for (let length = 0; length < 300; length += 7) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 31 + length);
    assertEquals(crc32(bytes, 0), naive(bytes, 0));
  }
});

Deno.test("a checksum goes on from the one before, wherever the bytes are cut", () => {
  const bytes = Uint8Array.from({ length: 200 }, (_, i) => i * 7);
  const whole = crc32(bytes, 0);
  for (let cut = 0; cut <= bytes.length; cut++) {
    assertEquals(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut), 0)), whole);
  }
});
