/**
 * Hundreds of nodes that start at one time.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Manager } from "@internode/grid";
import type { SimulatedCluster, SimulatedNode } from "@internode/grid/testing";
import type { Transport, Transports } from "@internode/grid";
import { MAX_DIALS, SLOT_MS } from "../../../lib/rpc/connecting/dial_limiter.ts";
import { dials } from "../../../lib/grid/dialler.ts";
import { type GridSetup, simulatedGrid } from "../../support/simulation/simulated_grid.ts";

/** Node 0 knows all, and each other one knows only node 0. */
function star(nodes: number, setup: GridSetup): SimulatedCluster<Manager> {
  return simulatedGrid({
    nodes,
    channels: "messages",
    ...setup,
    options: (node) => ({
      hosts: node.index === 0 ? node.hosts : [node.host, node.hosts[0]!],
      ...setup.options?.(node),
    }),
  });
}

function connected(grid: SimulatedCluster<Manager>): number {
  return grid.node(0).connections().filter(({ state }) => state === "connected").length;
}

/** Names of hosts that dial the first one, all of them. */
function diallersOf(first: string): (index: number) => string {
  const names = [first];
  for (let number = 1; names.length < 2_000; number++) {
    const name = `memory://node-${number}`;
    if (dials(name, first)) names.push(name);
  }
  return (index) => names[index]!;
}

/** Counts the dials of a node that are under way. */
class DialCount {
  /** The most there were. */
  most = 0;
  #now = 0;

  over(transports: Transports): Transports {
    return Object.fromEntries(
      Object.entries(transports).map(([scheme, inner]) => [scheme, this.#count(inner)]),
    );
  }

  #count(inner: Transport): Transport {
    return {
      guarded: true,
      listen: (address, options) => inner.listen(address, options),
      dial: (address, options) => {
        this.most = Math.max(this.most, ++this.#now);
        return inner.dial(address, options).finally(() => this.#now--);
      },
    };
  }
}

Deno.test("a node that starts among hundreds dials a few at a time, and soon has them all", async () => {
  const count = new DialCount();
  const grid = star(400, {
    link: { latencyMinMs: 5, latencyMaxMs: 10 },
    options: ({ index, transports }: SimulatedNode) =>
      index === 0 ? { transports: count.over(transports) } : {},
  });
  await grid.run(async () => {
    await grid.start();
    await grid.clock.runUntil(() => connected(grid) === 399, 500, "all connections");
  });
  assertEquals(count.most, MAX_DIALS);
  await grid.close();
});

Deno.test("hosts that do not answer keep a node from the others for a moment only", async () => {
  const silent = 300;
  const grid = star(400, { options: () => ({ reconnect: { initialMs: 50_000, maxMs: 50_000 } }) });
  await grid.run(async () => {
    for (let index = 1; index <= silent; index++) grid.stall(0, index);
    await grid.start();
    // At worst as if all of them came first.
    const limitMs = Math.ceil(silent / MAX_DIALS) * SLOT_MS + 100;
    await grid.clock.runUntil(() => connected(grid) === 399 - silent, limitMs, "the others");
  });
  await grid.close();
});

Deno.test("a node hears as many as have it among their hosts, all at one time", async () => {
  const notes: string[] = [];
  const note = (message: string): void => void notes.push(message);
  const logger = { debug() {}, info: note, warn: note, error: note };
  const diallers = 1_200;
  const grid = star(diallers + 1, {
    host: diallersOf("memory://hub"),
    link: { latencyMinMs: 20, latencyMaxMs: 20 },
    options: () => ({ logger }),
  });
  await grid.run(async () => {
    await grid.start();
    await grid.clock.runUntil(() => connected(grid) === diallers, 5_000, "all connections");
  });
  assertEquals(notes.filter((note) => !note.startsWith("Connected to ")), []);
  assert(grid.clock.elapsedMs < 3_000, `${grid.clock.elapsedMs} ms`);
  await grid.close();
});
