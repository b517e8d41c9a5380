/**
 * A history of two nodes of a grid.
 *
 * @module
 */

import { type Manager, type ManagerOptions, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import { simulatedGrid } from "../support/simulation/simulated_grid.ts";
import { drawPlan, Player, type Way } from "./calling.ts";
import { Ledger } from "./ledger.ts";
import { CALLS, LIMITS, PATIENCE_MS, secretOf, WINDOW_MS, within } from "./history.ts";
import { HANDLE_OPTIONS, Servant } from "./serving.ts";

const message = t.record({ at: t.uint(), filler: t.bytes() });
const work = single("work", { request: message, response: message });
const flow = stream("flow", {
  initial: message,
  input: message,
  output: message,
  inputCapacity: 3,
  outputCapacity: 3,
});

/** The handlers of a node. */
export function serveGrid(manager: Manager, servant: Servant): void {
  manager.handle(work, servant.single, HANDLE_OPTIONS);
  manager.handle(flow, servant.stream, HANDLE_OPTIONS);
}

/** How a node calls another one. */
export function gridWay(from: () => Manager, host: string): Way {
  const connection = () => from().connection(host);
  return {
    single: (request, _, options) => connection().request(work, request, options),
    stream: (initial, options) => connection().stream(flow, initial, options),
  };
}

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playGrid(seed: number, channels: "bytes" | "messages"): Promise<string> {
  const random = new SeededRandom(seed), ledger = new Ledger();
  const grid: SimulatedCluster<Manager> = simulatedGrid({
    seed,
    channels,
    options: () => ({ ...drawOptions(random), ...secretOf(seed) }),
    serve: (manager) => serveGrid(manager, new Servant(ledger, grid.clock)),
  });
  await grid.run(async () => {
    await grid.start();
    await Promise.all([0, 1].map((index) => grid.node(index).waitForConnect()));
    const player = new Player(ledger, grid.clock), { clock } = grid;
    const way = (from: number): Way => gridWay(() => grid.node(from), grid.hosts[1 - from]!);
    const down = new Set<number>();
    let calls = 0;
    for (let call = 0; call < CALLS; call++) {
      const from = random.int(0, 1);
      clock.setTimer(random.float(0, WINDOW_MS), () => {
        if (!down.has(from)) void player.play(way(from), drawPlan(random, calls++));
      });
    }
    const troubles = Array.from({ length: random.int(0, 3) }, () => trouble(grid, random, down));
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    grid.heal();
    await clock.runUntil(() => ledger.busy === 0, PATIENCE_MS, "all calls and handlers to end");
    for (const from of [0, 1]) {
      const ready = () => grid.node(from).waitForConnect({ timeoutMs: PATIENCE_MS });
      await player.probe(way(from), ready);
    }
    const isClear = (): boolean => [0, 1].every((index) => isQuiet(grid.node(index)));
    await clock.runUntil(isClear, PATIENCE_MS, "the connections to be rid of all calls");
    ledger.judge();
  });
  await grid.close();
  return grid.history.digest;
}

/** Whether a node's connection holds nothing of any call. */
function isQuiet(node: Manager): boolean {
  const { callsIn, callsOut, queuedBytes } = node.connections()[0]!.stats();
  return callsIn + callsOut + queuedBytes === 0;
}

function drawOptions(random: SeededRandom): Partial<ManagerOptions> {
  const renews = random.chance(0.4);
  return {
    limits: LIMITS,
    defaultTimeoutMs: PATIENCE_MS / 2,
    ...(renews && {
      maxConnectionAgeMs: random.float(100, 800),
      renewalGraceMs: random.float(10, 1_000),
    }),
  };
}

/**
 * Something that goes wrong, or is done on purpose, at a random moment.
 *
 * @param down Nodes that have closed and are not there again.
 */
async function trouble(
  grid: SimulatedCluster<Manager>,
  random: SeededRandom,
  down: Set<number>,
): Promise<void> {
  const kind = random.pick(["cut", "cut", "stall", "close", "slow"] as const);
  const index = random.int(0, 1), lastsMs = random.float(0, 400), graceMs = random.int(0, 600);
  await grid.clock.advance(random.float(0, WINDOW_MS));
  if (kind === "cut") grid.cut(0, 1);
  else if (kind === "slow") {
    const [from, to] = [grid.hosts[index]!, grid.hosts[1 - index]!];
    grid.network.setLink(from, to, { latencyMaxMs: lastsMs, bandwidthBytesPerMs: 100 });
    await grid.clock.advance(lastsMs);
    grid.network.setLink(from, to, null);
  } else if (kind === "stall") {
    grid.stall(index, 1 - index, random.chance(0.5) ? "both" : "oneWay");
    await grid.clock.advance(lastsMs);
    grid.resume(0, 1);
  } else {
    if (down.has(index)) return;
    const node = grid.node(index);
    await within(grid.clock, node.close({ graceMs }), graceMs);
    if (down.has(index) || grid.node(index) !== node) return;
    down.add(index);
    grid.crash(index);
    await grid.restart(index);
    down.delete(index);
  }
}
