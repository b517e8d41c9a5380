import { InternodeError, single, stream } from "@internode/grid";
import { makeMethodKey, method, methodStream, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Cache } from "../cache_service.ts";

Deno.test("a method has the key, the contract and the mark that its description says", () => {
  assertEquals(Cache.name, "cache");
  const { get, set, watch, load, digest } = Cache.methods;
  assertEquals(get.key.hex, makeMethodKey("cache", "get").hex);
  assertEquals([get.idempotent, set.idempotent, watch.idempotent], [true, false, false]);
  assertEquals(get.contract.name, "cache.get");
  assertEquals(digest.contract, single("cache.digest"));
  const { initial, output } = watch.contract;
  assertEquals(
    watch.contract,
    stream("cache.watch", { initial, output, inputCapacity: 0, outputCapacity: 4 }),
  );
  assertEquals([load.contract.inputCapacity, load.contract.outputCapacity], [4, 0]);
  assert(set.detail !== undefined);
  assertStrictEquals(set.detail, set.contract.detail);
  assertEquals(get.detail, undefined);
});

Deno.test("one description makes methods of several services", () => {
  const plan = method({ request: t.string(), response: t.uint() });
  const left = service("left", { count: plan }), right = service("right", { count: plan });
  assert(left.methods.count.key.hex !== right.methods.count.key.hex);
  assertEquals(right.methods.count.contract.name, "right.count");
});

Deno.test("names that no method can have are refused", () => {
  const refused = (make: () => unknown, words: RegExp): void => {
    const error = assertThrows(make, InternodeError);
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
    assert(words.test(error.message), error.message);
  };
  refused(() => service("", { get: method() }), /name/);
  refused(() => service("cache", { "": method() }), /name/);
  refused(() => service("x".repeat(256), { get: method() }), /255/);
  refused(() => service("cache", { then: method() }), /"then"/);
  refused(
    () => service("cache", { watch: methodStream({ inputCapacity: -1, outputCapacity: 1 }) }),
    /inputCapacity of stream "cache.watch"/,
  );
});

Deno.test("a method may be called like something that every object has", () => {
  const odd = service("odd", { ["__proto__"]: method(), toString: method() });
  assertEquals(Object.keys(odd.methods).sort(), ["__proto__", "toString"]);
  assertEquals(odd.methods["__proto__"].contract.name, "odd.__proto__");
});
