import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FrameError, OPCODE } from "../../../lib/transport/websocket/web_socket_frames.ts";
import { FrameReader, freeMessage } from "../../../lib/transport/websocket/web_socket_reader.ts";
import { isPooled, STREAM_MEMORY } from "../../../lib/wire/lending_pool.ts";
import { clientFrame, type RawFrame, serverFrame } from "./raw_web_socket.ts";

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
function feed(reader: FrameReader, bytes: Uint8Array, size: () => number): RawFrame[] {
  const found: RawFrame[] = [];
  const look = (): void => {
    while (reader.next()) {
      const { opcode, payload } = reader;
      const isApart = payload.byteLength === payload.buffer.byteLength;
      const isLarge = payload.byteLength >= 128 * 1024;
      assertEquals([isApart, isPooled(payload)], [!isLarge, isLarge], "whose memory it has");
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

/** Everything that there is, as one side sends it. */
function mixedOf(frame: typeof serverFrame): Uint8Array<ArrayBuffer> {
  return join(
    frame(binary, bytesOf(0)),
    frame(binary, bytesOf(1)),
    frame(ping, bytesOf(125)),
    frame(binary, bytesOf(126)),
    frame(binary, bytesOf(3), { final: false }),
    frame(pong, bytesOf(2)),
    frame(continuation, bytesOf(0), { final: false }),
    frame(continuation, bytesOf(130, 2), { final: false }),
    frame(ping, bytesOf(0)),
    frame(continuation, bytesOf(4, 3)),
    frame(binary, bytesOf(5)),
    frame(binary, bytesOf(0), { final: false }),
    frame(continuation, bytesOf(0)),
    frame(close, Uint8Array.of(3, 232)),
  );
}

const MIXED_FRAMES: RawFrame[] = [
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

for (const [role, frame] of [["client", serverFrame], ["server", clientFrame]] as const) {
  const mixed = mixedOf(frame);

  Deno.test(`a ${role} finds messages and control frames byte by byte, at once, and however they are split`, () => {
    assertEquals(feed(new FrameReader(role, MAX_BYTES), mixed, () => 1), MIXED_FRAMES);
    assertEquals(feed(new FrameReader(role, MAX_BYTES), mixed, () => Infinity), MIXED_FRAMES);
    for (let split = 1; split < mixed.length; split++) {
      const sizes = [split, Infinity];
      assertEquals(
        feed(new FrameReader(role, MAX_BYTES), mixed, () => sizes.shift()!),
        MIXED_FRAMES,
      );
    }
  });

  Deno.test(`what a ${role} has read before counts`, () => {
    for (let split = 0; split <= mixed.length; split++) {
      const reader = new FrameReader(role, MAX_BYTES, mixed.slice(0, split));
      assertEquals(feed(reader, mixed.subarray(split), () => Infinity), MIXED_FRAMES);
    }
    const large = frame(binary, bytesOf(50_000));
    const reader = new FrameReader(role, MAX_BYTES, large.slice(0, 20_000));
    const found = feed(reader, large.subarray(20_000), () => Infinity);
    assertEquals(found, [{ opcode: binary, payload: bytesOf(50_000) }]);
  });
}

Deno.test("masked payloads of every small size, at every place, are unmasked by their key", () => {
  const key = [0x9e, 0x37, 0x79, 0xb9];
  for (let length = 0; length <= 140; length++) {
    for (let before = 0; before < 5; before++) {
      const wire = join(
        clientFrame(binary, bytesOf(before), { final: false }),
        clientFrame(continuation, bytesOf(length, 9), { key }),
      );
      const [found] = feed(new FrameReader("server", MAX_BYTES), wire, () => Infinity);
      assertEquals(found!.payload, join(bytesOf(before), bytesOf(length, 9)));
    }
  }
});

Deno.test("the largest message may be set anew between messages", () => {
  const reader = new FrameReader("server", 100);
  assertEquals(feed(reader, clientFrame(binary, bytesOf(100)), () => 7).length, 1);
  reader.maxMessageBytes = 1000;
  assertEquals(feed(reader, clientFrame(binary, bytesOf(1000)), () => 7).length, 1);
  const header = clientFrame(binary, bytesOf(1001)).slice(0, 8);
  assertThrows(() => feed(reader, header, () => 7), FrameError, "more than 1000 bytes");
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
    const sent: RawFrame[] = [], wire: Uint8Array[] = [];
    for (let i = 0; i < 20; i++) {
      const payload = bytesOf(Math.min(size(), MAX_BYTES), i);
      sent.push({ opcode: binary, payload });
      const first = next(3) === 0 ? next(payload.length + 1) : payload.length;
      const whole = first === payload.length;
      wire.push(clientFrame(binary, payload.subarray(0, first), { final: whole }));
      if (!whole) wire.push(clientFrame(continuation, payload.subarray(first)));
    }
    const found = feed(new FrameReader("server", MAX_BYTES), join(...wire), () => 1 + size());
    assertEquals(found.length, sent.length);
    for (const [i, { payload }] of found.entries()) assertEquals(payload, sent[i]!.payload);
  }
});

Deno.test("a message may be as large as allowed, and is refused by its header if larger", () => {
  const whole = serverFrame(binary, bytesOf(MAX_BYTES));
  assertEquals(
    feed(new FrameReader("client", MAX_BYTES), whole, () => 1000)[0]!.payload,
    bytesOf(MAX_BYTES),
  );
  const header = serverFrame(binary, bytesOf(MAX_BYTES + 1)).slice(0, 10);
  const error = refusalOf(header);
  assertEquals(error.closeCode, 1009);
  assertStringIncludes(error.message, `more than ${MAX_BYTES} bytes`);
  // 2⁶³ − 1 bytes, and 2⁶³, which no length may say.
  assertEquals(refusalOf(Uint8Array.of(0x82, 127, 127, ...Array(7).fill(255))).closeCode, 1009);
  assertEquals(refusalOf(Uint8Array.of(0x82, 127, 128, ...Array(7).fill(0))).closeCode, 1002);
});

Deno.test("fragments count together, those without bytes too", () => {
  const part = bytesOf(MAX_BYTES / 4);
  const begin = serverFrame(binary, part, { final: false });
  const more = serverFrame(continuation, part, { final: false });
  const last = serverFrame(continuation, part);
  const found = feed(
    new FrameReader("client", MAX_BYTES),
    join(begin, more, more, last),
    () => 5000,
  );
  assertEquals(found, [{ opcode: binary, payload: join(part, part, part, part) }]);
  const byte = serverFrame(continuation, bytesOf(1)).slice(0, 2);
  assertEquals(refusalOf(join(begin, more, more, more, byte)).closeCode, 1009);
  const small = serverFrame(continuation, bytesOf(1), { final: false });
  const drops = join(serverFrame(binary, bytesOf(1), { final: false }), ...Array(999).fill(small));
  const end = serverFrame(continuation, bytesOf(0));
  assertEquals(
    feed(new FrameReader("client", MAX_BYTES), join(drops, end), () => 7)[0]!.payload.length,
    1000,
  );
});

function refusalOf(bytes: Uint8Array): FrameError {
  return assertThrows(() => feed(new FrameReader("client", MAX_BYTES), bytes, () => 3), FrameError);
}

Deno.test("what the other side must not send is refused, and named", () => {
  const begun = serverFrame(binary, bytesOf(1), { final: false });
  const cases: [Uint8Array, number, string][] = [
    [serverFrame(text, bytesOf(1)), 1003, "not binary"],
    [serverFrame(continuation, bytesOf(1)), 1002, "a continuation frame without a message"],
    [join(begun, serverFrame(binary, bytesOf(1))), 1002, "before the last fragment"],
    [join(begun, serverFrame(text, bytesOf(1))), 1002, "before the last fragment"],
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
  const unmasked = assertThrows(
    () => feed(new FrameReader("server", MAX_BYTES), serverFrame(binary, bytesOf(1)), () => 3),
    FrameError,
    "a frame that is not masked",
  );
  assertEquals(unmasked.closeCode, 1002);
});

Deno.test("of freed messages only those are used again whose size is wanted again", () => {
  const before = STREAM_MEMORY.freeBytes;
  for (const bytes of [100, 4_224, 8_320, 65_664, 131_071, 200_000, 2_000_000]) {
    const message = new Uint8Array(bytes);
    freeMessage(message);
    assertEquals([STREAM_MEMORY.freeBytes, message.length], [before, bytes < 4_096 ? bytes : 0]);
  }
  const large = STREAM_MEMORY.lendTightly(262_160);
  const lent = STREAM_MEMORY.freeBytes;
  freeMessage(large);
  assertEquals([STREAM_MEMORY.freeBytes - lent, large.length], [262_272, 0]);
});
