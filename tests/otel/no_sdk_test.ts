import { Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { otelTracer } from "@internode/grid/otel";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { NO_METADATA } from "../../lib/session/frames/metadata.ts";

const work = single("work", { request: t.string(), response: t.string() });

Deno.test("without an SDK calls go as ever, and nothing travels with them", async () => {
  const hosts = ["memory://untold-1", "memory://untold-2"];
  const tracer = otelTracer({ name: "test", version: "1.0.0" });
  await using one = new Manager({ local: hosts[0]!, hosts, tracer });
  await using two = new Manager({ local: hosts[1]!, hosts, tracer });
  let seen = {};
  two.handle(work, (text, { metadata }) => {
    seen = metadata;
    if (text === "fail") throw new Error("as told");
    return text;
  });
  await Promise.all([one.listen(), two.listen()]);
  await one.waitForConnect();
  const way = one.connection(hosts[1]!);
  assertEquals(await way.request(work, "a"), "a");
  assertStrictEquals(seen, NO_METADATA);
  assertEquals(await way.request(work, "fail").catch(({ code }) => code), "HandlerFailed");
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  assertEquals(await way.request(work, "b", { metadata: { traceparent } }), "b");
  assertEquals({ ...seen }, { traceparent });
});

Deno.test("a call that is served has the context of its caller, state and all", () => {
  const attributes = { "rpc.method": "work" };
  const parent = {
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    traceFlags: 1,
  };
  const begin = (given: typeof parent & { traceState?: string } | undefined) =>
    otelTracer().startSpan("work", { kind: "server", parent: given, attributes });
  assertEquals(begin(undefined).context, undefined);
  assertEquals(begin(parent).context, { ...parent, traceState: undefined });
  const stateful = { ...parent, traceState: "a=1,b=2" };
  assertEquals(begin(stateful).context, stateful);
});

Deno.test("a span gives what it runs, throws what that throws, and ends with any error", () => {
  const options = { kind: "client", parent: undefined, attributes: {} } as const;
  const begin = () => otelTracer().startSpan("work", options);
  assertEquals(begin().run(() => 5), 5);
  assertThrows(
    () =>
      begin().run(() => {
        throw new RangeError("own");
      }),
    RangeError,
    "own",
  );
  const unspeakable = Object.create(null);
  for (const error of [undefined, new Error("x"), null, "text", Symbol("s"), unspeakable]) {
    begin().end(error);
  }
});
