import { InternodeError, type Manager, sharedSecret, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals } from "@std/assert";
import { dials } from "../../../lib/grid/dialler.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { watch } from "../../support/outcome.ts";
import { world } from "../renewing_pair.ts";
import { type GridSetup, simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const echo = single("echo", { request: t.uint(), response: t.uint() });
const auth = sharedSecret("the secret of these two");

interface Late {
  readonly grid: SimulatedCluster<Manager>;
  readonly dialler: number;
  readonly logs: readonly QuietLogger[];
}

/** Two nodes of which the acceptor, or the dialler, lists only itself at first. */
function late(alone: "acceptor" | "dialler", setup: GridSetup = {}): Late {
  const hosts = setup.host === undefined ? ["memory://a", "memory://b"] : [0, 1].map(setup.host);
  const dialler = dials(hosts[0]!, hosts[1]!) ? 0 : 1;
  const isAlone = (index: number): boolean => (index === dialler) === (alone === "dialler");
  const logs = [new QuietLogger(), new QuietLogger()];
  const grid = simulatedGrid({
    host: (index) => hosts[index]!,
    ...setup,
    options: (node) => ({
      logger: logs[node.index]!,
      ...isAlone(node.index) && { hosts: [node.host] },
      ...setup.options?.(node),
    }),
    serve: (manager) => manager.handle(echo, (value) => value),
  });
  return { grid, dialler, logs };
}

for (
  const [what, setup] of [
    ["bytes", {}],
    ["messages and a secret", { channels: "messages", options: () => ({ auth }) }],
    ["WebSocket and a secret", {
      channels: "messages",
      host: (index) => `ws://10.0.0.${index + 1}:80`,
      options: () => ({ auth }),
    }],
  ] as [string, GridSetup][]
) {
  for (const afterMs of [0, 7, 700, 30_000]) {
    Deno.test(`over ${what} a dialler that is listed ${afterMs} ms late is let in within a second`, async () => {
      const { grid, dialler } = late("acceptor", setup);
      await grid.run(async () => {
        await grid.start();
        const from = grid.node(dialler), to = grid.node(1 - dialler);
        const other = from.connection(grid.hosts[1 - dialler]!);
        const waiting = watch(grid.clock, other.request(echo, 1, { waitForReady: true }));
        await grid.clock.advance(afterMs);
        assertEquals([other.state === "connected", waiting.settled], [false, false]);
        to.setHosts(grid.hosts);
        const sentByAcceptor = watch(grid.clock, to.connection(from.local).request(echo, 2));
        await grid.clock.advance(1_000);
        assertEquals([waiting.fate, sentByAcceptor.fate, other.state], ["ok", "ok", "connected"]);
        assertEquals(grid.network.openConnections(from.local), 1);
      });
      await grid.close();
    });
  }
}

Deno.test("an acceptor that is listed late by its dialler is dialled at once", async () => {
  const { grid, dialler } = late("dialler");
  await grid.run(async () => {
    await grid.start();
    const to = grid.node(1 - dialler), from = grid.node(dialler);
    await grid.clock.advance(30_000);
    const [other] = to.connections();
    assertEquals(other!.state, "disconnected");
    from.setHosts(grid.hosts);
    await grid.clock.advance(20);
    assertEquals(other!.state, "connected");
  });
  await grid.close();
});

Deno.test("calls to a peer that is to dial and is not there, or does not list its caller, fail within 2 s and say why", async () => {
  for (const listens of [true, false]) {
    const { grid, dialler } = late("dialler", {
      listens: ({ index }) => listens || index !== dialler,
    });
    await grid.run(async () => {
      await grid.start();
      const other = grid.node(1 - dialler).connection(grid.hosts[dialler]!);
      const call = watch(grid.clock, other.request(echo, 1));
      const patient = watch(grid.clock, other.request(echo, 2, { waitForReady: true }));
      await grid.clock.advance(2_100);
      assertEquals([call.fate, patient.settled], ["Unreachable notSent", false]);
      const why = listens ? "is not among the hosts of" : "nothing listens there";
      assert((call.error as Error).message.includes(why), String(call.error));
    });
    await grid.close();
  }
});

for (
  const [secret, what] of [[undefined, "takes the other off"], [auth, "takes the other off"], [
    undefined,
    "closes",
  ], [auth, "closes"]] as const
) {
  for (const who of ["acceptor", "dialler"] as const) {
    const proof = secret === undefined ? "" : ", with a secret";
    Deno.test(`whenever the ${who} ${what} while they connect, a call that ran no handler never ends as maybeExecuted${proof}`, async () => {
      let lost = 0;
      for (let atMs = 0; atMs <= 60; atMs++) {
        const logs = [new QuietLogger(), new QuietLogger()];
        let ran = 0;
        const grid = simulatedGrid({
          link: { latencyMinMs: 10, latencyMaxMs: 10 },
          options: ({ index }) => ({ logger: logs[index]!, ...secret && { auth: secret } }),
          serve: (manager) =>
            manager.handle(echo, (value) => {
              ran++;
              return value;
            }),
        });
        await grid.run(async () => {
          await grid.start();
          const taker = grid.node(who === "dialler" ? 0 : 1);
          const other = grid.node(who === "dialler" ? 1 : 0);
          const options = { waitForReady: true, timeoutMs: 3_000 };
          const call = watch(
            grid.clock,
            other.connection(taker.local).request(echo, 1, options),
          );
          await grid.clock.advance(atMs);
          if (what === "closes") void taker.close({ graceMs: 0 });
          else taker.setHosts([taker.local]);
          await grid.clock.advance(4_000);
          if (ran === 1) return assertEquals(call.fate, "ok", `at ${atMs} ms`);
          if (call.fate === "Disconnected notExecuted") lost++;
          else assertEquals(call.fate, "DeadlineExceeded notSent", `at ${atMs} ms`);
          if (what === "closes") return;
          for (const log of logs) assert(!log.has("Lost the connection"), `at ${atMs} ms`);
        });
        await grid.close();
      }
      // Who is open last may have been sent calls by then.
      const last = secret === undefined ? "dialler" : "acceptor";
      assert(lost > 0 || who !== last, "no time was the one");
    });
  }
}

Deno.test("a dialler that is not listed costs the acceptor little and is logged once a while", async () => {
  const { grid, dialler, logs } = late("acceptor");
  await grid.run(async () => {
    await grid.start();
    await grid.clock.advance(1_000);
    let opened = 0;
    grid.history.subscribe(({ kind }) => {
      if (kind === "accept") opened++;
    });
    await grid.clock.advance(60_000);
    assert(opened >= 140 && opened <= 250, `${opened} attempts a minute`);
    for (const { shown } of logs) assert(shown.length <= 2, JSON.stringify(shown));
    const call = watch(grid.clock, grid.node(dialler).connections()[0]!.request(echo, 1));
    await grid.clock.settle();
    const error = call.error as InternodeError;
    assertEquals([error.code, error.outcome], ["Unreachable", "notSent"]);
    const cause = error.cause as InternodeError;
    assert(cause instanceof InternodeError);
    assertEquals(cause.code, "NotListed");
  });
  await grid.close();
});

for (const index of [0, 1]) {
  Deno.test(`while a connection is renewed node ${index} takes the other off: a call that ran no handler never ends as maybeExecuted`, async () => {
    for (let atMs = 0; atMs <= 70; atMs += 2) {
      const set = world(() => [10_000, 60_000]), ran = new Set<number>();
      const grid = simulatedGrid({
        ...set,
        link: { latencyMinMs: 10, latencyMaxMs: 10 },
        serve: (manager) =>
          manager.handle(echo, (value) => {
            ran.add(value);
            return value;
          }),
      });
      await grid.run(async () => {
        await grid.start();
        const taker = grid.node(index), other = grid.node(1 - index);
        await other.waitForConnect();
        const held = other.connection(taker.local);
        const transport = set.transports[0]!;
        while (transport.dials < 2) await grid.clock.advance(1);
        await grid.clock.advance(atMs);
        const calls = [];
        for (let nth = 0; nth < 60; nth++) {
          calls.push(
            watch(grid.clock, held.request(echo, nth, { waitForReady: true, timeoutMs: 2_000 })),
          );
          if (nth === 10) taker.setHosts([taker.local]);
          await grid.clock.advance(1);
        }
        await grid.clock.advance(3_000);
        for (const [nth, { fate }] of calls.entries()) {
          const wanted = ran.has(nth)
            ? ["ok"]
            : ["Disconnected notExecuted", "DeadlineExceeded notSent"];
          assert(wanted.includes(fate), `call ${nth} of those after ${atMs} ms: ${fate}`);
        }
        for (const log of set.loggers) assert(!log.has("Lost the connection"), `at ${atMs} ms`);
      });
      await grid.close();
    }
  });
}
