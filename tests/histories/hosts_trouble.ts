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
  const kind = random.pick(
    [
      "cut",
      "cut",
      "stall",
      "slow",
      "partition",
      "freeze",
      "crash",
    ] as const,
  );
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
    case "partition":
      grid.partition([random.chance(0.5) ? [a] : [a, b]], random.chance(0.7) ? "both" : "oneWay");
      await grid.clock.advance(lastsMs);
      grid.partition([]);
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

/**
 * A node takes another one off its list of hosts for a while.
 *
 * @param windowMs Within what time it is over.
 */
export function changeHosts(
  grid: SimulatedCluster<Manager>,
  random: SeededRandom,
  windowMs: number,
): void {
  const { clock, size } = grid;
  const node = random.int(0, size - 1), other = (node + random.int(1, size - 1)) % size;
  const atMs = random.float(0, windowMs / 2);
  const set = (hosts: readonly string[]): void => {
    if (!grid.isRunning(node)) return;
    if (grid.isFrozen(node)) grid.thaw(node);
    grid.node(node).setHosts(hosts, { graceMs: random.pick([0, 500]) });
  };
  clock.setTimer(atMs, () => set(grid.hosts.filter((host) => host !== grid.hosts[other])));
  clock.setTimer(atMs + random.float(10, windowMs / 3), () => set(grid.hosts));
}
