/**
 * A history of a node that follows a sequence, which other nodes have replicas of.
 *
 * What must hold: whatever is lost, frozen, parted or started anew, it reads each
 * number once and in order, from where it began on; it is told of a gap where
 * it has missed something that was dropped, and only there; in the end it has read all.
 *
 * @module
 */

import type { Manager } from "@internode/grid";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { PATIENCE_MS } from "../history.ts";
import { changeHosts, trouble } from "../hosts_trouble.ts";
import { type Fault, follow, Follower, Seen, Sequence } from "./sequence.ts";

const WINDOW_MS = 4_000;
const GROWTHS = 60;

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playFollowing(seed: number, fault: Fault = "none"): Promise<string> {
  const random = new SeededRandom(seed), nodes = random.int(2, 4);
  const sequence = new Sequence(random, fault), seen = new Seen();
  let follower: Follower | null = null;
  const grid: SimulatedCluster<Manager> = simulatedGrid({
    nodes,
    seed,
    channels: random.pick(["bytes", "messages"]),
    options: () => ({
      ...random.chance(0.3) && { maxConnectionAgeMs: random.float(300, 2_000), renewalGraceMs: 50 },
    }),
    serve: (manager, { index, clock, hosts }) => {
      if (index > 0) {
        const log = sequence.replica(clock);
        manager.handle(
          follow,
          ({ from }, _, context) => log.read(sequence.begin(log, from), context),
        );
        return;
      }
      const open = (from: string | undefined) => {
        const peer = manager.connection(hosts[random.int(1, nodes - 1)]!);
        const waitForReady = random.chance(0.3);
        return peer.stream(follow, from === undefined ? {} : { from }, { waitForReady });
      };
      follower = new Follower(seen, sequence, open, random, clock, fault);
      void follower.run();
    },
  });
  await grid.run(async () => {
    const { clock } = grid;
    await grid.start();
    const grow = (): void => void sequence.last++;
    for (let at = 0; at < GROWTHS; at++) clock.setTimer(random.float(0, WINDOW_MS), grow);
    const troubles = Array.from(
      { length: random.int(1, 6) },
      () => trouble(grid, random, WINDOW_MS, () => {}),
    );
    if (random.chance(0.4)) changeHosts(grid, random, WINDOW_MS);
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    grid.heal();
    grow();
    const isDone = (): boolean => seen.last === sequence.last || seen.faults.length > 0;
    await clock.runUntil(isDone, PATIENCE_MS, "the follower to have read all");
    follower!.leave();
    sequence.stopped = true;
    await clock.advance(1_000);
    if (seen.faults.length > 0) throw new Error(seen.faults.join("\n"));
  });
  await grid.close();
  return grid.history.digest;
}
