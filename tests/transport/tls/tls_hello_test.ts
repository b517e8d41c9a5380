import { assertEquals, assertRejects } from "@std/assert";
import { readTlsHello } from "../../../lib/transport/tls/tls_hello.ts";
import type { ByteChannel } from "../../../lib/transport/channel/transport.ts";

/** A channel that gives its bytes in pieces of a size. */
function channelOf(bytes: Uint8Array, pieceBytes: number): ByteChannel {
  let at = 0;
  return {
    kind: "bytes",
    remote: "nowhere",
    integrity: false,
    read(into) {
      const count = Math.min(into.length, bytes.length - at, pieceBytes);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return Promise.resolve(count === 0 ? null : count);
    },
    write: (out) => Promise.resolve(out.length),
    close() {},
  };
}

function record(length: number, body = length): Uint8Array {
  const bytes = new Uint8Array(5 + body).fill(7);
  bytes.set([22, 3, 1, length >> 8, length & 0xff]);
  return bytes;
}

Deno.test("the whole record is read, however it comes", async () => {
  for (const length of [0, 1, 300, 1019, 1020, 5000, 16 * 1024]) {
    const bytes = record(length);
    for (const piece of [1, 3, 700, 100_000]) {
      assertEquals(await readTlsHello(channelOf(bytes, piece)), bytes);
    }
  }
});

Deno.test("what came behind the record is not lost", async () => {
  const bytes = record(10, 20);
  assertEquals(await readTlsHello(channelOf(bytes, 100)), bytes);
});

Deno.test("anything else is refused with no more than its head", async () => {
  const cases = [record(16 * 1024 + 1), new TextEncoder().encode("GET / HTTP/1.1\r\n")];
  for (const bytes of cases) {
    await assertRejects(() => readTlsHello(channelOf(bytes.subarray(0, 5), 1)), Error, "not TLS");
  }
  for (const length of [0, 1, 4, 5, 200]) {
    const cut = record(300).subarray(0, length);
    await assertRejects(() => readTlsHello(channelOf(cut, 64)), Error, "ended");
  }
});
