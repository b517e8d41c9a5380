import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FrameError, OPCODE } from "../../lib/net/web_socket_frames.ts";
import { FrameReader } from "../../lib/net/web_socket_reader.ts";
import { type ClientFrame, serverFrame } from "./raw_web_socket.ts";

const { binary, close, continuation, ping, pong, text } = OPCODE;
const MAX_BYTES = 100_000;

function bytesOf(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => i * 13 + seed);
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Gives bytes to a reader, at most `sizes()` at a time, and gathers what it finds. */
function feed(reader: FrameReader, bytes: Uint8Array, size: () => number): ClientFrame[] {
  const found: ClientFrame[] = [];
  const look = (): void => {
    while (reader.next()) {
      const { opcode, payload } = reader;
      assertEquals(payload.byteLength, payload.buffer.byteLength, "it has bytes beside its own");
      found.push({ opcode, payload });
    }
  };
  look();
  for (let at = 0; at < bytes.length;) {
    const space = reader.space();
    assert(space.length > 0, "there is no space");
    const part = bytes.subarray(at, at + Math.min(space.length, size()));
    space.set(part);
    reader.commit(part.length);
    at += part.length;
    look();
  }
  return found;
}

const MIXED = join(
  serverFrame(binary, bytesOf(0)),
  serverFrame(binary, bytesOf(1)),
  serverFrame(ping, bytesOf(125)),
  serverFrame(binary, bytesOf(126)),
  serverFrame(binary, bytesOf(3), { final: false }),
  serverFrame(pong, bytesOf(2)),
  serverFrame(continuation, bytesOf(0), { final: false }),
  serverFrame(continuation, bytesOf(130, 2), { final: false }),
  serverFrame(ping, bytesOf(0)),
  serverFrame(continuation, bytesOf(4, 3)),
  serverFrame(binary, bytesOf(5), { lengthBytes: 8 }),
  serverFrame(binary, bytesOf(0), { final: false }),
  serverFrame(continuation, bytesOf(0)),
  serverFrame(close, Uint8Array.of(3, 232)),
);
const MIXED_FRAMES: ClientFrame[] = [
  { opcode: binary, payload: bytesOf(0) },
  { opcode: binary, payload: bytesOf(1) },
  { opcode: ping, payload: bytesOf(125) },
  { opcode: binary, payload: bytesOf(126) },
  { opcode: pong, payload: bytesOf(2) },
  { opcode: ping, payload: bytesOf(0) },
  { opcode: binary, payload: join(bytesOf(3), bytesOf(130, 2), bytesOf(4, 3)) },
  { opcode: binary, payload: bytesOf(5) },
  { opcode: binary, payload: bytesOf(0) },
  { opcode: close, payload: Uint8Array.of(3, 232) },
];

Deno.test("messages and control frames are found byte by byte, at once, and however they are split", () => {
  assertEquals(feed(new FrameReader(MAX_BYTES), MIXED, () => 1), MIXED_FRAMES);
  assertEquals(feed(new FrameReader(MAX_BYTES), MIXED, () => Infinity), MIXED_FRAMES);
  for (let split = 1; split < MIXED.length; split++) {
    const sizes = [split, Infinity];
    assertEquals(feed(new FrameReader(MAX_BYTES), MIXED, () => sizes.shift()!), MIXED_FRAMES);
  }
});

Deno.test("what was read before counts", () => {
  for (let split = 0; split <= MIXED.length; split++) {
    const reader = new FrameReader(MAX_BYTES, MIXED.slice(0, split));
    assertEquals(feed(reader, MIXED.subarray(split), () => Infinity), MIXED_FRAMES);
  }
  const large = serverFrame(binary, bytesOf(50_000));
  const reader = new FrameReader(MAX_BYTES, large.slice(0, 20_000));
  const found = feed(reader, large.subarray(20_000), () => Infinity);
  assertEquals(found, [{ opcode: binary, payload: bytesOf(50_000) }]);
});

Deno.test("messages of all sizes arrive whole in reads of all sizes", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  console.log(`sizes from seed ${seed}`);
  let state = seed || 1;
  const next = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const size = (): number => next(1 << next(18));
  for (let round = 0; round < 20; round++) {
    const sent: ClientFrame[] = [], wire: Uint8Array[] = [];
    for (let i = 0; i < 20; i++) {
      const payload = bytesOf(Math.min(size(), MAX_BYTES), i);
      sent.push({ opcode: binary, payload });
      const first = next(3) === 0 ? next(payload.length + 1) : payload.length;
      const whole = first === payload.length;
      wire.push(serverFrame(binary, payload.subarray(0, first), { final: whole }));
      if (!whole) wire.push(serverFrame(continuation, payload.subarray(first)));
    }
    const found = feed(new FrameReader(MAX_BYTES), join(...wire), () => 1 + size());
    assertEquals(found.length, sent.length);
    for (const [i, { payload }] of found.entries()) assertEquals(payload, sent[i]!.payload);
  }
});

Deno.test("a message may be as large as allowed, and is refused by its header if larger", () => {
  const whole = serverFrame(binary, bytesOf(MAX_BYTES));
  assertEquals(feed(new FrameReader(MAX_BYTES), whole, () => 1000)[0]!.payload, bytesOf(MAX_BYTES));
  const header = serverFrame(binary, bytesOf(MAX_BYTES + 1)).slice(0, 10);
  const error = refusalOf(header);
  assertEquals(error.closeCode, 1009);
  assertStringIncludes(error.message, `more than ${MAX_BYTES} bytes`);
  // 2⁶⁴ − 1 and 2⁶³ bytes.
  assertEquals(refusalOf(Uint8Array.of(0x82, 127, ...Array(8).fill(255))).closeCode, 1009);
  assertEquals(refusalOf(Uint8Array.of(0x82, 127, 128, ...Array(7).fill(0))).closeCode, 1009);
});

Deno.test("fragments count together, those without bytes too", () => {
  const part = bytesOf(MAX_BYTES / 4);
  const begin = serverFrame(binary, part, { final: false });
  const more = serverFrame(continuation, part, { final: false });
  const last = serverFrame(continuation, part);
  const found = feed(new FrameReader(MAX_BYTES), join(begin, more, more, last), () => 5000);
  assertEquals(found, [{ opcode: binary, payload: join(part, part, part, part) }]);
  const byte = serverFrame(continuation, bytesOf(1)).slice(0, 2);
  assertEquals(refusalOf(join(begin, more, more, more, byte)).closeCode, 1009);
  const small = serverFrame(continuation, bytesOf(1), { final: false });
  const drops = join(serverFrame(binary, bytesOf(1), { final: false }), ...Array(999).fill(small));
  const end = serverFrame(continuation, bytesOf(0));
  assertEquals(
    feed(new FrameReader(MAX_BYTES), join(drops, end), () => 7)[0]!.payload.length,
    1000,
  );
});

function refusalOf(bytes: Uint8Array): FrameError {
  return assertThrows(() => feed(new FrameReader(MAX_BYTES), bytes, () => 3), FrameError);
}

Deno.test("what a server must not send is refused, and named", () => {
  const begun = serverFrame(binary, bytesOf(1), { final: false });
  const cases: [Uint8Array, number, string][] = [
    [serverFrame(text, bytesOf(1)), 1003, "not binary"],
    [serverFrame(continuation, bytesOf(1)), 1002, "a fragment of no message"],
    [join(begun, serverFrame(binary, bytesOf(1))), 1002, "within the fragments"],
    [join(begun, serverFrame(text, bytesOf(1))), 1003, "not binary"],
    [serverFrame(ping, bytesOf(1), { final: false }), 1002, "control frame in fragments"],
    [serverFrame(ping, bytesOf(126)), 1002, "too long"],
    [Uint8Array.of(0x82, 0x80, 0, 0, 0, 0), 1002, "a masked frame"],
    [Uint8Array.of(0xc2, 0), 1002, "reserved bits"],
    [Uint8Array.of(0x92, 0), 1002, "reserved bits"],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [Uint8Array, number, string] => [
      serverFrame(opcode, bytesOf(0)),
      1002,
      `unknown kind ${opcode}`,
    ]),
  ];
  for (const [bytes, code, words] of cases) {
    const error = refusalOf(bytes);
    assertEquals(error.closeCode, code, words);
    assertStringIncludes(error.message, words);
    assert(error.message.length <= 123, "it does not fit a close frame");
  }
});
