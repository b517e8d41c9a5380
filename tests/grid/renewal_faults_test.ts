import type { ConnectionState } from "@internode/grid";
import { assert, assertEquals } from "@std/assert";
import type { Channel } from "../../lib/transport/channel/transport.ts";
import { assertFate, watch } from "../support/outcome.ts";
import { broken, deaf, load, losable, muted, SECRETS, way, work, world } from "./renewing_pair.ts";
import { withPair } from "../support/simulation/simulated_grid.ts";

Deno.test("while it cannot be renewed a connection stays in use, and it is tried again", async () => {
  const set = world(() => [10_000, 60_000]);
  await withPair(set, async (grid) => {
    const transport = set.transports[0]!;
    transport.tamper = broken;
    const calls = load(grid, 20);
    await grid.clock.advance(30_000);
    assert(transport.dials > 5, `${transport.dials} dials`);
    assertEquals([way(grid, 0).state, way(grid, 1).state], ["connected", "connected"]);
    assertEquals(way(grid, 0).stats().renewals, 0);
    transport.tamper = (channel) => channel;
    await grid.clock.advance(2_500);
    assertEquals(way(grid, 0).stats().renewals, 1);
    calls.stop();
    await grid.clock.advance(100);
    assertEquals(calls.failures, []);
    // Told once, not with each attempt.
    assertEquals(set.loggers[0]!.lines.length, 1);
    assert(set.loggers[0]!.has("no more sockets"));
  });
});

Deno.test("a connection that cannot be renewed ends with its age and the grace time", async () => {
  const set = world(() => [10_000, 20_000]);
  await withPair(set, async (grid) => {
    set.transports[0]!.tamper = broken;
    const there = watch(grid.clock, way(grid, 0).request(work, 50_000));
    const back = watch(grid.clock, way(grid, 1).request(work, 50_000));
    await grid.clock.advance(31_000);
    assertFate(there, "GoingAway maybeExecuted", 29_900, 30_100);
    assertFate(back, "GoingAway maybeExecuted", 29_900, 30_100);
    assertEquals([way(grid, 0).state, way(grid, 1).state], ["disconnected", "disconnected"]);
    set.transports[0]!.tamper = (channel) => channel;
    await Promise.all([grid.node(0).waitForConnect(), grid.node(1).waitForConnect()]);
    assertEquals(await way(grid, 1).request(work, 1), "done");
  });
});

Deno.test("a dialler that does not answer when it is asked is not kept either", async () => {
  const set = world(({ index }) => [index === 1 ? 10_000 : undefined, 20_000]);
  await withPair(set, async (grid) => {
    set.transports[0]!.tamper = broken;
    const there = watch(grid.clock, way(grid, 0).request(work, 50_000));
    await grid.clock.advance(31_000);
    assertFate(there, "GoingAway maybeExecuted", 29_900, 30_100);
  });
});

for (const secret of SECRETS) {
  Deno.test(`a new connection that is good at one end only does not end the old one, ${secret}`, async () => {
    const set = world(({ index }) => [index === 0 ? 10_000 : undefined, 60_000], secret);
    await withPair({ ...set, channels: "messages" }, async (grid) => {
      const transport = set.transports[0]!, states: ConnectionState[] = [];
      transport.tamper = deaf;
      for (const from of [0, 1]) way(grid, from).onStateChange((state) => states.push(state));
      const calls = [0, 1].map((from) => watch(grid.clock, way(grid, from).request(work, 25_000)));
      await grid.clock.advance(20_000);
      assert(transport.dials > 3, `${transport.dials} dials`);
      const more = [0, 1].map((from) => watch(grid.clock, way(grid, from).request(work, 3_000)));
      transport.tamper = (channel) => channel;
      await grid.clock.advance(30_000);
      for (const call of [...calls, ...more]) assertFate(call, "ok");
      assertEquals(states, []);
      assertEquals(way(grid, 1).state, "connected");
      assert(way(grid, 0).stats().renewals >= 1);
      const last = watch(grid.clock, way(grid, 1).request(work, 1));
      await grid.clock.advance(10);
      assertFate(last, "ok");
    });
  });
}

Deno.test("a new connection that ends before the dialler's proof has arrived loses nothing of the old one", async () => {
  const set = world(({ index }) => [index === 0 ? 10_000 : undefined, 60_000], "with a secret");
  await withPair({ ...set, channels: "messages" }, async (grid) => {
    const transport = set.transports[0]!, states: ConnectionState[][] = [[], []];
    transport.tamper = (channel) => {
      transport.tamper = (same) => same;
      return muted(channel, (bare) => grid.clock.setTimer(200, () => bare.close()));
    };
    for (const from of [0, 1]) way(grid, from).onStateChange((state) => states[from]!.push(state));
    const calls = [0, 1].map((from) => watch(grid.clock, way(grid, from).request(work, 25_000)));
    while (way(grid, 0).stats().renewals === 0) await grid.clock.advance(1);
    // The dialler's goes to nobody; the acceptor knows of nothing yet.
    const lost = watch(grid.clock, way(grid, 0).request(work, 1));
    await grid.clock.advance(100);
    assertEquals([way(grid, 0).state, way(grid, 1).state, states], [
      "connected",
      "connected",
      [[], []],
    ]);
    assertEquals(await way(grid, 1).request(work, 1), "done");
    await grid.clock.advance(20_000);
    assertFate(lost, "Disconnected maybeExecuted");
    for (const call of calls) assertFate(call, "ok");
    assertEquals(states, [["connecting", "connected"], ["connecting", "connected"]]);
  });
});

Deno.test("a dialler that has lost its connection does not renew it: the acceptor's calls on it end at once", async () => {
  const set = world(() => [undefined, 60_000]);
  let lose = (): void => {}, bare: Channel | undefined;
  const options = set.options!;
  await withPair({
    ...set,
    channels: "messages",
    options: (node) => {
      const given = options(node), transport = set.transports[node.index]!;
      transport.tamper = (channel) => {
        bare ??= channel;
        return losable(channel, (how) => lose = how);
      };
      return given;
    },
  }, async (grid) => {
    set.transports[0]!.tamper = (channel) => channel;
    const running = watch(grid.clock, way(grid, 1).request(work, 9_000));
    await grid.clock.advance(1_000);
    lose();
    await grid.clock.advance(100);
    assertFate(running, "Disconnected maybeExecuted", 1_000, 1_100);
    const { renewals, reconnects } = way(grid, 1).stats();
    assertEquals([renewals, reconnects], [0, 1]);
    assertEquals(await way(grid, 1).request(work, 1), "done");
    bare!.close();
  });
});

Deno.test("who has started anew and dials gives its old connection up at once", async () => {
  const set = world(() => [10_000, 60_000]);
  await withPair(set, async (grid) => {
    await grid.clock.advance(8_800);
    const lost = watch(grid.clock, way(grid, 1).request(work, 50_000));
    await grid.clock.advance(100);
    // Nobody hears of its end.
    grid.crash(0, "silent");
    await grid.restart(0);
    await grid.clock.advance(2_000);
    assertFate(lost, "Disconnected maybeExecuted", 100, 1_500);
    const { renewals, reconnects, state } = way(grid, 1).stats();
    assertEquals([renewals, reconnects, state], [0, 1, "connected"]);
    assertEquals(await way(grid, 1).request(work, 1), "done");
  });
});

Deno.test("a renewal that meets a peer that has started anew goes on, and what the one before ran is lost when its machine says so", async () => {
  const set = world(() => [10_000, 60_000]);
  await withPair(set, async (grid) => {
    await grid.clock.advance(8_800);
    const lost = watch(grid.clock, way(grid, 0).request(work, 50_000));
    await grid.clock.advance(100);
    grid.crash(1, "silent");
    await grid.restart(1);
    await grid.clock.advance(2_000);
    assertFate(lost, "Disconnected maybeExecuted", 100, 1_500);
    assertEquals(await way(grid, 0).request(work, 1), "done");
    const { renewals, reconnects, state } = way(grid, 0).stats();
    assertEquals([renewals, reconnects, state], [1, 0, "connected"]);
  });
});

Deno.test("an old connection that is lost takes only what ran on it along", async () => {
  const set = world(({ index }) => [index === 0 ? 10_000 : undefined, 60_000]);
  await withPair(set, async (grid) => {
    const old = watch(grid.clock, way(grid, 0).request(work, 30_000));
    await grid.clock.advance(10_500);
    const { renewals } = way(grid, 0).stats();
    assertEquals(renewals, 1);
    assertEquals(way(grid, 0).stats().callsOut, 1);
    const sent = way(grid, 0).stats().bytesSent;
    grid.cut(0, 1);
    await grid.clock.advance(1_000);
    assertFate(old, "Disconnected maybeExecuted");
    const stats = way(grid, 0).stats();
    assertEquals([stats.state, stats.reconnects], ["connected", 1]);
    assert(stats.bytesSent >= sent);
  });
});
