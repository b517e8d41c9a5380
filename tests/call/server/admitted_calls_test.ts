import {
  client,
  constantResolver,
  type HandlerMap,
  implement,
  method,
  methodStream,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import type { InternodeError } from "@internode/grid";
import { assertEquals } from "@std/assert";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Echo = service("echo", {
  once: method({ request: t.bytes(), response: t.bytes() }),
  stream: methodStream({
    initial: t.bytes(),
    output: t.bytes(),
    inputCapacity: 0,
    outputCapacity: 1,
  }),
});

function replica(): HandlerMap {
  return implement(Echo, {
    once: (bytes) => bytes,
    stream: function* (bytes) {
      yield bytes;
    },
  });
}

for (const [count, size] of [[5_000, 10], [200, 20_000], [20, 300_000]] as const) {
  Deno.test(`${count} calls of ${size} bytes that waited for the first server are all answered when it comes`, async () => {
    const sim = new SimulatedService();
    await sim.run(async () => {
      const connection = await sim.connect({
        resolver: constantResolver(sim.endpoint(0)),
        limits: { sendBudgetBytes: 65_536 },
      });
      const echo = client(Echo, connection), options = { timeoutMs: 60_000 };
      const outcomes = Promise.all(
        Array.from({ length: count }, async (_, at) => {
          const bytes = new Uint8Array(size).fill(at);
          if (at % 2 === 0) return await echo.once(bytes, options);
          return (await Array.fromAsync(echo.stream(bytes, options)))[0]!;
        }).map((call) =>
          call.then(({ length }) => `${length} bytes`, (error: InternodeError) => error.message)
        ),
      );
      await sim.start(0, replica(), { limits: { maxCalls: 100 } });
      const told = Map.groupBy(await outcomes, (outcome) => outcome);
      assertEquals([...told].map(([text, { length }]) => `${length}: ${text}`), [
        `${count}: ${size} bytes`,
      ]);
    });
  });
}
