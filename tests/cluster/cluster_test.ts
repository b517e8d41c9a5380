import { drawSeed } from "../../lib/testing/run_seeded.ts";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { play, type Played } from "./play.ts";

/** Seeds that have found something once stay here. */
const KEPT_SEEDS = [1, 7, 24, 41, 55];
const FRESH_SEEDS = 3;

/** Cheap to see in a log which history it was. */
function show(played: Played): void {
  const { seed, nodes, calls, faults } = played;
  console.log(`seed ${seed}: ${nodes} nodes, ${calls} calls, ${JSON.stringify(faults)}`);
}

for (const seed of KEPT_SEEDS) {
  Deno.test(`a cluster comes through the chaos of seed ${seed}, and every call ends as it should`, async () => {
    const { calls, fates } = await play(seed);
    assert(calls > 50 && (fates["ok"] ?? 0) > calls / 4, JSON.stringify(fates));
  });
}

Deno.test("clusters come through chaos of seeds drawn today", async () => {
  for (let round = 0; round < FRESH_SEEDS; round++) show(await play(drawSeed()));
});

Deno.test("one seed plays one history, another seed another", async () => {
  const first = await play(4_711, { chaosMs: 15_000 });
  assertEquals(await play(4_711, { chaosMs: 15_000 }), first);
  const other = await play(4_712, { chaosMs: 15_000 });
  assertNotEquals(other.digest, first.digest);
});

Deno.test("a pair comes through chaos", async () => {
  const { nodes, fates } = await play(2_002, { nodes: 2 });
  assertEquals(nodes, 2);
  assert(fates["ok"]! > 0);
});

Deno.test("sixty-four nodes come through chaos", async () => {
  const { nodes, calls } = await play(6_464, { nodes: 64, chaosMs: 5_000 });
  assertEquals(nodes, 64);
  assert(calls > 100);
});
