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
export async function checkPeer(peer: Client<typeof Interop.methods>): Promise<void> {
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
