/** The priority of calls on both faces: what handlers see of it, and who gets a place. */

import {
  type CallPriority,
  InternodeError,
  propagateDeadline,
  single,
  stream,
} from "@internode/grid";
import {
  client,
  implement,
  method,
  methodStream,
  service,
  type ServiceCallOptions,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assertEquals, assertRejects } from "@std/assert";
import { withPair } from "../support/simulation/simulated_grid.ts";
import { SimulatedService } from "../support/simulation/simulated_service.ts";

const what = { request: t.nothing(), response: t.string() };
const near = single("near", what), far = single("far", what), plain = single("plain", what);
const watch = stream("watch", {
  initial: t.nothing(),
  output: t.string(),
  inputCapacity: 0,
  outputCapacity: 1,
});
const ALL: readonly (CallPriority | undefined)[] = [undefined, "high", "normal", "low"];

Deno.test("handlers of a node see the priority of a call, and pass it on unless they say otherwise", async () => {
  await withPair({}, async (grid) => {
    const from = grid.node(0), to = grid.node(1), back = to.connections()[0]!;
    from.handle(far, (_, { priority }) => priority);
    to.handle(plain, (_, { priority }) => priority);
    to.handle(near, async (_, within) =>
      [
        await back.request(far, undefined, { within }),
        await back.request(far, undefined, { within, priority: "low" }),
        await back.request(far, undefined),
      ].join(" "));
    to.handle(watch, async function* (_, _input, { priority }) {
      yield priority;
    });
    const peer = from.connections()[0]!;
    for (const priority of ALL) {
      const seen = priority ?? "normal";
      assertEquals(await peer.request(plain, undefined, { priority }), seen);
      assertEquals(await peer.request(near, undefined, { priority }), `${seen} low normal`);
      assertEquals(await Array.fromAsync(peer.stream(watch, undefined, { priority })), [seen]);
    }
    for (const priority of ["urgent", 1, null]) {
      const wrong = { priority: priority as unknown as CallPriority };
      const error = await assertRejects(
        () => peer.request(plain, undefined, wrong),
        InternodeError,
        "Option priority",
      );
      assertEquals(error.code, "InvalidArgument");
    }
  });
});

Deno.test("propagateDeadline passes the priority on, and interceptors may change it", async () => {
  const interceptors = { client: [propagateDeadline()], server: [propagateDeadline()] };
  await withPair({ options: () => ({ interceptors }) }, async (grid) => {
    const from = grid.node(0), to = grid.node(1), back = to.connections()[0]!;
    from.handle(far, (_, { priority }) => priority);
    to.handle(near, async () =>
      [
        await back.request(far, undefined),
        await back.request(far, undefined, { priority: "low" }),
      ].join(" "));
    const peer = from.connections()[0]!;
    assertEquals(await peer.request(near, undefined, { priority: "high" }), "high low");
    assertEquals(await peer.request(near, undefined), "normal low");
  });
});

Deno.test("methods of a service see the priority of a call", async () => {
  const World = service("world", {
    ask: method(what),
    watch: methodStream({
      initial: t.nothing(),
      output: t.string(),
      inputCapacity: 0,
      outputCapacity: 1,
    }),
  });
  const sim = new SimulatedService();
  const handlers = implement(World, {
    ask: (_: void, { priority }) => priority,
    watch: async function* (_: void, _input: unknown, { priority }) {
      yield priority;
    },
  });
  await sim.run(async () => {
    const raise = (options: ServiceCallOptions) =>
      client(World, connection).ask(undefined, options);
    const connection = await sim.connectTo(1, () => handlers, {
      interceptors: [
        (next) => (call) =>
          next(call.metadata["raised"] === undefined ? call : { ...call, priority: "high" }),
      ],
    });
    for (const priority of ALL) {
      assertEquals(await raise({ priority }), priority ?? "normal");
      assertEquals(await raise({ priority, metadata: { raised: "" } }), "high");
    }
    const seen = await Array.fromAsync(
      client(World, connection).watch(undefined, { priority: "low" }),
    );
    assertEquals(seen, ["low"]);
  });
});

Deno.test("at a handler with a limit urgent calls begin first, and those of low priority are refused first", async () => {
  await withPair({}, async (grid) => {
    const begun: string[] = [], ends: (() => void)[] = [];
    const work = single("work", { request: t.string(), response: t.nothing() });
    grid.node(1).handle(work, (name) => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    }, { concurrency: 1, queue: 4 });
    const peer = grid.node(0).connections()[0]!;
    const outcome = (name: string, priority: CallPriority): Promise<string> =>
      peer.request(work, name, { priority }).then(() => `${name} done`, (error: InternodeError) => {
        assertEquals([error.code, error.outcome], ["Overloaded", "notExecuted"]);
        return `${name} refused`;
      });
    const calls = (["1", "n1", "n2", "l1", "l2", "h1", "h2"] as const).map((name) => {
      const priority = name.startsWith("l") ? "low" : name.startsWith("h") ? "high" : "normal";
      return outcome(name, priority);
    });
    await grid.clock.advance(100);
    while (ends.length > 0) {
      ends.shift()!();
      await grid.clock.advance(100);
    }
    assertEquals(begun, ["1", "h1", "h2", "n1", "n2"]);
    assertEquals(await Promise.all(calls), [
      "1 done",
      "n1 done",
      "n2 done",
      "l1 refused",
      "l2 refused",
      "h1 done",
      "h2 done",
    ]);
  });
});
