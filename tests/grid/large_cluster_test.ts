/**
 * Clusters of hundreds of nodes on virtual time; `bench/memory/cluster.ts` does the same with a thousand.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Manager, single } from "@internode/grid";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import { simulatedGrid } from "../support/simulation/simulated_grid.ts";

const echo = single("echo");

function areAllConnected(grid: SimulatedCluster<Manager>): boolean {
  return grid.running.every((index) =>
    grid.node(index).connections().every(({ state }) => state === "connected")
  );
}

/** Looks now and then, as looking at each connection after each event would take most of the time. */
async function untilConnected(grid: SimulatedCluster<Manager>, limitMs: number): Promise<void> {
  const untilMs = grid.clock.elapsedMs + limitMs;
  while (!areAllConnected(grid)) {
    assert(grid.clock.elapsedMs < untilMs, `not all are connected after ${limitMs} ms`);
    await grid.clock.advance(10);
  }
}

/** Pairs drawn at random ask each other. */
async function exchange(
  grid: SimulatedCluster<Manager>,
  random: SeededRandom,
  requests: number,
): Promise<void> {
  const asking = Array.from({ length: requests }, async () => {
    const from = random.int(0, grid.size - 1);
    const to = (from + random.int(1, grid.size - 1)) % grid.size;
    const bytes = random.bytes(16);
    const connection = grid.node(from).connection(grid.hosts[to]!);
    assertEquals(await connection.request(echo, bytes), bytes);
  });
  await grid.clock.complete(Promise.all(asking), 10_000);
}

/** Forms a cluster, exchanges requests, kills some nodes and starts them again; gives the digest of it all. */
async function lead(nodes: number, seed: number, killed: number): Promise<string> {
  const grid = simulatedGrid({
    nodes,
    seed,
    channels: "messages",
    serve: (manager) => manager.handle(echo, (bytes) => bytes),
  });
  const random = new SeededRandom(seed).fork("large cluster");
  await grid.run(async () => {
    await grid.start();
    await untilConnected(grid, 1_000);
    // One timer on each side of a connection is all that goes on while it is idle.
    assertEquals(grid.clock.pendingEvents, nodes * (nodes - 1));
    await exchange(grid, random, nodes * 2);

    const all = Array.from({ length: nodes }, (_, index) => index);
    const victims = random.shuffle(all).slice(0, killed);
    for (const index of victims) grid.crash(index, random.pick(["close", "reset"]));
    await grid.clock.advance(50);
    for (const index of victims) await grid.restart(index);
    await untilConnected(grid, 5_000);
    await exchange(grid, random, nodes * 2);
  });
  const { digest } = grid.history;
  await grid.close();
  return digest;
}

Deno.test("128 nodes make their 8,128 connections, and make them again after some were killed", async () => {
  await lead(128, 1, 3);
});

Deno.test("what a large cluster goes through follows from its seed", async () => {
  assertEquals(await lead(40, 7, 4), await lead(40, 7, 4));
});
