import { type InternodeError, single, stream } from "@internode/grid";
import { assertEquals } from "@std/assert";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const echo = single("echo");
const repeat = stream("repeat", { inputCapacity: 0, outputCapacity: 1 });

for (const [count, size] of [[5_000, 10], [200, 20_000], [20, 300_000]] as const) {
  Deno.test(`${count} calls of ${size} bytes that waited for the peer are all answered when it comes`, async () => {
    const grid = simulatedGrid({
      listens: ({ index }) => index === 0,
      options: ({ index }) => ({
        limits: index === 0 ? { sendBudgetBytes: 65_536 } : { maxCalls: 100 },
        defaultTimeoutMs: 60_000,
      }),
      serve: (manager) => {
        manager.handle(echo, (bytes) => bytes);
        manager.handle(repeat, function* (bytes) {
          yield bytes;
        });
      },
    });
    await grid.run(async () => {
      await grid.start();
      const to = grid.node(0).connections()[0]!;
      const options = { waitForReady: true, timeoutMs: 60_000 };
      const calls = Array.from({ length: count }, async (_, at) => {
        const bytes = new Uint8Array(size).fill(at);
        if (at % 2 === 0) return await to.request(echo, bytes, options);
        return (await Array.fromAsync(to.stream(repeat, bytes, options)))[0]!;
      });
      const outcomes = Promise.all(
        calls.map((call) =>
          call.then(({ length }) => `${length} bytes`, (error: InternodeError) => error.message)
        ),
      );
      await grid.node(1).listen();
      const told = Map.groupBy(await outcomes, (outcome) => outcome);
      assertEquals([...told].map(([text, { length }]) => `${length}: ${text}`), [
        `${count}: ${size} bytes`,
      ]);
    });
    await grid.close();
  });
}
