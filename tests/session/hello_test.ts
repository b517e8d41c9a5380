import { assertEquals } from "@std/assert";
import { decodeHello, encodeHello } from "../../lib/session/hello.ts";
import { ByteReader } from "../../lib/wire/byte_reader.ts";
import { joined } from "./raw_frames.ts";
import { peerHello } from "./scripted_peer.ts";

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
