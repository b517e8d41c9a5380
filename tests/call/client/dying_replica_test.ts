/**
 * A replica whose connection breaks at each byte of a call in turn.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { InternodeError, type Limits } from "@internode/grid";
import {
  type Balancer,
  balancerFunc,
  type Client,
  client,
  constantResolver,
  type HandlerMap,
  implement,
  method,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { watch, type Watched } from "../../support/outcome.ts";
import { type CutAt, CutEndpoint } from "./cut_endpoint.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Till = service("till", {
  read: method({ request: t.uint(), response: t.string(), idempotent: true }),
  add: method({ request: t.uint(), response: t.string() }),
  addLarge: method({ request: t.record({ id: t.uint(), text: t.string() }), response: t.string() }),
});

/** Which replica ran what. */
type Log = { readonly id: number; readonly name: string }[];

function replica(name: string, log: Log): HandlerMap {
  return implement(Till, {
    read: (id) => {
      log.push({ id, name });
      return name;
    },
    add: (id) => {
      log.push({ id, name });
      return name;
    },
    addLarge: ({ id }) => {
      log.push({ id, name });
      return name;
    },
  });
}

/** Prefers the first replica, as far as it has had no attempt. */
const firstFirst: Balancer = balancerFunc((replicas, { tried }) =>
  replicas.find((each) => tried?.has(each) !== true) ?? replicas[0]
);
const lastOnly: Balancer = balancerFunc((replicas) =>
  replicas.find(({ endpoint }) => endpoint.address === "memory://r1")
);

const WHAT = ["read", "add", "unretried add", "add elsewhere"];

/** Makes the calls under test at once; the last of them only to the replica that lives. */
type MakeCalls = (till: Client<(typeof Till)["methods"]>, firstId: number) => Promise<string>[];

const smallCalls: MakeCalls = (till, id) => [
  till.read(id, { balancer: firstFirst }),
  till.add(id + 1, { balancer: firstFirst }),
  till.add(id + 2, { balancer: firstFirst, retry: false }),
  till.add(id + 3, { balancer: lastOnly }),
];

/**
 * Breaks a connection at each byte until none is left to break, and checks
 * each call against what the replicas say they ran.
 *
 * @returns How often each kind of end was met.
 */
async function cutEverywhere(
  cutAt: (at: number) => CutAt,
  step = 1,
  makeCalls: MakeCalls = smallCalls,
  limits: Partial<Limits> = {},
): Promise<Map<string, number>> {
  const sim = new SimulatedService(1, { pieces: "whole" });
  const log: Log = [];
  const ends = new Map<string, number>();
  const made: { readonly call: Watched<string>; readonly what: string; readonly at: number }[] = [];
  await sim.run(async () => {
    for (const index of [0, 1]) await sim.start(index, replica(`r${index}`, log), { limits });
    let isWhole = false;
    for (let at = 0; !isWhole; at += step) {
      const cut = new CutEndpoint(sim.endpoint(0), cutAt(at));
      const connection = await sim.connect({
        resolver: constantResolver(cut, sim.endpoint(1)),
        // The next attempt would be in the way.
        reconnect: { initialMs: 1_000, jitter: 0 },
      });
      await sim.clock.runUntil(() => {
        const [first, second] = connection.replicas;
        return first!.state !== "connecting" && second!.state === "connected";
      }, 100);
      const calls = makeCalls(client(Till, connection), made.length)
        .map((call) => watch(sim.clock, call));
      await sim.clock.runUntil(() => calls.every(({ settled }) => settled), 900);
      made.push(...calls.map((call, index) => ({ call, what: WHAT[index]!, at })));
      isWhole = cut.cuts === 0;
      await connection.close({ graceMs: 0 });
    }
  });
  // Now that nothing can be on its way any more.
  for (const [id, { call, what, at }] of made.entries()) {
    const runs = log.filter((entry) => entry.id === id).map(({ name }) => name);
    check(what, call, runs, `cut at byte ${at}: `);
    const kind = `${what} ${call.fate}, ran ${runs.length}`;
    ends.set(kind, (ends.get(kind) ?? 0) + 1);
  }
  return ends;
}

/** An answer is of one run, but where two do no harm; an error says truly whether it may have run. */
function check(what: string, call: Watched<string>, runs: readonly string[], where: string): void {
  const found = `${where}${what} ended ${call.fate} and ran on ${runs}`;
  if (what === "read") {
    assert(call.fate === "ok" && runs.length >= 1 && runs.length <= 2, found);
  } else if (what === "add elsewhere") {
    assertEquals([call.fate, runs.join()], ["ok", "r1"], found);
  }
  if (call.error === undefined) {
    assert(runs.includes(call.value!), found);
    if (what !== "read") assertEquals(runs.length, 1, found);
    return;
  }
  const { error } = call;
  assert(error instanceof InternodeError, found);
  assertEquals([error.code, error.host], ["Disconnected", "memory://r0"], found);
  assert(error.message.startsWith(`${error.handler} on memory://r0: `), error.message);
  if (error.outcome === "maybeExecuted") return assert(runs.length <= 1, found);
  // What was not sent may be tried elsewhere at once, so that it shows only where that was ruled out.
  assertEquals([what, error.outcome, runs.length], ["unretried add", "notSent", 0], found);
}

const READ_OR_ADD = ["read ok, ran 1", "read ok, ran 2", "add ok, ran 1"];

Deno.test("a replica that dies after any number of bytes it got costs no call it did not get", async () => {
  const ends = await cutEverywhere((sentBytes) => ({ sentBytes }));
  const expected = [...READ_OR_ADD, "add Disconnected maybeExecuted, ran 0"];
  for (const kind of expected) assert(ends.has(kind), `${kind}: ${Deno.inspect(ends)}`);
  assert(ends.get("add elsewhere ok, ran 1")! > 200);
});

Deno.test("a replica that dies after any number of bytes it sent costs no call it did not get", async () => {
  const ends = await cutEverywhere((receivedBytes) => ({ receivedBytes }));
  const expected = [...READ_OR_ADD, "add Disconnected maybeExecuted, ran 1"];
  for (const kind of expected) assert(ends.has(kind), `${kind}: ${Deno.inspect(ends)}`);
  assert(ends.get("add elsewhere ok, ran 1")! > 100);
});

Deno.test("a large call of which a part is still here has not run, and goes elsewhere", async () => {
  const text = "x".repeat(40_000);
  const largeCalls: MakeCalls = (till, id) => [
    till.read(id, { balancer: firstFirst }),
    till.addLarge({ id: id + 1, text }, { balancer: firstFirst }),
    till.addLarge({ id: id + 2, text }, { balancer: firstFirst, retry: false }),
    till.add(id + 3, { balancer: lastOnly }),
  ];
  const ends = await cutEverywhere((sentBytes) => ({ sentBytes }), 1_009, largeCalls, {
    maxMessageBytes: 50_000,
    receiveBudgetBytes: 65_536,
  });
  for (const kind of ["add ok, ran 1", "unretried add Disconnected notSent, ran 0"]) {
    assert(ends.has(kind), `${kind}: ${Deno.inspect(ends)}`);
  }
});
