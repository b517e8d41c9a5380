/**
 * A history of a client that follows a sequence, of which each replica of a service has its own copy.
 *
 * What must hold: as in follow_history.ts, at whichever replica the stream goes on.
 *
 * @module
 */

import { client, type HandlerMap, implement, methodStream, service } from "@internode/grid/call";
import { type NodeClock, SeededRandom } from "@internode/grid/testing";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";
import { PATIENCE_MS } from "../history.ts";
import { type Fault, Follower, followParts, Seen, Sequence } from "./sequence.ts";

const WINDOW_MS = 4_000;
const GROWTHS = 60;
const Following = service("following", { follow: methodStream(followParts) });

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playReplicas(seed: number, fault: Fault = "none"): Promise<string> {
  const random = new SeededRandom(seed), replicas = random.int(2, 4);
  const sequence = new Sequence(random, fault), seen = new Seen();
  const sim = new SimulatedService(seed, { channels: random.pick(["bytes", "messages"]) });
  const { clock } = sim;
  /** What each process takes its copy by, and no longer than it runs. */
  const clocks: NodeClock[] = [];
  const handlers = (index: number): HandlerMap => {
    clocks[index]?.stop();
    const log = sequence.replica(clocks[index] = clock.view());
    return implement(Following, {
      follow: ({ from }, _, context) => log.read(sequence.begin(log, from), context),
    });
  };
  await sim.run(async () => {
    const connection = await sim.connectTo(replicas, handlers, {
      ...random.chance(0.3) && { maxConnectionAgeMs: random.float(300, 2_000), renewalGraceMs: 50 },
    });
    const { follow } = client(Following, connection);
    const open = (from: string | undefined) =>
      follow(from === undefined ? {} : { from }, { waitForReady: random.chance(0.3) });
    const follower = new Follower(seen, sequence, open, random, clock, fault);
    void follower.run();
    const grow = (): void => void sequence.last++;
    for (let at = 0; at < GROWTHS; at++) clock.setTimer(random.float(0, WINDOW_MS), grow);
    const down = new Set<number>();
    const restart = (index: number): Promise<void> => sim.start(index, handlers(index));
    const troubles = Array.from(
      { length: random.int(1, 6) },
      () => trouble(sim, random, clocks, down, restart),
    );
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    sim.network.heal();
    grow();
    const isDone = (): boolean => seen.last === sequence.last || seen.faults.length > 0;
    await clock.runUntil(isDone, PATIENCE_MS, "the follower to have read all");
    follower.leave();
    sequence.stopped = true;
    await clock.advance(1_000);
    if (seen.faults.length > 0) throw new Error(seen.faults.join("\n"));
  });
  return sim.network.history.digest;
}

/** Something that goes wrong at a random moment, and is over soon. */
async function trouble(
  sim: SimulatedService,
  random: SeededRandom,
  clocks: readonly NodeClock[],
  down: Set<number>,
  restart: (index: number) => Promise<void>,
): Promise<void> {
  const kind = random.pick(
    ["cut", "stall", "slow", "partition", "freeze", "crash", "crash", "stop", "list"] as const,
  );
  const replicas = clocks.length,
    index = random.int(0, replicas - 1),
    lastsMs = random.float(0, 600);
  const there = sim.host(index), here = "memory://client-0", { network, clock } = sim;
  await clock.advance(random.float(0, WINDOW_MS - 1_000));
  switch (kind) {
    case "cut":
      network.cut(here, there);
      break;
    case "stall":
      network.stall(here, there, random.chance(0.5) ? "both" : "oneWay");
      await clock.advance(lastsMs);
      network.resume(here, there);
      break;
    case "slow":
      network.setLink(there, here, { latencyMaxMs: lastsMs });
      await clock.advance(lastsMs);
      network.setLink(there, here, null);
      break;
    case "partition":
      network.partition([[here]], random.chance(0.7) ? "both" : "oneWay");
      await clock.advance(lastsMs);
      network.partition([]);
      break;
    case "freeze":
      sim.freeze(index);
      await clock.advance(lastsMs);
      sim.thaw(index);
      break;
    case "crash":
    case "stop":
      if (down.has(index)) return;
      down.add(index);
      clocks[index]!.stop();
      if (kind === "crash") sim.crash(index, random.pick(["close", "reset", "silent"]));
      else {
        sim.thaw(index);
        await sim.stop(index);
      }
      await clock.advance(lastsMs);
      await restart(index);
      down.delete(index);
      break;
    case "list":
      sim.list(...Array(replicas).keys().filter((other) => other !== index));
      await clock.advance(lastsMs);
      sim.list(...Array(replicas).keys());
  }
}
