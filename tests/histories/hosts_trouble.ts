/**
 * What goes wrong while lists of hosts change.
 *
 * @module
 */

import type { Manager } from "@internode/grid";
import type { SeededRandom, SimulatedCluster } from "@internode/grid/testing";

/**
 * Something that goes wrong at a random moment.
 *
 * @param windowMs Within what time it is over.
 * @param onCrash Is told who dies.
 */
export async function trouble(
  grid: SimulatedCluster<Manager>,
  random: SeededRandom,
  windowMs: number,
  onCrash: (index: number) => void,
): Promise<void> {
  const { size } = grid;
  const kind = random.pick(["cut", "cut", "stall", "slow", "freeze", "crash"] as const);
  const a = random.int(0, size - 1), b = (a + random.int(1, size - 1)) % size;
  const lastsMs = random.float(0, 600);
  await grid.clock.advance(random.float(0, windowMs - 1_000));
  switch (kind) {
    case "cut":
      grid.cut(a, b);
      break;
    case "stall":
      grid.stall(a, b, random.chance(0.5) ? "both" : "oneWay");
      await grid.clock.advance(lastsMs);
      grid.resume(a, b);
      break;
    case "slow":
      grid.network.setLink(grid.hosts[a]!, grid.hosts[b]!, { latencyMaxMs: lastsMs });
      await grid.clock.advance(lastsMs);
      grid.network.setLink(grid.hosts[a]!, grid.hosts[b]!, null);
      break;
    case "freeze":
      if (!grid.isRunning(a) || grid.isFrozen(a)) return;
      grid.freeze(a);
      await grid.clock.advance(lastsMs);
      if (grid.isRunning(a) && grid.isFrozen(a)) grid.thaw(a);
      break;
    case "crash":
      if (!grid.isRunning(a)) return;
      grid.crash(a, random.pick(["close", "reset", "silent"]));
      onCrash(a);
      await grid.clock.advance(lastsMs);
      await grid.restart(a);
  }
}
