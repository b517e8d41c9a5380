import { assert, assertEquals, assertRejects } from "@std/assert";
import { constantResolver } from "../../../lib/discovery/constant_resolver.ts";
import { addressesOf, allNamed, named } from "../../support/endpoint_named.ts";

const { signal } = new AbortController();

Deno.test("a constant resolver answers with what it was given, and without a version", async () => {
  const resolver = constantResolver(...allNamed("a", "b"));
  assert(resolver.isConstant);
  const resolution = await resolver.resolve(null, signal);
  assertEquals([addressesOf(resolution), resolution.version], [["a", "b"], null]);
});

Deno.test("of several endpoints with one address a constant resolver keeps the first", async () => {
  const first = named("a");
  const { endpoints } = await constantResolver(first, named("a")).resolve(null, signal);
  assert(endpoints.length === 1 && endpoints[0] === first);
});

Deno.test("a constant resolver may be empty, and heeds its signal", async () => {
  assertEquals((await constantResolver().resolve(null, signal)).endpoints, []);
  const given = new Error("enough");
  const error = await assertRejects(() =>
    constantResolver().resolve(null, AbortSignal.abort(given))
  );
  assert(error === given);
});
