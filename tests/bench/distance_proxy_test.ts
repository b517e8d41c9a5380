/** The path that benches measure over: late, slow, in order, and nothing is lost. Times have lower bounds alone, which hold on any machine. @module */

import { assert, assertEquals } from "@std/assert";
import { type Distance, DistanceProxy } from "../support/network/distance_proxy.ts";
import { NET } from "../support/permitted.ts";

const ignore = !NET;

/** Sends bytes to an echo through such a path, and gives what comes back and how long that took. */
async function through(
  distance: Distance,
  sent: Uint8Array,
): Promise<{ readonly back: Uint8Array; readonly tookMs: number }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const echoing = (async (): Promise<void> => {
    const conn = await listener.accept();
    await conn.readable.pipeTo(conn.writable).catch(() => {});
  })();
  await using proxy = new DistanceProxy({ toPort: listener.addr.port, ...distance });
  const startMs = performance.now();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  const write = async (): Promise<void> => {
    for (let at = 0; at < sent.length;) at += await conn.write(sent.subarray(at));
    await conn.closeWrite();
  };
  const [back] = await Promise.all([
    new Response(conn.readable).bytes(),
    write(),
  ]);
  const tookMs = performance.now() - startMs;
  await echoing;
  listener.close();
  return { back, tookMs };
}

function numbered(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => at * 7 + (at >> 8));
}

const PATHS: [what: string, distance: Distance, bytes: number, leastMs: number][] = [
  ["no distance", {}, 1_000_000, 0],
  ["a delay each way", { delayMs: 20 }, 10, 40],
  ["jitter, and keeps the order", { delayMs: 1, jitterMs: 15 }, 300_000, 2],
  ["a bandwidth", { bytesPerMs: 10_000 }, 1_000_000, 100],
  ["a bandwidth and a small buffer", { bytesPerMs: 10_000, bufferBytes: 1_000 }, 500_000, 50],
  ["stalls", { delayMs: 1, stallEveryMs: 30, stallMs: 20, bytesPerMs: 10_000 }, 500_000, 52],
];
for (const [what, distance, bytes, leastMs] of PATHS) {
  Deno.test({ name: `a path with ${what} brings all bytes`, ignore }, async () => {
    const sent = numbered(bytes), { back, tookMs } = await through(distance, sent);
    assertEquals(back.length, sent.length);
    assert(back.every((byte, at) => byte === sent[at]));
    assert(tookMs >= leastMs, `${tookMs} ms, which is too soon`);
  });
}

Deno.test({ name: "a path that ends takes its connections with it", ignore }, async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const proxy = new DistanceProxy({ toPort: listener.addr.port, delayMs: 10_000 });
  const near = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  const far = await listener.accept();
  await near.write(numbered(10));
  await proxy[Symbol.asyncDispose]();
  assertEquals(await far.read(new Uint8Array(10)).catch(() => null), null);
  for (const end of [near, far]) end.close();
  listener.close();
});
