import { assertEquals, assertStrictEquals } from "@std/assert";
import { startClientSpan, withTraceContext } from "../../../lib/rpc/tracing/client_span.ts";
import { encodeMetadata, MAX_METADATA_BYTES } from "../../../lib/session/frames/metadata.ts";
import { FakeTracer } from "../../support/fake_tracer.ts";

function traced(traceState?: string) {
  const tracer = new FakeTracer();
  tracer.traceState = traceState;
  const span = startClientSpan(tracer, "disk.work", "tcp://10.0.0.1:9000");
  const { traceId, spanId } = span.context!;
  return { tracer, span, parent: `00-${traceId}-${spanId}-01` };
}

/** How many bytes a block takes on the wire, less its own length. */
function blockBytes(metadata: Readonly<Record<string, string>> | null): number {
  return encodeMetadata(metadata!).length - 2;
}

Deno.test("without a span, or one without a context, the user's metadata goes as it is", () => {
  const own = { tenant: "t" };
  const { tracer } = traced();
  tracer.propagates = false;
  const silent = startClientSpan(tracer, "disk.work", null);
  for (const span of [null, silent]) {
    assertStrictEquals(withTraceContext(own, span), own);
    assertStrictEquals(withTraceContext(undefined, span), null);
  }
});

Deno.test("the span's context goes beside the user's metadata, and in place of another context there", () => {
  const { span, parent } = traced();
  assertEquals({ ...withTraceContext(undefined, span) }, { traceparent: parent });
  const own = { tenant: "t", traceparent: "another", tracestate: "its=own" };
  assertEquals({ ...withTraceContext(own, span) }, { tenant: "t", traceparent: parent });
  assertEquals(own, { tenant: "t", traceparent: "another", tracestate: "its=own" });
  const stateful = traced(" a=1, b=2");
  assertEquals({ ...withTraceContext(own, stateful.span) }, {
    tenant: "t",
    traceparent: stateful.parent,
    tracestate: "a=1,b=2",
  });
});

Deno.test("what does not fit is left out: first the state, then the whole context", () => {
  const { span } = traced("a=1");
  const parentBytes = 4 + "traceparent".length + 55;
  const stateBytes = 4 + "tracestate".length + 3;
  const keys = (spareBytes: number, unit: string): string[] => {
    const unitBytes = new TextEncoder().encode(unit).length;
    const room = MAX_METADATA_BYTES - spareBytes - 4 - "own".length;
    const own = { own: unit.repeat(Math.floor(room / unitBytes)) + "x".repeat(room % unitBytes) };
    const carried = withTraceContext(own, span);
    assertEquals(blockBytes(own), MAX_METADATA_BYTES - spareBytes);
    blockBytes(carried);
    return Object.keys(carried!);
  };
  for (const unit of ["x", "ü", "€", "😀"]) {
    assertEquals(keys(parentBytes + stateBytes, unit), ["own", "traceparent", "tracestate"]);
    assertEquals(keys(parentBytes + stateBytes - 1, unit), ["own", "traceparent"]);
    assertEquals(keys(parentBytes, unit), ["own", "traceparent"]);
    assertEquals(keys(parentBytes - 1, unit), ["own"]);
    assertEquals(keys(0, unit), ["own"]);
  }
});

Deno.test("a span has the address and the port of its peer, if they are known", () => {
  const attributes = (host: string | null) => {
    const begun = (host: string | null) => {
      const tracer = new FakeTracer();
      startClientSpan(tracer, "disk.work", host, "b");
      return tracer.spans[0]!;
    };
    const { "rpc.system.name": system, "rpc.method": method, ...rest } =
      begun(host).options.attributes;
    assertEquals([system, method, rest["internode.subroute"]], ["internode", "disk.work", "b"]);
    return [rest["server.address"], rest["server.port"]];
  };
  assertEquals(attributes("tcp://10.0.0.1:9000"), ["10.0.0.1", 9000]);
  assertEquals(attributes("tls://[2001:db8::1]:443"), ["2001:db8::1", 443]);
  assertEquals(attributes("ws://node.example:80/internode"), ["node.example", 80]);
  assertEquals(attributes("unix:///run/grid.sock"), ["/run/grid.sock", undefined]);
  assertEquals(attributes("memory://node-1"), ["node-1", undefined]);
  assertEquals(attributes("replica.example:9000"), ["replica.example", 9000]);
  assertEquals(attributes("whatever"), ["whatever", undefined]);
  assertEquals(attributes(":9000"), [":9000", undefined]);
  assertEquals(attributes(null), [undefined, undefined]);
});
