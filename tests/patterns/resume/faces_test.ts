/** Streams that go on, over both faces. */

import { InternodeError, stream } from "@internode/grid";
import { client, implement, methodStream, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import {
  GapError,
  loggedOutput,
  type OutputLog,
  outputLog,
  resume,
} from "@internode/grid/patterns";
import { assertEquals, assertRejects } from "@std/assert";
import { type GridSetup as Setup, withPair } from "../../support/simulation/simulated_grid.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const parts = {
  initial: t.record({ from: t.optional(t.string()) }),
  output: loggedOutput(t.uint()),
  inputCapacity: 0,
  outputCapacity: 4,
} as const;
const follow = stream("follow", parts);
const Sequence = service("sequence", { follow: methodStream(parts) });
const initialOf = (from: string | undefined): { from?: string } =>
  from === undefined ? {} : { from };

Deno.test("grid: a watch goes on after cuts and a restart of its host, which keeps its log", async () => {
  const log = outputLog<number>({ id: "numbers" });
  const serve = {
    serve: (manager: Parameters<NonNullable<Setup["serve"]>>[0]) =>
      manager.handle(follow, ({ from }, _, context) => log.read(from, context)),
  };
  await withPair(serve, async (grid) => {
    const peer = grid.node(0).connection(grid.hosts[1]!), { clock, random } = grid;
    const watch = resume((from: string | undefined) => peer.stream(follow, initialOf(from)), {
      position: ({ position }) => position,
      clock,
      random,
    });
    const read = async (): Promise<number> => (await watch.next()).value!.value;
    log.append(1);
    log.append(2);
    assertEquals([await read(), await read()], [1, 2]);
    grid.cut(0, 1);
    log.append(3);
    assertEquals(await read(), 3);
    const next = read();
    // A node that closes ends the stream as a loss.
    await grid.node(1).close();
    assertEquals(log.readers, 0);
    grid.crash(1);
    log.append(4);
    await grid.restart(1);
    assertEquals(await next, 4);
    await watch.return();
    await clock.runUntil(() => log.readers === 0, 10_000, "the handler to end");
  });
});

Deno.test("grid: the log of a new process, and one that has dropped too much, are a gap", async () => {
  const logs: OutputLog<number>[] = [];
  const serve = {
    serve: (manager: Parameters<NonNullable<Setup["serve"]>>[0]) => {
      const log = outputLog<number>({ maxItems: 2 });
      logs.push(log);
      manager.handle(follow, ({ from }, _, context) => log.read(from, context));
    },
  };
  await withPair(serve, async (grid) => {
    const peer = grid.node(0).connection(grid.hosts[1]!), { clock, random } = grid;
    const watchFrom = (begin?: string) =>
      resume((from: string | undefined) => peer.stream(follow, initialOf(from)), {
        position: ({ position }) => position,
        from: begin,
        clock,
        random,
      });
    const log = logs[1]!, watch = watchFrom();
    log.append(1);
    const { value } = await watch.next();
    grid.crash(1);
    await grid.restart(1);
    const gap = await assertRejects(() => watch.next(), GapError, "of another log");
    assertEquals(gap.after, value!.position);
    const renewed = logs.at(-1)!, first = renewed.append(1);
    for (const at of [2, 3, 4]) renewed.append(at);
    await assertRejects(() => watchFrom(first).next(), GapError, "is too old");
  });
});

Deno.test("call: a stream goes on at another replica", async () => {
  const sim = new SimulatedService(3);
  await sim.run(async () => {
    const logs = [0, 1].map(() => outputLog<number>({ id: "numbers" }));
    const append = (at: number): void => logs.forEach((log) => log.append(at));
    const connection = await sim.connectTo(2, (index) =>
      implement(Sequence, {
        follow: ({ from }, _, context) => logs[index]!.read(from, context),
      }));
    const { follow: open } = client(Sequence, connection), { clock, random } = sim;
    const watch = resume((from: string | undefined) => open(initialOf(from)), {
      position: ({ position }) => position,
      clock,
      random,
    });
    append(1);
    const read = async (): Promise<number> => (await watch.next()).value!.value;
    assertEquals(await read(), 1);
    for (const at of [2, 3]) {
      const next = read(), busy = logs.findIndex(({ readers }) => readers > 0);
      sim.crash(busy);
      append(at);
      assertEquals(await next, at);
      await sim.start(
        busy,
        implement(Sequence, {
          follow: ({ from }, _, context) => logs[busy]!.read(from, context),
        }),
      );
      await sim.ready(connection, 2);
    }
    await watch.return();
    await assertRejects(() => watch.next(), InternodeError, "has left it");
  });
});
