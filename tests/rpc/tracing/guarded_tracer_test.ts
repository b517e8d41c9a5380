import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { tracerOf } from "../../../lib/rpc/tracing/guarded_tracer.ts";
import type { Span, SpanOptions, Tracer } from "../../../lib/rpc/contract/tracer.ts";

const options: SpanOptions = { kind: "client", parent: undefined, attributes: {} };

/** The guarded form of a span that is like this in some way. */
function guarded(span: unknown): Span {
  return tracerOf({ startSpan: () => span as Span })!.startSpan("work", options);
}

function refuse(): never {
  throw new Error("no spans today");
}

Deno.test("tracerOf: no tracer stays none, and one is guarded once", () => {
  assertEquals(tracerOf(undefined), null);
  assertEquals(tracerOf(null), null);
  const tracer = tracerOf({ startSpan: refuse });
  assertStrictEquals(tracerOf(tracer), tracer);
});

Deno.test("a tracer that throws, or begins no span, leaves the call without one", () => {
  const tracers: unknown[] = [{ startSpan: refuse }, { startSpan: () => null }, {}];
  for (const tracer of tracers) {
    const span = tracerOf(tracer as Tracer)!.startSpan("work", options);
    assertEquals(span.context, undefined);
    assertEquals(span.run(() => 7), 7);
    span.end();
  }
});

Deno.test("a span's run gives what the action gives, which runs once, whatever the span does with it", () => {
  const ways: readonly (readonly [what: string, run: unknown])[] = [
    ["as it should", (action: () => unknown) => action()],
    ["never", () => undefined],
    ["twice", (action: () => unknown) => [action(), action()]],
    ["with another result", (action: () => unknown) => (action(), 5)],
    ["and throws then", (action: () => unknown) => (action(), refuse())],
    ["not, but throws", refuse],
    ["in a promise", async (action: () => unknown) => await action()],
    ["and is no function", 5],
  ];
  for (const [what, run] of ways) {
    let runs = 0;
    const span = guarded({ context: undefined, run, end() {} });
    assertEquals(span.run(() => ++runs), 1, what);
    assertEquals(runs, 1, what);
    const failing = (): number => {
      runs++;
      throw new RangeError("the action's own");
    };
    assertThrows(() => span.run(failing), RangeError, "the action's own");
    assertEquals(runs, 2, what);
  }
});

Deno.test("a span that takes no attributes, or throws, is none the worse for it", () => {
  const taken: unknown[] = [];
  for (const set of [undefined, 5, refuse, (given: unknown) => taken.push(given)]) {
    guarded({ context: undefined, set }).set?.({ "rpc.status_code": "OK" });
  }
  assertEquals(taken, [{ "rpc.status_code": "OK" }]);
});

Deno.test("a span's context travels only when it is whole", () => {
  const whole = { traceId: "a", spanId: "b", traceFlags: 1, traceState: "c=d" };
  assertEquals(guarded({ context: whole }).context, whole);
  const odd: readonly unknown[] = [null, 5, {}, { ...whole, traceId: 5 }, { ...whole, spanId: {} }];
  for (const context of odd) assertEquals(guarded({ context }).context, undefined);
  const getter = {
    get context(): never {
      return refuse();
    },
  };
  assertEquals(guarded(getter).context, undefined);
  assertEquals(guarded({ context: { ...whole, traceState: {} } }).context?.traceState, undefined);
});

Deno.test("a span's end may throw, be missing, or return a rejected promise", async () => {
  let ended: unknown[] = [];
  guarded({ end: (...args: unknown[]) => ended = args }).end(new Error("why"));
  assert(ended[0] instanceof Error);
  guarded({ end: refuse }).end();
  guarded({}).end();
  guarded({ end: () => Promise.reject(new Error("late")) }).end();
  await Promise.resolve();
});
