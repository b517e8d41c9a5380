/**
 * What a user's own parts may do wrong without a node coming to a stop.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Transport, Transports } from "@internode/grid";
import { watch } from "../../support/outcome.ts";
import { simulatedGrid, withPair } from "../../support/simulation/simulated_grid.ts";

/** The same transports, with something about them changed. */
function changed(
  transports: Transports,
  change: (inner: Transport) => Partial<Transport>,
): Transports {
  return Object.fromEntries(
    Object.entries(transports).map(([scheme, inner]) => [scheme, {
      guarded: true,
      dial: (address, options) => inner.dial(address, options),
      listen: (address, options) => inner.listen(address, options),
      ...change(inner),
    }]),
  );
}

Deno.test("a dial that never ends, whatever its signal says, is given up and made again", async () => {
  let dials = 0;
  const deaf = (inner: Transport): Partial<Transport> => ({
    dial: (address, options) =>
      ++dials === 1 ? new Promise(() => {}) : inner.dial(address, options),
  });
  await withPair({
    options: ({ index, transports }) =>
      index === 0 ? { transports: changed(transports, deaf), dialTimeoutMs: 1_000 } : {},
  }, (grid) => {
    assertEquals(dials, 2);
    assert(grid.clock.elapsedMs < 2_000);
    return Promise.resolve();
  });
});

Deno.test("a node closes while a dial goes on that never ends", async () => {
  const grid = simulatedGrid({
    options: ({ index, transports }) =>
      index === 0
        ? { transports: changed(transports, () => ({ dial: () => new Promise(() => {}) })) }
        : {},
  });
  await grid.run(async () => {
    await grid.start();
    await grid.clock.advance(100);
    await grid.clock.complete(grid.node(0).close(), 10_000, "the end of the node");
  });
  await grid.close();
});

Deno.test("a listener that cannot be closed does not keep a node from closing", async () => {
  for (
    const close of [
      () => Promise.reject(new Error("it will not close")),
      () => new Promise<void>(() => {}),
    ]
  ) {
    const grid = simulatedGrid({
      options: ({ index, transports }) => {
        const stuck = (inner: Transport): Partial<Transport> => ({
          listen: async (address, options) => {
            const listener = await inner.listen(address, options);
            return {
              address,
              finished: new Promise<void>(() => {}),
              close: () => (listener.close(), close()),
            };
          },
        });
        return index === 0 ? { transports: changed(transports, stuck) } : {};
      },
    });
    await grid.run(async () => {
      await grid.start();
      await grid.node(0).waitForConnect();
      const closing = watch(grid.clock, grid.node(0).close());
      await grid.clock.advance(20_000);
      assert(closing.settled, "it has not closed");
      assertEquals(closing.error, undefined);
      assertEquals(grid.node(1).connections()[0]!.state, "disconnected");
    });
    await grid.close();
  }
});

Deno.test("an error of a state listener is logged and affects nothing else", async () => {
  const grid = simulatedGrid({ listens: () => false });
  await grid.run(async () => {
    await grid.start();
    const states: string[] = [];
    for (const index of [0, 1]) {
      const connection = grid.node(index).connections()[0]!;
      connection.onStateChange(() => {
        throw new Error("a user's mistake");
      });
      connection.onStateChange((state) => states.push(`${index} ${state}`));
    }
    await Promise.all([grid.node(0).listen(), grid.node(1).listen()]);
    await Promise.all([0, 1].map((index) => grid.node(index).waitForConnect()));
    grid.cut(0, 1);
    await grid.clock.advance(2_000);
    assertEquals([0, 1].map((index) => grid.node(index).connections()[0]!.state), [
      "connected",
      "connected",
    ]);
    assert(states.filter((state) => state.endsWith(" connected")).length >= 4, states.join());
  });
  await grid.close();
});
