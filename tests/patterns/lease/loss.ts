/**
 * How leases must end when they are lost, whatever keeps them.
 *
 * @module
 */

import type { InternodeError } from "@internode/grid";
import type { Lease, Leases } from "@internode/grid/patterns";
import { assertEquals, assertStrictEquals } from "@std/assert";

/** What became of a lease: each thing that its holder was told. */
interface Told {
  readonly lease: Lease;
  readonly reasons: unknown[];
}

/**
 * Loses a leader's lease, one that is held for a while and one that is shared,
 * and sees that all three are told once, and of the same.
 *
 * @param lose Takes the leases away, and resolves when all of them must have ended.
 */
export async function loseAll(leases: Leases, lose: () => Promise<void>): Promise<void> {
  const led = Promise.withResolvers<Lease>(), onLost: [Lease, unknown][] = [];
  await using leader = leases.leader("led", {
    onGained: led.resolve,
    onLost: (lease, reason) => {
      assertEquals([lease.isHeld, lease.remainingMs, leader.lease], [false, 0, null]);
      onLost.push([lease, reason]);
    },
  });
  const held = [
    await led.promise,
    await leases.lease("held"),
    await leases.lease("shared", { shared: true }),
  ];
  const told = held.map((lease): Told => {
    const reasons: unknown[] = [], { signal } = lease;
    signal.addEventListener("abort", () => reasons.push(signal.reason));
    return { lease, reasons };
  });
  await lose();
  for (const { lease, reasons } of told) {
    await lease.release(); // there is nothing to give back
    const [reason] = reasons;
    assertEquals(
      [reasons.length, lease.isHeld, lease.signal.aborted],
      [1, false, true],
      lease.name,
    );
    assertStrictEquals(lease.signal.reason, reason);
    assertEquals([(reason as InternodeError).code, (reason as InternodeError).origin], [
      "Unreachable",
      "network",
    ]);
  }
  const first = onLost.filter(([lease]) => lease === held[0]);
  assertEquals(first.map(([, reason]) => reason), told[0]!.reasons);
}
