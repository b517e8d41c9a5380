import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError } from "../../lib/errors.ts";
import { crc32 } from "../../lib/runtime/checksum.ts";
import { BatchReader } from "../../lib/wire/batch_reader.ts";
import { FLAG_FIRST, FrameType } from "../../lib/wire/frame.ts";
import { MAX_BATCH_BYTES } from "../../lib/wire/limits.ts";
import { ReceiveRing } from "../../lib/wire/receive_ring.ts";
import conversations from "../vectors/conversations.json" with { type: "json" };
import envelopes from "../vectors/envelopes.json" with { type: "json" };
import { slowCrc32 } from "./crc32.ts";
import { seeded } from "../support/seeded.ts";
import { joined } from "../support/session/raw_frames.ts";

/** Puts bytes in, in pieces of these sizes (the last one again and again), and takes batches out. */
function read(reader: BatchReader, bytes: Uint8Array, sizes: readonly number[]): string[] {
  const batches: string[] = [];
  let piece = 0;
  for (let at = 0; at < bytes.length;) {
    const space = reader.space();
    const size = Math.max(1, sizes[Math.min(piece++, sizes.length - 1)]!);
    const count = Math.min(space.length, size, bytes.length - at);
    space.set(bytes.subarray(at, at + count));
    reader.commit(count);
    at += count;
    while (reader.next()) {
      batches.push(reader.ring.bytes.slice(reader.start, reader.end).toHex());
    }
  }
  return batches;
}

function opened(checksums: boolean, ring?: ReceiveRing): BatchReader {
  const reader = new BatchReader(ring);
  reader.open(checksums ? crc32 : null);
  return reader;
}

function envelope(length: number, checksum = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint32(4, checksum, true);
  return bytes;
}

Deno.test("the runtime's CRC-32 is the one that the protocol means", () => {
  // The check value of CRC-32/ISO-HDLC.
  assertEquals(slowCrc32(new TextEncoder().encode("123456789"), 0), 0xcbf4_3926);
  const random = seeded("crc");
  for (let run = 0; run < 50; run++) {
    const first = random.bytes(random.int(0, 200)), second = random.bytes(random.int(0, 200));
    const seed = crc32(first, 0);
    assertEquals(seed, slowCrc32(first, 0));
    assertEquals(crc32(second, seed), slowCrc32(second, seed));
  }
});

for (const { name, hex, checksums, batches } of envelopes) {
  const bytes = Uint8Array.fromHex(hex);
  const expected = batches.map((batch) => batch.framesHex);

  Deno.test(`${name}: whole, byte by byte and at every split`, () => {
    assertEquals(read(opened(checksums), bytes, [Infinity]), expected);
    assertEquals(read(opened(checksums), bytes, [1]), expected);
    for (let split = 1; split < bytes.length; split++) {
      assertEquals(read(opened(checksums), bytes, [split, Infinity]), expected);
      // A ring so small that it has to move and grow.
      const ring = new ReceiveRing(1, 16);
      assertEquals(read(opened(checksums, ring), bytes, [split, Infinity]), expected);
    }
  });

  Deno.test(`${name}: with trailing data, it stays unread until it is whole`, () => {
    for (let extra = 1; extra < 24; extra++) {
      const trailing = new Uint8Array(bytes.length + extra);
      trailing.set(bytes);
      trailing.set(envelope(16).subarray(0, extra), bytes.length);
      const reader = opened(checksums);
      assertEquals(read(reader, trailing, [Infinity]), expected);
      assertEquals(reader.ring.length, extra);
      assertEquals(reader.wanted, extra >= 8 ? 24 : 0);
    }
  });

  Deno.test(`${name}: a changed byte is noticed where checksums are in use`, () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [0, 7]) {
        const changed = bytes.slice();
        changed[at]! ^= 1 << bit;
        const attempt = () => read(opened(checksums), changed, [Infinity]);
        let result: string[] | null = null;
        try {
          result = attempt();
        } catch (error) {
          assert(error instanceof InternodeError && error.code === "ProtocolError");
        }
        // A length that has become larger waits for more; anything else is an error.
        if (checksums) assert(result === null || result.length < expected.length);
      }
    }
  });
}

for (const { name, turns } of conversations.filter(({ bytes }) => bytes)) {
  for (const from of ["dialler", "acceptor"]) {
    Deno.test(`what the ${from} says in "${name}", in pieces of any size`, () => {
      const spoken = turns.filter((turn) => turn.from === from).map((turn) => turn.hex).join("");
      const bytes = Uint8Array.fromHex(spoken);
      const whole = read(opened(false), bytes, [Infinity]);
      assert(whole.length > 0);
      assertEquals(read(opened(false), bytes, [1]), whole);
      for (let split = 1; split < bytes.length; split += 7) {
        assertEquals(read(opened(false), bytes, [split, Infinity]), whole);
      }
    });
  }
}

Deno.test("a batch that is lost, repeated or out of place is noticed", () => {
  const { hex, batches } = envelopes.find(({ batches }) => batches.length === 3)!;
  const bytes = Uint8Array.fromHex(hex);
  let at = 0;
  const parts = batches.map(({ length }) => bytes.subarray(at, at += 8 + length));
  for (const order of [[1], [0, 2], [0, 0], [0, 1, 1], [1, 0, 2]]) {
    const stream = new Uint8Array(order.reduce((sum, n) => sum + parts[n]!.length, 0));
    let position = 0;
    for (const n of order) {
      stream.set(parts[n]!, position);
      position += parts[n]!.length;
    }
    const error = assertThrows(() => read(opened(true), stream, [Infinity]), InternodeError);
    assertEquals([error.code, error.origin], ["ProtocolError", "network"]);
    const words = /^A batch of (\d+) bytes has checksum [0-9a-f]{8} instead of [0-9a-f]{8}:/;
    const length = Number(words.exec(error.message)?.[1]);
    assert(batches.some((batch) => batch.length === length), error.message);
  }
});

for (const length of [0, 1, 15, MAX_BATCH_BYTES + 1, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff]) {
  Deno.test(`a batch of ${length} bytes is refused before room is made for it`, () => {
    const reader = opened(false);
    const error = assertThrows(() => read(reader, envelope(length), [Infinity]), InternodeError);
    assertEquals(error.code, "ProtocolError");
    assert(error.message.includes(`a batch of ${length} bytes`));
    assertEquals(reader.ring.bytes.length, new ReceiveRing().bytes.length);
  });
}

Deno.test("a reader wants nothing in particular before a batch has begun, and once it is whole", () => {
  const reader = new BatchReader();
  assertEquals(reader.wanted, 0);
  read(reader, envelope(16), [Infinity]);
  assertEquals(reader.wanted, 24);
  reader.ring.space(reader.wanted);
  reader.ring.commit(16);
  assertEquals([reader.next(), reader.wanted], [true, 0]);
});

Deno.test("during the handshake batches are small; afterwards they may be large", () => {
  const shy = new BatchReader();
  assertThrows(() => read(shy, envelope(4097), [Infinity]), InternodeError, "16 to 4096");
  const reader = new BatchReader();
  assertEquals(read(reader, envelope(4096), [Infinity]), []);
  assertEquals(reader.wanted, 4104);
  const open = opened(false);
  assertEquals(read(open, envelope(MAX_BATCH_BYTES), [Infinity]), []);
  assertEquals(open.wanted, MAX_BATCH_BYTES + 8);
  assert(open.ring.space(open.wanted).length >= MAX_BATCH_BYTES);
});

Deno.test("checksums count from the first batch after the handshake on", () => {
  const { hex, batches } = envelopes.find(({ name }) => name === "one checked batch")!;
  const frames = Uint8Array.fromHex(batches[0]!.framesHex);
  const reader = new BatchReader();
  const before = new Uint8Array(8 + frames.length);
  before.set(envelope(frames.length, 0x1234_5678));
  before.set(frames, 8);
  assertEquals(read(reader, before, [Infinity]).length, 1);
  reader.open(crc32);
  assertEquals(read(reader, Uint8Array.fromHex(hex), [Infinity]).length, 1);
});

Deno.test("what a hand would write is what is read", () => {
  // 24 bytes: length 16, checksum; type 7 (ping), no flags, code 0, length 0, id 0, number 1.
  const frames = [7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
  const sum = slowCrc32(new Uint8Array(frames), 0);
  const bytes = new Uint8Array([16, 0, 0, 0, ...envelope(0, sum).subarray(4), ...frames]);
  const { hex } = envelopes.find(({ name }) => name === "one checked batch")!;
  assertEquals(bytes.toHex(), hex);
  assertEquals(read(opened(true), bytes, [Infinity]), [new Uint8Array(frames).toHex()]);
});

Deno.test("a goodbye may come without a checksum, but only in the place of the first checked batch", () => {
  const unchecked = (type: number, checksum = 0): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(24);
    bytes.set(envelope(16, checksum));
    bytes[8] = type;
    return bytes;
  };
  assertEquals(read(opened(true), unchecked(4), [Infinity]).length, 1);
  assertThrows(() => read(opened(true), unchecked(7), [Infinity]), InternodeError, "checksum");
  assertThrows(() => read(opened(true), unchecked(4, 1), [Infinity]), InternodeError, "00000001");
  const { hex } = envelopes.find(({ name }) => name === "one checked batch")!;
  const reader = opened(true);
  assertEquals(read(reader, Uint8Array.fromHex(hex), [Infinity]).length, 1);
  assertThrows(() => read(reader, unchecked(4), [Infinity]), InternodeError, "checksum");
});

/** A batch of one message. */
function message(type: number, flags: number, bytes: number): Uint8Array<ArrayBuffer> {
  const batch = joined(envelope(16 + bytes), new Uint8Array(16), new Uint8Array(bytes).fill(7));
  batch.set([type, flags], 8);
  new DataView(batch.buffer).setUint32(12, bytes, true);
  return batch;
}

Deno.test("only a whole message that is a batch by itself is worth reads of its own, and only most of it", () => {
  const cases: [what: string, bytes: Uint8Array, found: boolean][] = [
    ["an input", message(FrameType.input, 0, 100_000).subarray(0, 24), true],
    ["most of one", message(FrameType.input, 0, 100_000).subarray(0, 24 + 34_464), true],
    ["the lesser part", message(FrameType.input, 0, 100_000).subarray(0, 24 + 34_465), false],
    ["its header in part", message(FrameType.input, 0, 100_000).subarray(0, 23), false],
    ["the envelope in part", message(FrameType.input, 0, 100_000).subarray(0, 7), false],
    ["a small one", message(FrameType.input, 0, 65_535).subarray(0, 24), false],
    ["a first piece", message(FrameType.input, FLAG_FIRST, 100_000).subarray(0, 24), false],
    ["another piece", message(FrameType.openerFragment, 0, 100_000).subarray(0, 24), false],
    ["the first of two", joined(envelope(100_016), new Uint8Array(16)), false],
  ];
  for (const [what, bytes, found] of cases) {
    const reader = opened(false);
    assertEquals(read(reader, bytes, [bytes.length]), [], what);
    assertEquals(reader.largeMessage(), found ? 8 : -1, what);
  }
});

Deno.test("what is read with a message goes on in the ring, however small that is", () => {
  for (let ringBytes = 24; ringBytes < 60; ringBytes++) {
    const reader = opened(false, new ReceiveRing(ringBytes));
    const first = message(FrameType.input, 0, 70_000),
      second = message(FrameType.output, 1, 70_001);
    assertEquals(read(reader, first.subarray(0, 24), [24]), []);
    const memory = new Uint8Array(new ArrayBuffer(70_064), 0, 70_000);
    reader.readInto(memory);
    assertEquals([reader.largeMessage(), reader.space().length], [-1, 70_024]);
    const found = read(reader, joined(first, second.subarray(0, 24)).subarray(24), [40_000]);
    assertEquals(found, [first.subarray(8, 24).toHex()]);
    assert(reader.payload === memory && memory.every((byte) => byte === 7));
    assert(new Uint8Array(memory.buffer, 70_000).every((byte) => byte === 0));
    assertEquals(reader.ring.bytes.slice(reader.ring.head, reader.ring.tail), second.slice(0, 24));
    assert(reader.largeMessage() >= 0);
    // Without memory of its own it is read as any other.
    assertEquals(read(reader, second.subarray(24), [1_000]), [second.subarray(8).toHex()]);
    assertEquals(reader.payload, null);
  }
});

Deno.test("behind a large message little is read at first, until something else of size has come", () => {
  const reader = opened(false, new ReceiveRing(100_000));
  assertEquals(reader.space().length, 100_000);
  reader.looks = true;
  assertEquals(reader.space().length, 4_096);
  read(reader, message(FrameType.window, 0, 0), [24]);
  assertEquals([reader.looks, reader.space().length], [true, 4_096]);
  read(reader, message(FrameType.input, 0, 1_009), [1_033]);
  assertEquals([reader.looks, reader.space().length], [false, 100_000]);
});
