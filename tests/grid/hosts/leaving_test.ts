/** The steps in docs/changing-hosts.md by which a host leaves without a failed call. @module */

import { single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { watch } from "../../support/outcome.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const wait = single("wait", { request: t.uint(), response: t.uint() });

for (const connect of ["all", "onDemand"] as const) {
  Deno.test(`connected with ${connect}: a host leaves in four steps, and calls longer than its graceMs are answered`, async () => {
    const grid = simulatedGrid({
      nodes: 3,
      options: () => ({ connect, leaveGraceMs: 60_000 }),
      serve: (manager, { clock }) =>
        manager.handle(wait, async (ms) => {
          await new Promise<void>((done) => void clock.setTimer(ms, done));
          return ms;
        }),
    });
    await grid.run(async () => {
      await grid.start();
      const [one, two, leaving] = [grid.node(0), grid.node(1), grid.node(2)];
      const [first, second, third] = grid.hosts as [string, string, string];
      const calls = [
        one.connection(third).request(wait, 20_000),
        two.connection(third).request(wait, 30_000),
        leaving.connection(first).request(wait, 25_000),
      ].map((call) => watch(grid.clock, call));
      await grid.clock.advance(100);
      for (const node of [one, two]) node.setHosts([first, second]);
      const isIdle = (): boolean =>
        leaving.calls().length === 0 &&
        leaving.connections().every(({ state }) => state !== "connected");
      for (let waitedMs = 0; !isIdle() && waitedMs < 50_000; waitedMs += 10) {
        await grid.clock.advance(10);
      }
      await grid.clock.complete(leaving.close());
      assertEquals(calls.map(({ fate }) => fate), ["ok", "ok", "ok"]);
    });
    await grid.close();
  });
}
