import { type Manager, single } from "@internode/grid";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals } from "@std/assert";
import * as t from "@internode/grid/codec";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import type { Channel } from "../../lib/transport/channel/transport.ts";
import { assertFate, watch } from "../support/outcome.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { simulatedGrid, withPair } from "../support/simulation/simulated_grid.ts";

const echo = single("echo", { request: t.string(), response: t.string() });
const bytes = single("bytes");

function serve(manager: Manager): void {
  manager.handle(echo, (text) => text);
  manager.handle(bytes, (value) => value);
}

function way(grid: SimulatedCluster<Manager>, from = 0) {
  return grid.node(from).connection(grid.hosts[1 - from]!);
}

Deno.test("a connection over which nothing comes any more is given up after 30 s", async () => {
  for (const channels of ["bytes", "messages"] as const) {
    for (const direction of ["both", "oneWay"] as const) {
      await withPair({ serve, channels }, async (grid) => {
        const asked = watch(grid.clock, way(grid).request(echo, "warm", { timeoutMs: 100_000 }));
        await grid.clock.advance(10);
        assertFate(asked, "ok");
        grid.stall(1, 0, direction);
        const stuck = watch(grid.clock, way(grid).request(echo, "x", { timeoutMs: 100_000 }));
        await grid.clock.runUntil(() => stuck.settled, 100_000, `${channels} ${direction}`);
        assertFate(stuck, "Disconnected maybeExecuted", 10_000, 31_000);
        await grid.clock.runUntil(
          () => way(grid, 1).state !== "connected",
          31_000,
          "the other side has noticed as well",
        );
        grid.heal();
        await way(grid).waitForConnect();
      });
    }
  }
});

Deno.test("an idle connection is kept by its pings for as long as it works", async () => {
  await withPair({ serve }, async (grid) => {
    await grid.clock.advance(1_800_000);
    assertEquals([way(grid).state, way(grid).stats().reconnects], ["connected", 0]);
    assert(way(grid).stats().roundTripMs! < 5);
  });
});

Deno.test("a peer that takes no bytes is given up, whatever it sends itself", async () => {
  // The link is so narrow that a write never ends, while the other direction is as quick as ever.
  await withPair({ serve, bufferBytes: 16_384 }, async (grid) => {
    const [from, to] = grid.hosts as [string, string];
    grid.network.setLink(from, to, { bandwidthBytesPerMs: 0.001 });
    const stuck = watch(
      grid.clock,
      way(grid).request(bytes, new Uint8Array(1_000_000), { timeoutMs: 600_000 }),
    );
    await grid.clock.runUntil(() => stuck.settled, 600_000, "the write is given up");
    assertFate(stuck, "Disconnected notExecuted", 20_000, 41_000);
    grid.network.setLink(from, to, null);
  });
});

Deno.test("a node that stood still itself does not blame its peer", async () => {
  for (const frozenMs of [29_000, 31_000, 300_000]) {
    await withPair({
      serve,
      // The peer is more patient than the one that stands still.
      options: ({ index }) => index === 1 ? { livenessTimeoutMs: 1_000_000 } : {},
    }, async (grid) => {
      const running = watch(grid.clock, way(grid, 1).request(echo, "warm"));
      await grid.clock.advance(1_000);
      assertFate(running, "ok");
      grid.freeze(0);
      await grid.clock.advance(frozenMs);
      grid.thaw(0);
      await grid.clock.advance(1_000);
      assertEquals([way(grid).state, way(grid).stats().reconnects], ["connected", 0]);
      assertEquals(await way(grid).request(echo, "x"), "x");
    });
  }
});

Deno.test("a node that stands still is given up by its peer, and both come back", async () => {
  await withPair({ serve }, async (grid) => {
    grid.freeze(0);
    await grid.clock.runUntil(() => way(grid, 1).state === "disconnected", 45_000, "noticed");
    grid.thaw(0);
    await grid.node(1).waitForConnect();
    assertEquals(await way(grid).request(echo, "x", { waitForReady: true }), "x");
  });
});

Deno.test("whoever says nothing in the handshake is gone after 10 s", async () => {
  for (const channels of ["bytes", "messages"] as const) {
    const log = new QuietLogger();
    // A third host, of which the node knows nothing, dials and stays silent.
    const grid = simulatedGrid({ nodes: 1, channels, options: () => ({ logger: log }) });
    await grid.run(async () => {
      await grid.start();
      const transport = grid.network.transport("memory://stranger");
      const channel: Channel = await transport.dial(parseHostAddress(grid.hosts[0]!), {
        path: "/internode",
        signal: new AbortController().signal,
      });
      const gone = new Promise<void>((resolve) => {
        if (channel.kind === "messages") {
          channel.start({ onMessage() {}, onDrain() {}, onClose: () => resolve() });
        } else {
          channel.read(new Uint8Array(1)).then(() => resolve(), () => resolve());
        }
      });
      const watched = watch(grid.clock, gone);
      await grid.clock.runUntil(() => watched.settled, 12_000, "the stranger is turned away");
      assertFate(watched, "ok", 9_990, 11_100);
      // Whoever connects and says nothing is no trouble to an operator.
      assertEquals(log.lines, []);
      channel.close();
    });
    await grid.close();
  }
});

Deno.test("a host that accepts and says nothing is given up after 10 s, and tried again", async () => {
  const grid = simulatedGrid({ listens: ({ index }) => index === 0 });
  await grid.run(async () => {
    await grid.start();
    const accepted: Channel[] = [];
    const host = grid.hosts[1]!;
    // Node 1 runs but does not listen: something else of its machine accepts.
    const listener = await grid.network.transport(host).listen(parseHostAddress(host), {
      path: "/internode",
      accept: (channel) => void accepted.push(channel),
    });
    const asked = watch(grid.clock, way(grid).request(echo, "x"));
    await grid.clock.runUntil(() => accepted.length === 2, 12_000, "a second attempt");
    assertFate(asked, "Unreachable notSent", 10_000, 10_010);
    await listener.close();
    for (const channel of accepted) channel.close();
  });
  await grid.close();
});
