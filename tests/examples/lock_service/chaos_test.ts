/** What is done to the nodes, and when. @module */

import { SeededRandom } from "@internode/grid/testing";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { Chaos } from "../../../examples/lock_service/supervisor/chaos.ts";

const LIFETIME_MS = 2_000;

/** The deeds of a run in which each node is back after a while. */
function play(nodes: number, seconds: number, seed: number) {
  const dice = new SeededRandom(seed);
  const random = () => dice.next();
  const totalMs = seconds * 1_000;
  const chaos = new Chaos({ nodes, totalMs, lifetimeMs: LIFETIME_MS, random });
  const deeds: { deed: string; atMs: number }[] = [];
  const backAt: number[] = [];
  for (let nowMs = 0; nowMs < totalMs; nowMs += 50) {
    const away = backAt.filter((at) => at > nowMs).length;
    const deed = chaos.next(nowMs, away);
    if (deed === undefined) continue;
    assert(2 * (nodes - away - 1) > nodes, "a majority must remain");
    deeds.push({ deed, atMs: nowMs });
    const awayMs = deed === "freezeHolder" ? chaos.frozenMs() : chaos.downMs() + LIFETIME_MS;
    backAt.push(nowMs + awayMs);
  }
  assert(backAt.every((at) => at < totalMs + LIFETIME_MS), "each node must have time to return");
  return deeds;
}

Deno.test("a run of 20 seconds sees holders killed, one frozen, and others killed", () => {
  for (let seed = 0; seed < 50; seed++) {
    const kinds = play(8, 20, seed).map(({ deed }) => deed);
    assertEquals(kinds.slice(0, 3), ["killHolder", "freezeHolder", "kill"]);
    assertGreater(kinds.length, 5);
  }
});

Deno.test("a run of 2 seconds sees one holder killed", () => {
  assertEquals(play(8, 2, 1).map(({ deed }) => deed), ["killHolder"]);
});

Deno.test("of three nodes one at most is away", () => {
  for (let seed = 0; seed < 50; seed++) assertGreater(play(3, 20, seed).length, 2);
});

Deno.test("a seed repeats the plan", () => {
  assertEquals(play(8, 20, 3), play(8, 20, 3));
});
