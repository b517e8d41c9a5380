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
  /** Resolves when its holder was told for the first time. */
  readonly heard: Promise<void>;
}

/**
 * Loses a leader's lease, one that is held for a while and one that is shared,
 * and sees that all three are told once, and of the same.
 *
 * @param lose Takes the leases away, and resolves when all of them must have ended. Its argument
 * resolves once all three were told.
 */
export async function loseAll(
  leases: Leases,
  lose: (told: Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const led = Promise.withResolvers<Lease>(), onLost: [Lease, unknown][] = [];
  const lost = Promise.withResolvers<void>();
  await using leader = leases.leader("led", {
    onGained: led.resolve,
    onLost: (lease, reason) => {
      assertEquals([lease.isHeld, lease.remainingMs, leader.lease], [false, 0, null]);
      onLost.push([lease, reason]);
      lost.resolve();
    },
  });
  const held = [
    await led.promise,
    await leases.lease("held"),
    await leases.lease("shared", { shared: true }),
  ];
  const told = held.map((lease): Told => {
    const reasons: unknown[] = [], { signal } = lease, heard = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => {
      reasons.push(signal.reason);
      heard.resolve();
    });
    return { lease, reasons, heard: heard.promise };
  });
  await lose(Promise.all([lost.promise, ...told.map(({ heard }) => heard)]));
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
  await leader.close(); // what it still has to tell it has told then
  const first = onLost.filter(([lease]) => lease === held[0]);
  assertEquals(first.map(([, reason]) => reason), told[0]!.reasons);
}
