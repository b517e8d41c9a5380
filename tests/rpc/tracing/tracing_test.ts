import { type HandlerContext, InternodeError, type Manager, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { NO_METADATA } from "../../../lib/session/frames/metadata.ts";
import { FakeTracer } from "../../support/fake_tracer.ts";
import { assertFate, watch } from "../../support/outcome.ts";
import { type GridSetup, withPair } from "../../support/simulation/simulated_grid.ts";
import { pause } from "../../support/pause.ts";

const work = single("disk.work", { request: t.string(), response: t.string() });
const relay = single("relay", { request: t.string(), response: t.string() });
const count = stream("disk.count", {
  initial: t.uint(),
  input: t.uint(),
  output: t.uint(),
  inputCapacity: 4,
  outputCapacity: 4,
});
const sink = stream("disk.sink", { input: t.uint(), inputCapacity: 1, outputCapacity: 0 });

/** Both nodes with one tracer each, and with handlers that end in all possible ways. */
async function traced(
  body: (grid: SimulatedCluster<Manager>, made: FakeTracer, served: FakeTracer) => Promise<void>,
  setup: GridSetup = {},
): Promise<void> {
  const tracers = [new FakeTracer(), new FakeTracer()] as const;
  await withPair({
    options: ({ index }) => ({ tracer: tracers[index]! }),
    serve: (manager, { clock, hosts }) => {
      manager.handle(work, (text) => {
        if (text === "throw") throw new RangeError("no such disk");
        if (text === "nothing") return Promise.reject();
        if (text === "unfit") return 5 as unknown as string;
        if (text === "at once") return "done";
        if (text === "reject") {
          return pause(clock, 10).then(() => Promise.reject(new Error("late")));
        }
        return pause(clock, Number(text)).then(() => "done");
      });
      manager.handle(
        relay,
        (text) =>
          manager.connection(hosts.find((host) => host !== manager.local)!).request(work, text),
      );
      manager.handle(count, async function* (many) {
        for (let value = 0; value < many; value++) {
          await pause(clock, 10);
          if (many === 9 && value === 7) throw new Error("seven");
          yield value;
        }
      });
      manager.handle(sink, async (_, input) => {
        for await (const _value of input);
      });
    },
    ...setup,
  }, (grid) => body(grid, ...tracers));
}

function there(grid: SimulatedCluster<Manager>) {
  return grid.node(0).connection(grid.hosts[1]!);
}

Deno.test("the handler's span is the child of the call's, and a further call's the child of the handler's", async () => {
  await traced(async (grid, made, served) => {
    assertEquals(await there(grid).request(relay, "5"), "done");
    const [call, back] = [made.spans[0]!, made.spans[1]!];
    const [relaying, further] = [served.spans[0]!, served.spans[1]!];
    assertEquals(made.told, ["client relay: ok", "server disk.work: ok"]);
    assertEquals(served.told, ["server relay: ok", "client disk.work: ok"]);
    assertEquals(call.parentId, undefined);
    assertEquals(relaying.parentId, call.context!.spanId);
    assertEquals(further.parentId, relaying.context!.spanId);
    assertEquals(back.parentId, further.context!.spanId);
    assertEquals(back.context!.traceId, call.context!.traceId);
    const { traceId, spanId } = call.context!;
    assertEquals(relaying.options.parent, { traceId, spanId, traceFlags: 1 });
  });
});

Deno.test("a span says what is called, and where", async () => {
  await traced(async (grid, made, served) => {
    await there(grid).request(work, "at once");
    const what = { "rpc.system.name": "internode", "rpc.method": "disk.work" };
    const [here, other] = grid.hosts.map((host) => host.replace("memory://", ""));
    assertEquals(made.spans[0]!.options.attributes, { ...what, "server.address": other! });
    assertEquals(served.spans[0]!.options.attributes, { ...what, "client.address": here! });
  });
});

Deno.test("each way for a request to end ends both spans once, with its error", async () => {
  await traced(async (grid, made, served) => {
    const fates = async (text: string): Promise<string[]> => {
      made.spans.length = served.spans.length = 0;
      await watch(grid.clock, there(grid).request(work, text)).promise.catch(() => {});
      return [made.told, served.told].flat().map((line) => line.replace(" disk.work", ""));
    };
    assertEquals(await fates("at once"), ["client: ok", "server: ok"]);
    assertEquals(await fates("20"), ["client: ok", "server: ok"]);
    assertEquals(await fates("throw"), ["client: HandlerFailed", "server: no such disk"]);
    assertEquals(await fates("nothing"), ["client: HandlerFailed", "server: HandlerFailed"]);
    assertEquals(await fates("reject"), ["client: HandlerFailed", "server: late"]);
    assertEquals(await fates("unfit"), ["client: HandlerFailed", "server: InvalidPayload"]);
  });
});

Deno.test("a call that is cancelled, or out of time, ends both spans while its handler still runs", async () => {
  await traced(async (grid, made, served) => {
    const controller = new AbortController();
    const cancelled = watch(
      grid.clock,
      there(grid).request(work, "500", { signal: controller.signal }),
    );
    const late = watch(grid.clock, there(grid).request(work, "500", { timeoutMs: 100 }));
    await grid.clock.advance(50);
    assertEquals(served.told, ["server disk.work: open", "server disk.work: open"]);
    controller.abort(new Error("no longer"));
    await grid.clock.advance(100);
    assertFate(late, "DeadlineExceeded maybeExecuted");
    assertFate(cancelled, "Error: no longer");
    const ended = [
      ["client disk.work: no longer", "client disk.work: DeadlineExceeded"],
      ["server disk.work: Cancelled", "server disk.work: DeadlineExceeded"],
    ];
    assertEquals([made.told, served.told], ended);
    // What the handlers return later changes nothing.
    await grid.clock.advance(1_000);
    assertEquals([made.told, served.told], ended);
  });
});

Deno.test("a call that never gets away ends its span, and no handler has one", async () => {
  await traced(async (grid, made, served) => {
    const way = there(grid);
    const timeouts = [0, NaN].map((timeoutMs) => way.request(work, "1", { timeoutMs }));
    const gone = way.request(work, "1", { signal: AbortSignal.abort("gone") });
    const unfit = way.request(work, 5 as unknown as string);
    const cut = way.stream(count, 1, { timeoutMs: 0 }).finished;
    await Promise.allSettled([...timeouts, gone, unfit, cut]);
    assertEquals(made.told, [
      "client disk.work: DeadlineExceeded",
      "client disk.work: InvalidArgument",
      "client disk.work: gone",
      "client disk.work: InvalidPayload",
      "client disk.count: DeadlineExceeded",
    ]);
    assertEquals(served.told, []);
  });
});

Deno.test("a lost connection ends the spans of what runs on it, on both sides", async () => {
  await traced(async (grid, made, served) => {
    const asked = watch(grid.clock, there(grid).request(work, "60000"));
    const streamed = there(grid).stream(count, 5_000);
    const reading = watch(
      grid.clock,
      (async () => {
        for await (const _ of streamed);
      })(),
    );
    await grid.clock.advance(100);
    assertEquals(served.told, ["server disk.work: open", "server disk.count: open"]);
    grid.partition([[0], [1]]);
    await grid.clock.runUntil(
      () => asked.settled && reading.settled && served.told.every((line) => !line.endsWith("open")),
      120_000,
    );
    assertEquals(made.told, ["client disk.work: Disconnected", "client disk.count: Disconnected"]);
    assertEquals(served.told, [
      "server disk.work: Disconnected",
      "server disk.count: Disconnected",
    ]);
    grid.heal();
    await grid.clock.advance(60_000);
  });
});

Deno.test("each way for a stream to end ends both spans once, with its error", async () => {
  await traced(async (grid, made, served) => {
    const read = async (many: number): Promise<void> => {
      for await (const _ of there(grid).stream(count, many));
    };
    const fates = async (act: () => Promise<void>): Promise<string[]> => {
      made.spans.length = served.spans.length = 0;
      await act().catch(() => {});
      await grid.clock.advance(200);
      return [made.told, served.told].flat().map((line) => line.replace(/ disk\.\w+/, ""));
    };
    assertEquals(await fates(() => read(3)), ["client: ok", "server: ok"]);
    assertEquals(await fates(() => read(9)), ["client: HandlerFailed", "server: seven"]);
    assertEquals(
      await fates(async () => {
        for await (const _ of there(grid).stream(count, 5)) break;
      }),
      ["client: Cancelled", "server: Cancelled"],
    );
    assertEquals(
      await fates(() => there(grid).stream(count, 1_000, { timeoutMs: 45 }).finished),
      ["client: DeadlineExceeded", "server: DeadlineExceeded"],
    );
    assertEquals(
      await fates(async () => {
        const stream = there(grid).stream(sink, new Uint8Array());
        await stream.send(1);
        await stream.end();
        await stream.finished;
      }),
      ["client: ok", "server: ok"],
    );
    assertEquals(
      await fates(async () => {
        const stream = there(grid).stream(sink, new Uint8Array());
        await stream.send("one" as unknown as number).catch(() => stream.cancel());
      }),
      ["client: Cancelled", "server: Cancelled"],
    );
  });
});

Deno.test("every step of a generator runs in its span, its last one too", async () => {
  const active: (string | undefined)[] = [];
  const tracer = new FakeTracer();
  const note = () => void active.push(tracer.active?.name);
  await withPair({
    options: ({ index }) => index === 1 ? { tracer } : {},
    serve: (manager) => {
      manager.handle(count, async function* (many) {
        try {
          note();
          for (let value = 0; value < many; value++) {
            yield value;
            note();
          }
        } finally {
          note();
        }
      });
      manager.handle(sink, note);
    },
  }, async (grid) => {
    for await (const _ of there(grid).stream(count, 3));
    assertEquals(active, Array(5).fill("disk.count"));
    active.length = 0;
    for await (const _ of there(grid).stream(count, 3_000)) break;
    await grid.clock.advance(100);
    assertEquals(new Set(active), new Set(["disk.count"]));
    active.length = 0;
    await there(grid).stream(sink, new Uint8Array()).finished;
    assertEquals(active, ["disk.sink"]);
  });
});

Deno.test("calls that wait for others have their spans from their arrival, also those refused", async () => {
  const tracer = new FakeTracer();
  const release: (() => void)[] = [];
  const turn = () => new Promise<void>((resolve) => release.push(resolve));
  await withPair({
    options: ({ index }) => index === 1 ? { tracer } : {},
    serve: (manager) => {
      const options = { concurrency: 1, queue: 1 };
      const name = (): string => tracer.active?.name ?? "no span";
      manager.handle(work, () => turn().then(name), options);
      manager.handle(count, async function* () {
        await turn();
        yield name() === "disk.count" ? 1 : 0;
      }, options);
    },
  }, async (grid) => {
    const way = there(grid);
    const read = async (timeoutMs: number): Promise<unknown> => {
      let last: unknown;
      for await (const value of way.stream(count, 1, { timeoutMs })) last = value;
      return last;
    };
    const kinds = [
      ["disk.work", (timeoutMs: number) => way.request(work, "", { timeoutMs }), "disk.work"],
      ["disk.count", read, 1],
    ] as const;
    for (const [name, call, answer] of kinds) {
      tracer.spans.length = 0;
      const fates = () => tracer.told.map((line) => line.replace(`server ${name}: `, ""));
      const calls = [500, 500, 500].map((ms) => watch<unknown>(grid.clock, call(ms)));
      await grid.clock.advance(50);
      assertEquals(fates(), ["open", "open", "Overloaded"]);
      release.shift()!();
      await grid.clock.advance(50);
      // The second one runs, although it is the end of the first that has started it, in a span of its own.
      const late = watch<unknown>(grid.clock, call(100));
      await grid.clock.advance(50);
      assertEquals(fates().slice(1), ["open", "Overloaded", "open"]);
      await grid.clock.advance(100);
      assertEquals(fates().slice(1), ["open", "Overloaded", "DeadlineExceeded"]);
      release.shift()!();
      await grid.clock.advance(50);
      assertEquals(calls.map(({ value }) => value), [answer, answer, undefined]);
      assertEquals(fates().filter((fate) => fate === "open"), []);
      assertEquals([late.settled, release.length], [true, 0]);
    }
  });
});

Deno.test("one side alone may trace; without a tracer nothing is added on the wire", async () => {
  for (const tracing of [0, 1, -1]) {
    const tracer = new FakeTracer();
    let seen: HandlerContext["metadata"] = {};
    await withPair({
      options: ({ index }) => index === tracing ? { tracer } : {},
      serve: (manager) => {
        manager.handle(work, (text, context) => {
          seen = context.metadata;
          return text;
        });
      },
    }, async (grid) => {
      await there(grid).request(work, "a");
      if (tracing === 0) {
        const { traceId, spanId } = tracer.spans[0]!.context!;
        assertEquals({ ...seen }, { traceparent: `00-${traceId}-${spanId}-01` });
      } else {
        // This very object stands for a frame without metadata.
        assertStrictEquals(seen, NO_METADATA);
      }
      if (tracing === 1) assertEquals(tracer.spans[0]!.options.parent, undefined);
      await there(grid).request(work, "a", { metadata: { tenant: "t", traceparent: "mine" } });
      assertNotStrictEquals(seen, NO_METADATA);
      assertEquals(seen["tenant"], "t");
      if (tracing !== 0) assertEquals(seen["traceparent"], "mine");
      tracer.propagates = false;
      await there(grid).request(work, "a");
      assertStrictEquals(seen, NO_METADATA);
    });
    assertEquals(tracer.spans.length, tracing === -1 ? 0 : 3);
    assertEquals(tracer.spans.map(({ fate }) => fate).filter((fate) => fate !== "ok"), []);
  }
});

Deno.test("metadata that the user has filled is sent unchanged, and is refused as usual if it is too large", async () => {
  await traced(async (grid, made, served) => {
    const exact = { key: "v".repeat(4_096 - 7) };
    assertEquals(await there(grid).request(work, "at once", { metadata: exact }), "done");
    assertEquals(served.spans[0]!.options.parent, undefined);
    const over = { key: "v".repeat(4_096 - 6) };
    const refused = watch(grid.clock, there(grid).request(work, "at once", { metadata: over }));
    await refused.promise.catch(() => {});
    assert(refused.error instanceof InternodeError);
    assertEquals(refused.error.code, "InvalidArgument");
    assertEquals(made.told, ["client disk.work: ok", "client disk.work: InvalidArgument"]);
  });
});

Deno.test("a call of a name that no handler has is a span without that name, which comes from outside", async () => {
  await traced(async (grid, made, served) => {
    const call = there(grid).request(single("no.one"), new Uint8Array(0));
    await watch(grid.clock, call).promise.catch(() => {});
    const [span] = served.spans;
    assertEquals([made.spans[0]!.name, span!.name], ["no.one", "internode"]);
    assertEquals(span!.options.attributes["rpc.method"], "_OTHER");
    assertEquals(span!.options.attributes["rpc.method_original"], "no.one");
    assertEquals(span!.added, { "rpc.status_code": "UnknownHandler" });
  });
});
