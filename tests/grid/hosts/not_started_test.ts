/** A manager that was never told to connect: who waits for it reads so. @module */

import { InternodeError, Manager, single } from "@internode/grid";
import { ManualResolver, tcp } from "@internode/grid/discovery";
import { assert, assertEquals } from "@std/assert";
import { textOf } from "../../../lib/foreign/text_of.ts";
import { watch } from "../../support/outcome.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { VirtualClock } from "@internode/grid/testing";

const echo = single("echo");
const HINT = "does not connect yet: call its listen(), or its connect() where a server of your own";

for (const connect of ["all", "onDemand"] as const) {
  for (const local of [0, 1]) {
    Deno.test(`node ${local}, which connects to ${connect} and does not listen, says so`, async () => {
      const grid = simulatedGrid({
        options: () => ({ connect }),
        serve: (manager) => manager.handle(echo, (bytes) => bytes),
        listens: ({ index }) => index !== local,
      });
      await grid.run(async () => {
        await grid.start();
        const node = grid.node(local), to = node.connection(grid.hosts[1 - local]!);
        const call = watch(grid.clock, to.request(echo, new Uint8Array(1), { timeoutMs: 100 }));
        const waiting = watch(grid.clock, to.waitForConnect({ timeoutMs: 100 }));
        await grid.clock.advance(200);
        for (const { error } of [call, waiting]) {
          assert(error instanceof InternodeError, String(error));
          assert(error.message.includes(HINT), error.message);
          assertEquals(error.outcome, "notSent");
        }
        const late = watch(grid.clock, to.request(echo, new Uint8Array(1), { timeoutMs: 9_000 }));
        await node.listen();
        await grid.clock.advance(5_000);
        assertEquals([late.fate, to.state], ["ok", "connected"]);
        assertEquals(textOf(late.error).includes(HINT), false);
      });
      await grid.close();
    });
  }
}

Deno.test("a manager with a resolver that does not listen says so", async () => {
  const clock = new VirtualClock(), local = "tcp://127.0.0.1:9000";
  const hosts = new ManualResolver([tcp("127.0.0.1:9000")]);
  const node = new Manager({ local, hosts, clock });
  const waiting = watch(clock, node.waitForConnect({ timeoutMs: 100 }));
  await clock.advance(200);
  assert(textOf(waiting.error).includes(HINT), textOf(waiting.error));
  await node.close();
});
