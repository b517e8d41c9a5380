import { sharedSecret, single } from "@internode/grid";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { assertFate, watch } from "../support/outcome.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { simulatedGrid } from "../support/simulation/simulated_grid.ts";

const echo = single("echo");

Deno.test("a host that its peer does not know is refused, and both ends learn why", async () => {
  const hosts = ["memory://known", "memory://stranger"];
  const from = dials(hosts[1]!, hosts[0]!) ? 1 : 0;
  const logs = [new QuietLogger(), new QuietLogger()];
  const grid = simulatedGrid({
    host: (index) => hosts[index]!,
    // Who is dialled does not have the dialler among its hosts.
    options: ({ index, host }) => ({
      logger: logs[index]!,
      ...(index !== from && { hosts: [host] }),
    }),
  });
  await grid.run(async () => {
    await grid.start();
    const connection = grid.node(from).connections()[0]!;
    await grid.clock.runUntil(() => connection.state === "disconnected", 1_000);
    const refused = watch(grid.clock, connection.request(echo, new Uint8Array()));
    await grid.clock.settle();
    assertFate(refused, "Unreachable notSent", 0, 0);
    const reason = `"${hosts[from]}" is not among the hosts`;
    assertStringIncludes(String(refused.error), reason);
    assertEquals(logs.map(({ lines }) => lines), [[], []], "lists change at different times");
    await grid.clock.advance(65_000);
    assert(logs[from]!.has(reason), logs[from]!.lines.join("\n"));
    assert(logs[1 - from]!.has(reason), logs[1 - from]!.lines.join("\n"));
    assertEquals(logs.map(({ lines }) => lines.length), [1, 1]);
  });
  await grid.close();
});

for (
  const [what, options, words] of [
    ["another path", { path: "/v2" }, "status 404"],
    ["another secret", { auth: sharedSecret("some other secret here") }, "status 401"],
  ] as const
) {
  Deno.test(`over WebSocket ${what} is refused before the upgrade`, async () => {
    const hosts = ["ws://10.0.0.1:80", "ws://10.0.0.2:80"];
    const from = dials(hosts[0]!, hosts[1]!) ? 0 : 1;
    const logs = [new QuietLogger(), new QuietLogger()];
    const grid = simulatedGrid({
      channels: "messages",
      host: (index) => hosts[index]!,
      options: ({ index }) => ({
        logger: logs[index]!,
        auth: sharedSecret("the secret of these two"),
        ...(index === from && options),
      }),
    });
    await grid.run(async () => {
      await grid.start();
      const connection = grid.node(from).connections()[0]!;
      await grid.clock.runUntil(() => connection.state === "disconnected", 1_000);
      const refused = watch(grid.clock, connection.request(echo, new Uint8Array()));
      await grid.clock.settle();
      assertFate(refused, "Unreachable notSent", 0, 0);
      assertStringIncludes(String(refused.error), words);
      if (words === "status 401") assert(logs[1 - from]!.has("do not share a secret"));
      assertEquals(grid.network.openConnections(hosts[0]!), 0);
    });
    await grid.close();
  });
}
