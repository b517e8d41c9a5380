/** Tries everything that the peer serves. */

import { InternodeError } from "@internode/grid";
import type { Client } from "@internode/grid/call";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { assertPayload, numbered } from "../support/session/calls.ts";
import type { Interop } from "./contracts.ts";

async function failure(
  call: Promise<unknown>,
  code: string,
  outcome: string,
): Promise<InternodeError> {
  const error = await assertRejects(() => call, InternodeError);
  assertEquals([error.code, error.outcome], [code, outcome], error.message);
  return error;
}

/** Calls each handler, the same way as the peer calls ours. */
export async function checkPeer(
  peer: Client<typeof Interop.methods>,
  knowsMetadata: boolean,
): Promise<void> {
  for (const size of [0, 1, 8192, 8193, 100_000, 2_000_000]) {
    assertPayload(await peer.echo(numbered(size)), numbered(size));
  }
  const parts = Array.from({ length: 50 }, (_, n) => numbered(n * 700, n));
  const echoes = await Promise.all(parts.map((part) => peer.echo(part)));
  for (const [index, part] of parts.entries()) assertPayload(echoes[index], part);

  assertEquals(await peer.greet({ name: "Zoë" }), { text: "Hello Zoë", length: 3 });
  assertEquals([await peer.find(null), await peer.find("a")], [null, "A"]);
  assertEquals(await peer.touch(), undefined);
  const metadata = { "": "", "größe": "✓" };
  assertEquals(await peer.about(undefined, { metadata }), new Map(Object.entries(metadata)));
  for (const priority of ["high", "low", "normal"] as const) {
    const told = knowsMetadata && priority !== "normal" ? [["priority", priority] as const] : [];
    assertEquals(await peer.about(undefined, { priority }), new Map(told));
  }

  const failed = await failure(peer.fail("none left"), "HandlerFailed", "executed");
  assertEquals([failed.remoteName, failed.detail], ["HandlerError", { missing: 3 }]);

  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => peer.wait(undefined, { signal })), reason);
  // Either side may be the first to notice.
  const late = await assertRejects(() => peer.wait(undefined, { timeoutMs: 50 }), InternodeError);
  assertEquals(late.code, "DeadlineExceeded", late.message);
  const stop = new AbortController(), waiting = peer.wait(undefined, { signal: stop.signal });
  // Sent before this one, and so begun when its answer is there.
  await peer.touch();
  stop.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);

  await checkStreams(peer);
  await checkMetadata(peer, knowsMetadata);
}

/** What the peer's handlers set is told; nothing is, where the peer does not know how. */
async function checkMetadata(
  peer: Client<typeof Interop.methods>,
  isKnown: boolean,
): Promise<void> {
  let told: Record<string, string>[] = [];
  const tell = (metadata: Readonly<Record<string, string>>) => void told.push({ ...metadata });
  const options = { onHeaders: tell, onTrailers: tell };
  const assertTold = (...all: Record<string, string>[]): void => {
    assertEquals(told, isKnown ? all : []);
    told = [];
  };
  for (const text of ["", "a", "z".repeat(3000)]) {
    assertEquals(await peer.tell(text, options), text);
    assertTold({ text }, { größe: "✓" });
  }
  await failure(peer.fail("none left", options), "HandlerFailed", "executed");
  assertTold({ failed: "none left" });
  const none = {};
  for (const limit of [0, 3, 50]) {
    const counted = peer.count(limit);
    assertEquals({ ...await counted.headers }, isKnown ? { limit: `${limit}` } : none);
    assertEquals((await Array.fromAsync(counted)).length, limit);
    assertEquals({ ...await counted.trailers }, isKnown ? { counted: `${limit}` } : none);
  }
  const collected = peer.collect(3);
  await collected.send(new Uint8Array(3));
  collected.end();
  assertEquals({ ...await collected.headers }, isKnown ? { size: "3" } : none);
  assertEquals({ ...await collected.trailers }, isKnown ? { size: "3" } : none);
}

async function checkStreams(peer: Client<typeof Interop.methods>): Promise<void> {
  const totals = peer.totals(10), got: number[] = [];
  const read = (async () => {
    for await (const value of totals) got.push(value);
  })();
  for (let value = -50; value < 50; value++) await totals.send(value);
  totals.end();
  await Promise.all([read, totals.finished]);
  assertEquals([got.length, got.at(-1)], [100, 10 - 50]);

  const counted: number[] = [];
  for await (const value of peer.count(1000)) counted.push(value);
  assertEquals(counted, Array.from({ length: 1000 }, (_, n) => n));

  const collect = peer.collect(2_100_000);
  for (const size of [0, 100_000, 2_000_000]) await collect.send(new Uint8Array(size));
  collect.end();
  await collect.finished;

  const wrong = peer.collect(1);
  wrong.end();
  assertEquals(
    (await failure(wrong.finished, "HandlerFailed", "executed")).remoteName,
    "ValueError",
  );

  const endless = peer.count(1_000_000);
  for await (const value of endless) if (value === 10) break;
  const error = await assertRejects(() => endless.finished, InternodeError);
  assert(["Cancelled", "Closed"].includes(error.code), error.message);
}
