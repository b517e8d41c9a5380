import { assertEquals } from "@std/assert";
import {
  checkTraceState,
  formatTraceParent,
  parseTraceParent,
  readTraceContext,
} from "../../../lib/rpc/tracing/trace_context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const PARENT = `00-${traceId}-${spanId}-01`;

Deno.test("a traceparent of version 00 is read to the letter", () => {
  assertEquals(parseTraceParent(PARENT), { traceId, spanId, traceFlags: 1 });
  const flags = (text: string) => parseTraceParent(`00-${traceId}-${spanId}-${text}`)?.traceFlags;
  // Only "sampled" and "random" are known; unknown ones are not passed on.
  assertEquals(["00", "01", "02", "03", "ff", "fc"].map(flags), [0, 1, 2, 3, 3, 0]);
});

Deno.test("a malformed traceparent is ignored", () => {
  const zeros = "0".repeat(32);
  for (
    const text of [
      "",
      "00",
      PARENT.slice(0, -1),
      `${PARENT}0`,
      `${PARENT}-`,
      `${PARENT}-00`,
      ` ${PARENT}`,
      `${PARENT}\n`,
      PARENT.toUpperCase(),
      PARENT.replace("4bf9", "4bfg"),
      PARENT.replaceAll("-", "_"),
      `ff-${traceId}-${spanId}-01`,
      `0x-${traceId}-${spanId}-01`,
      `00-${zeros}-${spanId}-01`,
      `00-${traceId}-${zeros.slice(16)}-01`,
      `00-${traceId}-${spanId}-0g`,
      `00-${traceId.slice(1)}-${spanId}-01`,
      `cc-${traceId}-${spanId}-01.what`,
      `cc-${traceId}-${spanId}-0`,
    ]
  ) {
    assertEquals(parseTraceParent(text), undefined, JSON.stringify(text));
    assertEquals(readTraceContext({ traceparent: text, tracestate: "a=1" }), undefined);
  }
});

Deno.test("a version yet to come is read as far as version 00 goes", () => {
  for (const text of [`01-${traceId}-${spanId}-01`, `cc-${traceId}-${spanId}-01-what-follows`]) {
    assertEquals(parseTraceParent(text), { traceId, spanId, traceFlags: 1 });
  }
  assertEquals(parseTraceParent(`fe-${traceId}-${spanId}-fe`)?.traceFlags, 0);
});

Deno.test("what is written is read again, and malformed ids are not written", () => {
  for (const traceFlags of [0, 1, 2, 3]) {
    const context = { traceId, spanId, traceFlags };
    assertEquals(parseTraceParent(formatTraceParent(context)!), context);
  }
  assertEquals(formatTraceParent({ traceId, spanId, traceFlags: 1 }), PARENT);
  assertEquals(formatTraceParent({ traceId, spanId, traceFlags: 0xfd }), PARENT);
  for (
    const ids of [
      { traceId: "", spanId },
      { traceId: traceId.toUpperCase(), spanId },
      { traceId: `${traceId}0`, spanId },
      { traceId: "0".repeat(32), spanId },
      { traceId, spanId: "0".repeat(16) },
      { traceId, spanId: "b" },
    ]
  ) {
    assertEquals(formatTraceParent({ ...ids, traceFlags: 1 }), undefined);
  }
});

Deno.test("a tracestate comes with its traceparent, and is left out when it is malformed", () => {
  const read = (tracestate: string) => readTraceContext({ traceparent: PARENT, tracestate });
  const context = { traceId, spanId, traceFlags: 1 };
  assertEquals(readTraceContext({ traceparent: PARENT }), context);
  assertEquals(readTraceContext({ tracestate: "a=1" }), undefined);
  assertEquals(readTraceContext({}), undefined);
  assertEquals(read("congo=t61rcWkgMzE"), { ...context, traceState: "congo=t61rcWkgMzE" });
  for (const text of ["", " , ", "a", "=1", "a=", "a=1,a=2", "A=1", "a=\u00e9", "a=1=2", "a b=1"]) {
    assertEquals(read(text), context, text);
  }
});

Deno.test("a tracestate is bounded: large members go first, then those at the end", () => {
  assertEquals(checkTraceState(" a=1 ,\tt1@sys=x y,, 0b-c_*/=2 "), "a=1,t1@sys=x y,0b-c_*/=2");
  const member = (key: string, length: number) => `${key}=`.padEnd(length, "v");
  const large = member("large", 129);
  const fitting = ["a", "b", "c", "d"].map((key) => member(key, 127));
  // 4 × 127 and 3 commas come to 511.
  assertEquals(checkTraceState(fitting.join(","))?.length, 511);
  assertEquals(checkTraceState([large, ...fitting].join(",")), fitting.join(","));
  assertEquals(checkTraceState([...fitting, "e=1"].join(",")), fitting.join(","));
  assertEquals(checkTraceState(`${large},e=1`), `${large},e=1`);
  const many = Array.from({ length: 33 }, (_, index) => `k${index}=v`);
  assertEquals(checkTraceState(many.slice(0, 32).join(",")), many.slice(0, 32).join(","));
  assertEquals(checkTraceState(many.join(",")), undefined);
  assertEquals(checkTraceState(member("a", 258)), member("a", 258));
  assertEquals(checkTraceState(member("a", 259)), undefined);
  assertEquals(checkTraceState(",".repeat(1_000_000)), undefined);
});
