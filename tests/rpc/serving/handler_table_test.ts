import {
  type AllowRule,
  type HandleOptions,
  InternodeError,
  type Logger,
  Manager,
  single,
  stream,
} from "@internode/grid";
import { VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { AnyContract } from "../../../lib/rpc/contract/contract.ts";
import { HandlerTable } from "../../../lib/rpc/serving/handler_table.ts";
import { CallSource } from "../../../lib/rpc/serving/call_source.ts";
import { RefusedTarget } from "../../../lib/rpc/serving/refused_target.ts";
import { RepeatedLines } from "../../../lib/driver/repeated_lines.ts";
import type { Serving } from "../../../lib/rpc/serving/serving.ts";
import { SingleTarget } from "../../../lib/rpc/serving/single_target.ts";

const work = single("work");
const serving = { interceptors: null } as Serving;

/** As much of a node as refusals need. */
function servingOf(logger: Logger): Serving {
  const clock = new VirtualClock(), refusals = new RepeatedLines();
  return { logger, clock, refusals, interceptors: null } as unknown as Serving;
}
const link = { identity: undefined, remote: "memory://there", beginTurn: () => 0 };
const source = new CallSource("memory://a", link, () => {});

function refused(table: HandlerTable, contract: AnyContract, options: HandleOptions): string {
  const add = () => table.add(contract, () => new Uint8Array(), options);
  const error = assertThrows(add, InternodeError);
  assertEquals([error.code, error.handler], ["InvalidArgument", contract.name]);
  return error.message;
}

Deno.test("a handler is found by its name and subroute, and by no other", () => {
  const table = new HandlerTable();
  table.add(work, () => new Uint8Array(), { subroutes: ["a", "b"] });
  table.add(single("other"), () => new Uint8Array(), {});
  const found = (name: string, subroute: string) =>
    table.target(name, subroute, serving, source) !== null;
  assertEquals([found("work", "a"), found("work", "b"), found("other", "")], [true, true, true]);
  assertEquals([found("work", ""), found("work", "c"), found("other", "a"), found("", "work")], [
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("a name is taken once, and a refused handler leaves nothing behind", () => {
  const table = new HandlerTable();
  table.add(work, () => new Uint8Array(), { subroutes: ["b"] });
  assertStringIncludes(refused(table, work, { subroutes: ["a", "b"] }), 'subroute "b"');
  assertStringIncludes(refused(table, work, { subroutes: ["c", "c"] }), 'subroute "c"');
  table.add(work, () => new Uint8Array(), { subroutes: ["a", "c"] });
  const sameName = stream("work", { inputCapacity: 0, outputCapacity: 0 });
  assertStringIncludes(refused(table, sameName, { subroutes: ["a"] }), "already");
});

Deno.test("options out of range are named", () => {
  const table = new HandlerTable();
  for (const concurrency of [0, -1, NaN]) {
    assertStringIncludes(refused(table, work, { concurrency }), "concurrency");
  }
  assertStringIncludes(refused(table, work, { queue: -1 }), "queue");
  const adaptive = [
    { min: 0 },
    { min: 1.5 },
    { max: 0 },
    { min: 5, max: 4 },
    { initial: 0 },
    {
      initial: 9,
      max: 8,
    },
    { maxWaitMs: 0 },
    { maxWaitMs: Infinity },
  ];
  for (const concurrency of adaptive) {
    const message = refused(table, work, { concurrency });
    assertStringIncludes(message, `concurrency.${Object.keys(concurrency)[0]}`);
  }
  for (const concurrency of ["adaptiv", "", null, [], true]) {
    const message = refused(table, work, { concurrency: concurrency as unknown as number });
    assertStringIncludes(message, '"adaptive" or an object');
  }
  assertStringIncludes(refused(table, work, { subroutes: [] }), "subroutes");
  assertStringIncludes(refused(table, work, { subroutes: ["x".repeat(256)] }), "255");
});

Deno.test("the manager refuses what its table refuses", () => {
  const hosts = ["memory://h-1", "memory://h-2"];
  const manager = new Manager({ local: hosts[0]!, hosts });
  manager.handle(work, (bytes) => bytes);
  assertThrows(() => manager.handle(work, (bytes) => bytes), InternodeError, '"work"');
});

Deno.test("a rule is asked once for each name, however many numbers a peer gives to it", () => {
  const table = new HandlerTable();
  const asked: string[] = [], logged: string[] = [];
  table.add(work, () => new Uint8Array(), {
    subroutes: ["a", "b"],
    allow: ({ subroute }) => asked.push(subroute) > 0 && subroute === "b",
  });
  const logger = { warn: (line: string) => logged.push(line) } as unknown as Logger;
  const serving = servingOf(logger);
  for (const host of ["memory://x", "memory://y"]) {
    const from = new CallSource(host, link, () => {});
    const target = (subroute: string) => table.target("work", subroute, serving, from);
    const refused = target("a");
    assert(refused instanceof RefusedTarget);
    assertEquals([target("a") === refused, target("b") instanceof SingleTarget], [true, true]);
    target("b");
  }
  assertEquals([asked, logged.length], [["a", "b", "a", "b"], 2]);
});

Deno.test("what is no rule is refused at once", () => {
  const table = new HandlerTable();
  const allow = true as unknown as AllowRule;
  assertStringIncludes(refused(table, work, { allow }), "allow must be a function");
});

Deno.test("a client that calls itself by a long name does not fill the log", () => {
  const table = new HandlerTable(), logged: string[] = [];
  table.add(work, () => new Uint8Array(), { allow: () => false });
  const logger = { warn: (line: string) => logged.push(line) } as unknown as Logger;
  const from = new CallSource(`"\n${"x".repeat(4_000)}`, link, () => {});
  table.target("work", "", servingOf(logger), from);
  assertEquals(logged.length, 1);
  assert(logged[0]!.length < 400 && !logged[0]!.includes("\n"), logged[0]);
});
