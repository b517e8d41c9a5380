/** What a topic leaves behind when its node closes first. */

import type { Manager } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { type JoinedTopic, topic } from "@internode/grid/patterns";
import { assert } from "@std/assert";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

Deno.test("a subscription ends with its node, though a publisher was to be asked again later", async () => {
  const numbers = topic("numbers", t.uint(), {});
  const joined: JoinedTopic<number>[] = [];
  const grid = simulatedGrid({
    nodes: 2,
    serve: (manager: Manager, { index, clock, random }) => {
      // The other node has not joined, and refuses.
      if (index === 0) {
        joined.push(
          numbers.join(manager, { clock, random, backOff: { initialMs: 5_000, maxMs: 5_000 } }),
        );
      }
    },
  });
  await grid.run(async () => {
    await grid.start();
    const { clock } = grid;
    let isOver = false;
    void joined[0]!.subscribe().next().then(() => isOver = true, () => isOver = true);
    await clock.advance(1_000);
    await grid.node(0).close();
    const closedMs = clock.now();
    await clock.runUntil(() => isOver, 60_000);
    assert(clock.now() - closedMs < 1_000, `it took ${clock.now() - closedMs} ms`);
    joined[0]!.close();
  });
  await grid.close();
});
