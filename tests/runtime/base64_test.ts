import { assertEquals, assertThrows } from "@std/assert";
import {
  base64Of,
  base64UrlOf,
  bytesOfBase64,
  bytesOfBase64Url,
} from "../../lib/runtime/base64.ts";

const LENGTHS = [0, 1, 2, 3, 100, 8 * 1024 + 1, 100_000];

Deno.test("bytes are the same after Base64, of both kinds and any length", () => {
  for (const length of LENGTHS) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + 251) % 256);
    assertEquals(bytesOfBase64(base64Of(bytes)), bytes);
    assertEquals(bytesOfBase64Url(base64UrlOf(bytes)), bytes);
  }
});

Deno.test("Base64 has padding and + and /, that for URLs has - and _ and no padding", () => {
  const bytes = Uint8Array.of(0xfb, 0xef, 0xff, 0xfe);
  assertEquals(base64Of(bytes), "++///g==");
  assertEquals(base64UrlOf(bytes), "--___g");
});

Deno.test("Base64 may be folded, and may lack its padding", () => {
  assertEquals(bytesOfBase64("++//\n /g"), Uint8Array.of(0xfb, 0xef, 0xff, 0xfe));
});

Deno.test("what is no Base64 is refused", () => {
  for (const text of ["a", "ab*d", "ä", "a=bc", "ab=c"]) {
    assertThrows(() => bytesOfBase64(text));
    assertThrows(() => bytesOfBase64Url(text));
  }
  assertThrows(() => bytesOfBase64("--__"));
  assertThrows(() => bytesOfBase64Url("++//"), SyntaxError);
});
