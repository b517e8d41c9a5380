import { assertEquals, assertStringIncludes } from "@std/assert";
import { decodeHello, encodeHello } from "../../../lib/session/frames/hello.ts";
import { ByteReader } from "../../../lib/wire/byte_reader.ts";
import { joined, textOf, u32, utf8 } from "../../support/session/raw_frames.ts";
import { peerHello } from "../../support/session/scripted_peer.ts";

Deno.test("a hello says what it was made of, wherever it stands", () => {
  const hello = peerHello({
    minVersion: 2,
    maxVersion: 3,
    features: 0x8000_0005,
    instance: Uint8Array.from({ length: 16 }, (_, at) => at),
    nonce: Uint8Array.from({ length: 32 }, (_, at) => 100 + at),
    maxMessageBytes: 4,
    maxFragmentBytes: 1024,
    receiveBudgetBytes: 65_536,
    streamBudgetBytes: 6,
    maxCalls: 1,
    authenticates: true,
    peerName: "tcp://you:1",
  });
  const bytes = encodeHello(hello), reader = new ByteReader();
  const among = joined(new Uint8Array(7).fill(0xff), bytes, new Uint8Array(7).fill(0xff));
  reader.reset(among, 7, 7 + bytes.length);
  assertEquals([decodeHello(reader), reader.remaining], [hello, 0]);
});

/** What decoding makes of those bytes, with others behind them. */
function decoded(bytes: Uint8Array): ReturnType<typeof decodeHello> {
  const reader = new ByteReader();
  reader.reset(joined(bytes, new Uint8Array(2_000).fill(0x61)), 0, bytes.length);
  return decodeHello(reader);
}

/** A hello with other names, as bytes; the lengths may lie. */
function withNames(
  name: Uint8Array,
  peerName: Uint8Array,
  nameBytes = name.length,
  peerNameBytes = peerName.length,
): Uint8Array {
  const fixed = encodeHello(peerHello()).subarray(0, 96);
  const length = (bytes: number): Uint8Array => u32(bytes).subarray(0, 2);
  return joined(fixed, length(nameBytes), name, length(peerNameBytes), peerName);
}

Deno.test("a hello that is cut short and bytes that are not a hello have different refusals", () => {
  const bytes = encodeHello(peerHello({ name: "tcp://a:1", peerName: "" }));
  const other = "the peer does not speak this protocol";
  for (let length = 0; length < bytes.length; length++) {
    const wanted = length < 4
      ? other
      : length < 96
      ? `its hello has only ${length} bytes`
      : "a name in its hello is cut short, over 1024 bytes, not UTF-8, or has control characters";
    assertStringIncludes(String(decoded(bytes.subarray(0, length))), wanted);
  }
  for (let at = 0; at < 4; at++) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    assertEquals(decoded(changed), other);
  }
  // What a later version adds is skipped.
  assertEquals(decoded(joined(bytes, u32(1, 2, 3))), decoded(bytes));
});

Deno.test("names in a hello have up to 1,024 bytes of text that can be logged", () => {
  const good = utf8("tcp://a:1"), none = utf8("");
  const longest = utf8("ü".repeat(512)), tooLong = utf8("a".repeat(1_025));
  for (const name of [none, good, longest]) {
    const texts = [name, good].map(textOf);
    for (const bytes of [withNames(name, good), withNames(good, name)]) {
      const hello = decoded(bytes);
      if (typeof hello === "string") throw new Error(hello);
      assertEquals([hello.name, hello.peerName].sort(), texts.sort());
    }
  }
  const bad = [tooLong, Uint8Array.of(0xff), ...["\n", "a\u0000", "\u2028", "\u2029"].map(utf8)];
  for (const name of bad) {
    assertStringIncludes(
      String(decoded(withNames(name, good))),
      "a name in its hello is cut short",
    );
    assertStringIncludes(
      String(decoded(withNames(good, name))),
      "a name in its hello is cut short",
    );
  }
  // They reach beyond the frame, where something stands that would do.
  for (const bytes of [withNames(good, none, 10 + 9), withNames(good, good, 9, 10)]) {
    assertStringIncludes(String(decoded(bytes)), "a name in its hello is cut short");
  }
});

Deno.test("a hello with limits that are too low is refused, and one with the lowest limits is accepted", () => {
  const least = { maxFragmentBytes: 1_024, maxCalls: 1, receiveBudgetBytes: 65_536 };
  assertEquals(typeof decoded(encodeHello(peerHello(least))), "object");
  for (const name of ["maxFragmentBytes", "maxCalls", "receiveBudgetBytes"] as const) {
    const said = { ...least, [name]: least[name] - 1 };
    assertEquals(
      decoded(encodeHello(peerHello(said))),
      `its limits are invalid: maxFragmentBytes ${said.maxFragmentBytes}, ` +
        `maxCalls ${said.maxCalls}, receiveBudgetBytes ${said.receiveBudgetBytes}`,
    );
  }
});

Deno.test("only one bit says that a peer proves a secret", () => {
  const bytes = encodeHello(peerHello({ authenticates: true }));
  for (const [value, authenticates] of [[0, false], [1, true], [2, false]] as const) {
    bytes[92] = value;
    const hello = decoded(bytes);
    assertEquals(typeof hello === "string" ? hello : hello.authenticates, authenticates);
  }
});
