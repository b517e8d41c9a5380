import { type HandleOptions, InternodeError, Manager, single, stream } from "@internode/grid";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { AnyContract } from "../../lib/grid/contract.ts";
import { HandlerTable } from "../../lib/grid/handler_table.ts";
import type { Serving } from "../../lib/grid/serving.ts";

const work = single("work");
const serving = {} as Serving;
const source = { host: "memory://a", beginTurn: () => 0 };

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
  assertStringIncludes(refused(table, work, { subroutes: [] }), "subroutes");
  assertStringIncludes(refused(table, work, { subroutes: ["x".repeat(256)] }), "255");
});

Deno.test("the manager refuses what its table refuses", () => {
  const hosts = ["memory://h-1", "memory://h-2"];
  const manager = new Manager({ local: hosts[0]!, hosts });
  manager.handle(work, (bytes) => bytes);
  assertThrows(() => manager.handle(work, (bytes) => bytes), InternodeError, '"work"');
});
