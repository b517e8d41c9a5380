import { type HandleOptions, InternodeError, single } from "@internode/grid";
import { HandlerMap, makeMethodKey } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { methodTarget } from "../../../lib/call/server/handler_map.ts";
import { CallSource } from "../../../lib/rpc/serving/call_source.ts";
import type { Serving } from "../../../lib/rpc/serving/serving.ts";
import { SingleTarget } from "../../../lib/rpc/serving/single_target.ts";

const serving = { interceptors: null } as Serving;
const link = { identity: undefined, remote: "memory://there", beginTurn: () => 0 };
const source = new CallSource("memory://a", link, () => {});

Deno.test("a method is found by its fingerprint alone", () => {
  const key = makeMethodKey("cache", "get");
  const handlers = new HandlerMap().set("cache", "get", (bytes) => bytes);
  const found = (hex: string, subroute = "") =>
    methodTarget(handlers, hex, subroute, serving, source) instanceof SingleTarget;
  assert(found(key.hex));
  assert(handlers.has(key));
  assertEquals([found("cache.get"), found(key.hex, "x"), found("")], [false, false, false]);
  assert(!handlers.has(makeMethodKey("cache", "set")));
});

Deno.test("a method has one handler, however it was added", () => {
  const size = single("cache.size", { response: t.uint() });
  const handlers = new HandlerMap().set("cache", "get", (bytes) => bytes);
  handlers.add(makeMethodKey("cache", "size"), size, () => 1);
  for (const method of ["get", "size"]) {
    const error = assertThrows(() => handlers.set("cache", method, (b) => b), InternodeError);
    assertEquals([error.code, error.handler], ["InvalidArgument", `cache.${method}`]);
    assertStringIncludes(error.message, "already");
  }
  handlers.set("cache.get", "x", (bytes) => bytes).set("cache", "get.x", (bytes) => bytes);
});

Deno.test("long names have room, options are checked, subroutes are none", () => {
  const handlers = new HandlerMap();
  handlers.set("c".repeat(255), "m".repeat(255), (bytes) => bytes);
  assertThrows(
    () => handlers.set("a", "b", (bytes) => bytes, { concurrency: 0 }),
    InternodeError,
    "concurrency",
  );
  assertThrows(() => handlers.set("", "b", (bytes) => bytes), InternodeError, "component");
  const options: HandleOptions = { subroutes: ["x"], concurrency: 1, queue: 0 };
  handlers.set("a", "b", (bytes) => bytes, options);
  const { hex } = makeMethodKey("a", "b");
  assert(methodTarget(handlers, hex, "", serving, source) instanceof SingleTarget);
});
