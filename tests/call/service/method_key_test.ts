import { InternodeError } from "@internode/grid";
import { makeMethodKey, MethodKey } from "@internode/grid/call";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { sha256 } from "../../../lib/runtime/sha256.ts";
import vectors from "../../vectors/method_keys.json" with { type: "json" };

for (const { name, component, method, encodedHex, hex } of vectors) {
  Deno.test(`method key "${name}" is what its vector says`, () => {
    const key = makeMethodKey(component, method);
    assert(key instanceof MethodKey);
    assertEquals([key.component, key.method], [component, method]);
    assertEquals(key.name, `${component}.${method}`);
    assertEquals(key.hex, hex);
    assertEquals(key.bytes, Uint8Array.fromHex(hex));
    assertEquals(sha256(Uint8Array.fromHex(encodedHex)).toHex().slice(0, 32), hex);
  });
}

Deno.test("SHA-256 of the standard's own example", () => {
  // FIPS 180-2, appendix B.1.
  assertEquals(
    sha256(new TextEncoder().encode("abc")).toHex(),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("names that read alike have different keys", () => {
  const keys = [["a", "bc"], ["ab", "c"], ["a", "b.c"], ["a.b", "c"], ["A", "bc"], ["a", "\0bc"]];
  assertEquals(new Set(keys.map(([c, m]) => makeMethodKey(c!, m!).hex)).size, keys.length);
});

Deno.test("names that are empty, too long or not Unicode are refused by name", () => {
  const refused: [string, string, string][] = [
    ["", "get", "component must have 1 to 255"],
    ["cache", "", "method must have 1 to 255"],
    ["c".repeat(256), "get", "has 256"],
    ["cache", "ö".repeat(128), "has 256"],
    ["cache", "half \ud83d", "Unicode"],
  ];
  for (const [component, method, part] of refused) {
    const error = assertThrows(() => makeMethodKey(component, method), InternodeError);
    assertEquals(error.code, "InvalidArgument");
    assertStringIncludes(error.message, part);
  }
});
