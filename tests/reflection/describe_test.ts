/**
 * What contracts and services say of themselves.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { method, methodStream, service } from "../../call.ts";
import * as t from "../../lib/codec/mod.ts";
import { type DescribableService, describe } from "../../lib/reflection/mod.ts";
import { single, stream } from "../../mod.ts";
import { assertRefused } from "../codec/support.ts";

Deno.test("a contract is described with its codecs, capacities and docs", () => {
  assertEquals(describe(single("echo")), {
    kind: "single",
    name: "echo",
    request: { type: "raw" },
    response: { type: "raw" },
  });
  const scan = stream("bucket.scan", {
    docs: "Lists a bucket.",
    initial: t.string(),
    output: t.uint(),
    inputCapacity: 0,
    outputCapacity: 16,
    detail: t.uint(),
  });
  assertEquals(describe(scan), {
    kind: "stream",
    name: "bucket.scan",
    docs: "Lists a bucket.",
    detail: { type: "uint" },
    initial: { type: "string" },
    output: { type: "uint" },
    inputCapacity: 0,
    outputCapacity: 16,
  });
});

Deno.test("a service is described with each of its methods", () => {
  const Stock = service("stock", {
    count: method({ docs: "Counts.", request: t.string(), response: t.uint(), idempotent: true }),
    take: method({ request: t.string(), response: t.nothing(), detail: t.uint() }),
    watch: methodStream({ initial: t.string(), inputCapacity: 0, outputCapacity: 2 }),
  }, { docs: "What is in stock." });
  assertEquals(describe(Stock), {
    kind: "service",
    name: "stock",
    docs: "What is in stock.",
    methods: [
      {
        kind: "single",
        name: "stock.count",
        docs: "Counts.",
        request: { type: "string" },
        response: { type: "uint" },
        method: "count",
        idempotent: true,
      },
      {
        kind: "single",
        name: "stock.take",
        detail: { type: "uint" },
        request: { type: "string" },
        response: { type: "nothing" },
        method: "take",
        idempotent: false,
      },
      {
        kind: "stream",
        name: "stock.watch",
        initial: { type: "string" },
        output: { type: "raw" },
        inputCapacity: 0,
        outputCapacity: 2,
        method: "watch",
      },
    ],
  });
});

Deno.test("what is no contract is refused, and so are docs that are no text", () => {
  for (const odd of [{}, { kind: "double" }, { methods: null }]) {
    assertRefused(
      () => describe(odd as unknown as DescribableService),
      "must be a contract made by single",
    );
  }
  assertRefused(() => single("a", { docs: 5 as unknown as string }), "Option docs");
  assertRefused(() => service("a", {}, { docs: "x".repeat(5_000) }), "Option docs");
});
