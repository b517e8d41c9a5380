import { type HostsChange, InternodeError, Manager, single, stream } from "@internode/grid";
import { ManualResolver } from "@internode/grid/call";
import type { Resolution } from "@internode/grid/discovery";
import * as t from "@internode/grid/codec";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { allNamed } from "../../support/endpoint_named.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { assertFate, watch } from "../../support/outcome.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

const echo = single("echo", { request: t.uint(), response: t.uint() });
const wait = single("wait", { request: t.uint(), response: t.uint() });
const ticks = stream("ticks", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 8,
});

type Grid = SimulatedCluster<Manager>;

/** Three nodes of which each lists the hosts that it is given. */
function gridOf(listed: (index: number, hosts: readonly string[]) => readonly string[], nodes = 3) {
  const loggers = Array.from({ length: nodes }, () => new QuietLogger());
  const grid = simulatedGrid({
    nodes,
    options: ({ index, hosts }) => ({ hosts: listed(index, hosts), logger: loggers[index]! }),
    serve: (manager, { clock }) => {
      manager.handle(echo, (value) => value);
      manager.handle(
        wait,
        (ms) => new Promise<number>((done) => void clock.setTimer(ms, () => done(ms))),
      );
      manager.handle(ticks, async function* (ms) {
        for (let tick = 0;; tick++) {
          yield tick;
          await new Promise<void>((done) => void clock.setTimer(ms, () => done()));
        }
      });
    },
  });
  return { grid, loggers };
}

async function connectedAll(grid: Grid, indexes = grid.running): Promise<void> {
  await Promise.all(indexes.map((index) => grid.node(index).waitForConnect({ timeoutMs: 5_000 })));
}

Deno.test("a host that is listed later joins, and events tell of it after the fact", async () => {
  const { grid } = gridOf((index, hosts) => index === 2 ? hosts : hosts.slice(0, 2));
  await grid.run(async () => {
    await grid.start();
    await connectedAll(grid, [0, 1]);
    const one = grid.node(0), seen: unknown[] = [];
    one.onHostsChange((change) => seen.push([change, one.hosts, one.connections().length]));
    for (const index of [0, 1]) grid.node(index).setHosts(grid.hosts);
    const change: HostsChange = { joined: [grid.hosts[2]!], left: [], hosts: grid.hosts };
    assertEquals(seen, [[change, grid.hosts, 2]]);
    await connectedAll(grid);
    assertEquals(await one.connection(grid.hosts[2]!).request(echo, 3), 3);
    assertEquals(await grid.node(2).connection(grid.hosts[0]!).request(echo, 4), 4);
    assertEquals(one.setHosts(grid.hosts), { joined: [], left: [], hosts: grid.hosts });
    assertEquals(seen.length, 1, "the same list is no news");
  });
  await grid.close();
});

Deno.test("a host that has left is no peer: calls end at once as NotListed, nothing of it is left", async () => {
  const { grid, loggers } = gridOf((_, hosts) => hosts);
  await grid.run(async () => {
    await grid.start();
    await connectedAll(grid);
    const one = grid.node(0), gone = grid.hosts[1]!, held = one.connection(gone);
    const states: string[] = [];
    held.onStateChange((state) => states.push(state));
    const idle = grid.clock.pendingEvents;
    const change = one.setHosts([grid.hosts[0]!, grid.hosts[2]!]);
    assertEquals([change.joined, change.left], [[], [gone]]);
    assertEquals(one.connections().map(({ host }) => host), [grid.hosts[2]]);
    assertEquals([held.state, states], ["closed", ["closed"]]);
    const calls = [false, true].map((waitForReady) =>
      watch(grid.clock, held.request(echo, 1, { waitForReady }))
    );
    const opened = watch(grid.clock, Array.fromAsync(held.stream(ticks, 10)));
    await grid.clock.settle();
    for (const call of [...calls, opened]) assertFate(call, "NotListed notSent", 0, 0);
    await assertRejects(() => held.waitForConnect(), InternodeError, "has left the list");
    const error = assertThrows(() => one.connection(gone), InternodeError, "is not a peer");
    assertEquals([error.code, error.outcome], ["NotListed", "notSent"]);
    await one.waitForConnect();
    await grid.clock.advance(100);
    // The one that left must not be reached, and does not know yet that it is not listed.
    assertEquals(grid.network.openConnections(grid.hosts[0]!), 1);
    grid.node(1).setHosts([grid.hosts[1]!, grid.hosts[2]!]);
    await grid.clock.advance(2_000);
    assert(grid.clock.pendingEvents < idle, "timers of who has left are gone");
    assertEquals(loggers[0]!.lines, []);
  });
  await grid.close();
});

Deno.test("what runs with a host that leaves may finish, in both directions", async () => {
  const { grid } = gridOf((_, hosts) => hosts);
  await grid.run(async () => {
    await grid.start();
    await connectedAll(grid);
    const [one, two] = [grid.node(0), grid.node(1)], [first, second] = grid.hosts;
    const made = watch(grid.clock, one.connection(second!).request(wait, 3_000));
    const served = watch(grid.clock, two.connection(first!).request(wait, 3_000));
    await grid.clock.advance(10);
    one.setHosts([first!, grid.hosts[2]!]);
    await grid.clock.advance(10);
    // The peer may not know it yet: what it asks for is served then.
    const late = watch(grid.clock, two.connection(first!).request(echo, 1));
    await grid.clock.advance(4_000);
    assertEquals([made.fate, served.fate], ["ok", "ok"]);
    assert(late.fate === "ok" || late.fate === "Unreachable notSent", late.fate);
    assertEquals(grid.network.openConnections(first!), 1);
  });
  await grid.close();
});

Deno.test("after the grace time what still runs ends as GoingAway at both ends", async () => {
  const { grid, loggers } = gridOf((_, hosts) => hosts);
  await grid.run(async () => {
    await grid.start();
    await connectedAll(grid);
    const [one, two] = [grid.node(0), grid.node(1)], [first, second] = grid.hosts;
    const made = watch(grid.clock, Array.fromAsync(one.connection(second!).stream(ticks, 50)));
    const served = watch(grid.clock, Array.fromAsync(two.connection(first!).stream(ticks, 50)));
    await grid.clock.advance(10);
    one.setHosts([first!, grid.hosts[2]!], { graceMs: 500 });
    await grid.clock.advance(490);
    assertEquals([made.settled, served.settled], [false, false]);
    await grid.clock.advance(20);
    assertEquals([made.fate, served.fate], Array(2).fill("GoingAway maybeExecuted"));
    await grid.clock.advance(100);
    assert(loggers[0]!.has("its grace time of 500 ms is over: 1 call from it and 1 call to it"));
  });
  await grid.close();
});

Deno.test("option leaveGraceMs holds for hosts that a resolver takes out, and where setHosts says nothing", async () => {
  for (const byResolver of [true, false]) {
    const resolver = new ManualResolver();
    const grid = simulatedGrid({
      options: ({ index, hosts }) => ({
        hosts: index === 0 && byResolver ? resolver : hosts,
        leaveGraceMs: 300,
      }),
      serve: (manager, { clock }) =>
        manager.handle(
          wait,
          (ms) => new Promise((done) => void clock.setTimer(ms, () => done(ms))),
        ),
    });
    await grid.run(async () => {
      resolver.set(allNamed(...grid.hosts));
      await grid.start();
      const one = grid.node(0), [local, other] = grid.hosts;
      await one.waitForConnect();
      const calls = [200, 1_000].map((ms) =>
        watch(grid.clock, one.connection(other!).request(wait, ms))
      );
      await grid.clock.advance(10);
      if (byResolver) resolver.set(allNamed(local!));
      else one.setHosts([local!]);
      await grid.clock.advance(400);
      assertEquals(calls.map(({ fate }) => fate), ["ok", "GoingAway maybeExecuted"]);
      // Until the handler has ended.
      await grid.clock.advance(1_000);
    });
    await grid.close();
  }
});

Deno.test("a host that comes back within the grace time is a peer again, also for who held its connection", async () => {
  for (const back of [5, 2_000]) {
    const { grid } = gridOf((_, hosts) => hosts);
    await grid.run(async () => {
      await grid.start();
      await connectedAll(grid);
      for (const index of [0, 1]) {
        const one = grid.node(index), other = grid.hosts[1 - index]!;
        const held = one.connection(other);
        const running = watch(grid.clock, held.request(wait, 1_000));
        await grid.clock.advance(1);
        one.setHosts(grid.hosts.filter((host) => host !== other));
        assertEquals(held.state, "closed");
        await grid.clock.advance(back);
        one.setHosts(grid.hosts);
        const again = watch(grid.clock, held.request(echo, 7, { waitForReady: true }));
        await grid.clock.advance(2_500);
        assertEquals([running.fate, again.fate, held.state], ["ok", "ok", "connected"]);
        const fresh = one.connection(other);
        assertEquals(await fresh.request(echo, 8), 8);
        for (const host of grid.hosts) assertEquals(grid.network.openConnections(host), 2);
      }
    });
    await grid.close();
  }
});

Deno.test("a list that makes no sense changes nothing; a closed manager takes none", async () => {
  const { grid } = gridOf((_, hosts) => hosts);
  await grid.run(async () => {
    await grid.start();
    await connectedAll(grid);
    const one = grid.node(0), [local, other] = grid.hosts;
    const bad: [() => unknown, string][] = [
      [() => one.setHosts([other!]), "is not among the hosts"],
      [() => one.setHosts(null as unknown as string[]), "The hosts must be a list, not null."],
      [() => one.setHosts([local!, "tcp://a"]), "the port is missing"],
      [() => one.setHosts([local!, local!]), "listed twice"],
      [() => one.setHosts([local!], { graceMs: -1 }), "Option graceMs"],
      [() => one.setHosts([local!, "tcp://a:1"]), "There is no transport for tcp://a:1"],
    ];
    for (const [act, text] of bad) {
      assertEquals(assertThrows(act, InternodeError, text).code, "InvalidArgument");
    }
    assertEquals(one.hosts, grid.hosts);
    assert(one.connections().every(({ state }) => state === "connected"));
    const held = one.connection(other!);
    await one.close();
    assertEquals(assertThrows(() => one.setHosts([local!]), InternodeError).code, "Closed");
    // Who listens to a closed manager is told nothing, as there is nothing to tell.
    const never = (): never => {
      throw new Error("told");
    };
    for (const end of [one.onHostsChange(never), held.onStateChange(never), one.trace(never)]) {
      end();
    }
  });
  await grid.close();
});

Deno.test("listeners that throw, or change the list again, disturb nobody and hear of changes in order", async () => {
  const { grid, loggers } = gridOf((_, hosts) => hosts);
  await grid.run(async () => {
    await grid.start();
    await connectedAll(grid);
    const one = grid.node(0), [local, second] = grid.hosts, seen: string[] = [];
    one.onHostsChange(() => {
      throw new Error("a listener's fault");
    });
    const forget = one.onHostsChange(({ hosts }) => {
      if (hosts.length === 2) one.setHosts(grid.hosts);
    });
    one.onHostsChange(({ hosts }) => seen.push(`${hosts.length}`));
    one.setHosts([local!, second!]);
    assertEquals(seen, ["2", "3"]);
    assert(
      loggers[0]!.has("A listener of changes of the hosts threw an error: a listener's fault"),
    );
    forget();
    one.setHosts([local!]);
    assertEquals(seen, ["2", "3", "1"]);
    assertEquals(one.connections(), []);
  });
  await grid.close();
});

Deno.test("before its resolver has answered a node says that no host is a peer yet", async () => {
  const hosts = { isConstant: false, resolve: () => new Promise<Resolution>(() => {}) };
  const manager = new Manager({ local: "memory://early-1", hosts, logger: new QuietLogger() });
  const ask = (): unknown => manager.connection("memory://early-2");
  const error = assertThrows(
    ask,
    InternodeError,
    "the resolver has not said which hosts there are",
  );
  assertEquals(error.code, "NotListed");
  await manager.close();
});

Deno.test("a resolver says who belongs to the grid, and local need not be among them", async () => {
  const resolver = new ManualResolver();
  const loggers = [new QuietLogger(), new QuietLogger(), new QuietLogger()];
  const grid = simulatedGrid({
    nodes: 3,
    options: ({ index }) => ({ hosts: resolver, logger: loggers[index]! }),
    serve: (manager) => manager.handle(echo, (value) => value),
  });
  await grid.run(async () => {
    await grid.start();
    await grid.clock.advance(100);
    const one = grid.node(0);
    assertEquals(one.hosts, []);
    await one.waitForConnect();
    resolver.set(allNamed(...grid.hosts.slice(0, 2)));
    await grid.clock.advance(50);
    assertEquals(one.hosts, grid.hosts.slice(0, 2));
    assertEquals(one.connections().map(({ state }) => state), ["connected"]);
    // The third one knows the others, and they do not know it.
    assertEquals(grid.node(2).connections().length, 2);
    resolver.set(allNamed(...grid.hosts, "nonsense"));
    await grid.clock.advance(1_000);
    await connectedAll(grid);
    assertEquals(await one.connection(grid.hosts[2]!).request(echo, 5), 5);
    assert(
      loggers[0]!.has("The resolver gave the endpoint nonsense, which is no host of the grid: "),
    );
    const refused = assertThrows(() => one.setHosts(grid.hosts), InternodeError, "a resolver");
    assertEquals(refused.code, "InvalidArgument");
  });
  await grid.close();
});

Deno.test("waiting for all waits for who joins, not for who leaves, and for the first answer of a resolver", async () => {
  const resolver = new ManualResolver();
  const { resolve } = resolver;
  const slow = Promise.withResolvers<void>();
  const silent = {
    isConstant: false,
    resolve: (...asked: Parameters<typeof resolve>) =>
      slow.promise.then(() => resolver.resolve(...asked)),
  };
  const grid = simulatedGrid({
    nodes: 3,
    options: ({ index, hosts }) => ({ hosts: index === 0 ? silent : hosts }),
    listens: ({ index }) => index !== 2,
  });
  await grid.run(async () => {
    await grid.start();
    const one = grid.node(0);
    const late = watch(grid.clock, one.waitForConnect({ timeoutMs: 100 }));
    const all = watch(grid.clock, one.waitForConnect());
    await grid.clock.advance(200);
    assertEquals(late.fate, "Unreachable notSent");
    resolver.set(allNamed(...grid.hosts));
    slow.resolve();
    await grid.clock.advance(200);
    assertEquals(all.settled, false, "the third does not listen");
    resolver.set(allNamed(...grid.hosts.slice(0, 2)));
    await grid.clock.advance(200);
    assertEquals(all.fate, "ok");
  });
  await grid.close();
});

Deno.test("who waits in vain for a resolver that fails is told why it does", async () => {
  const answers: (() => Promise<Resolution>)[] = [
    () => Promise.reject(new Error("no source")),
    () => Promise.resolve(undefined as unknown as Resolution),
  ];
  for (const [index, resolve] of answers.entries()) {
    const hosts = { isConstant: false, resolve };
    await using one = new Manager({ local: "memory://vain", hosts, logger: new QuietLogger() });
    await one.listen();
    await assertRejects(
      () => one.waitForConnect({ timeoutMs: 50 }),
      InternodeError,
      ["The last failure: no source", "gave an invalid result: endpoints must be an array"][index],
    );
  }
});

Deno.test("a node whose resolver gives the hosts must have a name that others can dial", () => {
  const make = (): Manager =>
    new Manager({ local: "tcp://0.0.0.0:1", hosts: new ManualResolver() });
  assertThrows(make, InternodeError, "it stands for all interfaces of a machine");
});

Deno.test("who leaves and comes back has no more calls for it", async () => {
  const grid = simulatedGrid({
    options: () => ({ limits: { maxCallsPerSecond: 10 } }),
    serve: (manager) => manager.handle(echo, (value) => value),
  });
  await grid.run(async () => {
    await grid.start();
    await connectedAll(grid);
    const fates = async (): Promise<Record<string, number>> => {
      const to = grid.node(0).connection(grid.hosts[1]!), counts: Record<string, number> = {};
      const calls = Array.from(
        { length: 20 },
        () => watch(grid.clock, to.request(echo, 1, { waitForReady: true })),
      );
      await grid.clock.advance(20);
      for (const { fate } of calls) counts[fate] = (counts[fate] ?? 0) + 1;
      return counts;
    };
    assertEquals(await fates(), { "ok": 10, "Overloaded notExecuted": 10 });
    for (const hosts of [[grid.hosts[1]!], grid.hosts]) {
      grid.node(1).setHosts(hosts, { graceMs: 0 });
    }
    await grid.clock.advance(400);
    const { ok = 0 } = await fates();
    assert(ok <= 5, `${ok} calls after 0.4 s`);
  });
  await grid.close();
});
