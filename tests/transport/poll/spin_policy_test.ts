import { assert, assertEquals } from "@std/assert";
import { SpinPolicy } from "../../../lib/transport/poll/spin_policy.ts";

/** Waits once in each millisecond, where so many parts of spins have success; says how many spins there were. */
function spinsOf(policy: SpinPolicy, fromMs: number, waits: number, hits: (n: number) => boolean) {
  let spins = 0;
  for (let wait = 0; wait < waits; wait++) {
    const nowMs = fromMs + wait;
    if (!policy.maySpin(nowMs)) continue;
    spins++;
    if (hits(spins)) policy.onHit();
    else policy.onMiss(nowMs);
  }
  return spins;
}

Deno.test("spin policy: what pays goes on for ever", () => {
  assertEquals(spinsOf(new SpinPolicy(), 0, 10_000, () => true), 10_000);
  assertEquals(spinsOf(new SpinPolicy(), 0, 10_000, (n) => n % 4 !== 0), 10_000);
});

Deno.test("spin policy: what does not pay is given up, and tried once a second at last", () => {
  const policy = new SpinPolicy();
  const first = spinsOf(policy, 0, 10_000, () => false);
  assert(first < 30, `${first} spins in vain within 10 s`);
  const later = spinsOf(policy, 10_000, 100_000, () => false);
  assert(later >= 90 && later <= 101, `${later} spins in vain within 100 s`);
});

Deno.test("spin policy: less than half of the spins with success does not pay", () => {
  const spins = spinsOf(new SpinPolicy(), 0, 10_000, (n) => n % 5 === 0);
  assert(spins < 5_000, `${spins} spins`);
});

Deno.test("spin policy: when it pays again it is taken up within a second", () => {
  const policy = new SpinPolicy();
  spinsOf(policy, 0, 20_000, () => false);
  spinsOf(policy, 20_000, 1_001, () => true);
  assertEquals(spinsOf(policy, 21_001, 1_000, () => true), 1_000);
  // The first rest is short again.
  spinsOf(policy, 22_001, 20, () => false);
  assert(spinsOf(policy, 22_021, 20, () => false) > 0);
});
