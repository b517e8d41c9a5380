/** Interceptors that come with the library, on virtual time. */

import {
  type InterceptedCall,
  InternodeError,
  logCalls,
  type ManagerOptions,
  rateLimit,
  type RateLimitOptions,
  single,
  stream,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals, assertThrows } from "@std/assert";
import { withPair } from "../../support/simulation/simulated_grid.ts";

const work = single("work", { request: t.uint(), response: t.uint() });
const flow = stream("flow", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
});
const drain = stream("drain", {
  initial: t.nothing(),
  input: t.uint(),
  inputCapacity: 4,
  outputCapacity: 0,
});

/** Two nodes, of which the second serves. */
async function withServer(
  interceptors: ManagerOptions["interceptors"],
  body: (
    call: (request: number, metadata?: Record<string, string>) => Promise<string>,
    world: Parameters<Parameters<typeof withPair>[1]>[0],
  ) => Promise<void>,
): Promise<void> {
  await withPair({
    options: () => ({ interceptors }),
    serve: (manager, { clock }) => {
      const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimer(ms, resolve));
      manager.handle(work, async (ms) => {
        await wait(ms);
        if (ms === 13) throw new RangeError("an unlucky number");
        return ms;
      });
      manager.handle(flow, async function* (ms) {
        for (let i = 0; i < 3; i++) {
          await wait(ms);
          yield i;
        }
      });
      manager.handle(drain, async (_initial, input) => void await Array.fromAsync(input));
    },
  }, async (grid) => {
    const to = grid.node(0).connection(grid.node(1).local);
    await body((request, metadata) =>
      to.request(work, request, { metadata }).then(
        () => "ok",
        (error: InternodeError) => `${error.code} ${error.outcome}`,
      ), grid);
  });
}

Deno.test("logCalls tells of each call that has ended, once, and of nothing that it carried", async () => {
  const lines: string[] = [];
  const add = (level: string) => (_message: string, fields?: Readonly<Record<string, unknown>>) => {
    const { event, what, handler, forMs, code } = fields ?? {};
    lines.push([level, event, what, handler, Math.round(Number(forMs) / 10), code].join(" "));
  };
  const logger = { debug: add("debug"), info: add("info"), warn: add("warn"), error: add("error") };
  await withServer({ server: [logCalls({ logger })] }, async (call, grid) => {
    await call(50);
    await call(13);
    const to = grid.node(0).connection(grid.node(1).local);
    assertEquals(await Array.fromAsync(to.stream(flow, 20)), [0, 1, 2]);
    const drained = to.stream(drain, undefined);
    drained.end();
    await drained.finished;
    const cut = to.stream(flow, 20);
    for await (const _ of cut) break;
    await new Promise<void>((resolve) => grid.clock.setTimer(200, resolve));
  });
  assertEquals(
    lines,
    [
      "info call_ended server work 5 ",
      "warn call_ended server work 1 ",
      "info call_ended server flow 6 ",
      "info call_ended server drain 0 ",
    ].concat(lines.slice(4)),
  );
  assertEquals(lines.length, 5);
});

Deno.test("logCalls tells of streams without outputs where they are made, and of slow calls alone if asked", async () => {
  const lines: unknown[] = [];
  const note = (_message: string, fields?: Readonly<Record<string, unknown>>) =>
    void lines.push([fields?.["handler"], fields?.["what"]]);
  const logger = { debug: note, info: note, warn: note, error: note };
  const interceptors = { client: [logCalls({ logger, slowMs: 20, level: "debug" })] };
  await withServer(interceptors, async (call, grid) => {
    await call(5);
    await call(50);
    const to = grid.node(0).connection(grid.node(1).local);
    const drained = to.stream(drain, undefined);
    await drained.send(1);
    await call(30);
    drained.end();
    await drained.finished;
  });
  assertEquals(lines, [["work", "client"], ["work", "client"], ["drain", "client"]]);
});

Deno.test("rateLimit lets as many calls through as it says, for each key", async () => {
  const by = ({ metadata }: InterceptedCall): string => metadata["tenant"] ?? "none";
  const limit = rateLimit({ perSecond: 10, burst: 2, by });
  await withServer({ server: [limit] }, async (call, { clock }) => {
    const fates = async (tenant: string) =>
      await Promise.all([1, 2, 3].map(() => call(0, { tenant })));
    const refused = "Overloaded notExecuted";
    assertEquals(await fates("a"), ["ok", "ok", refused]);
    assertEquals(await fates("b"), ["ok", "ok", refused]);
    await new Promise<void>((resolve) => clock.setTimer(100, resolve));
    assertEquals(await fates("a"), ["ok", refused, refused]);
    await new Promise<void>((resolve) => clock.setTimer(1_000, resolve));
    assertEquals(await fates("a"), ["ok", "ok", refused]);
  });
});

Deno.test("rateLimit keeps no more keys than it may: those beyond share one count", async () => {
  const by = ({ metadata }: InterceptedCall): string => metadata["tenant"] ?? "none";
  const limit = rateLimit({ perSecond: 1, by, maxKeys: 2 });
  await withServer({ client: [limit] }, async (call, { clock }) => {
    const fate = async (tenant: string) => await call(0, { tenant });
    assertEquals([await fate("a"), await fate("b"), await fate("c")], ["ok", "ok", "ok"]);
    assertEquals([await fate("d"), await fate("e")], ["Overloaded notSent", "Overloaded notSent"]);
    await new Promise<void>((resolve) => clock.setTimer(2_000, resolve));
    assertEquals([await fate("d"), await fate("e"), await fate("d")], [
      "ok",
      "ok",
      "Overloaded notSent",
    ]);
  });
});

Deno.test("rateLimit refuses what it cannot count", async () => {
  for (
    const by of [() => 5, () => undefined, () => Promise.reject(new Error("no")), () => {
      throw new Error("no");
    }]
  ) {
    await withServer({ server: [rateLimit({ perSecond: 10, by: by as never })] }, async (call) => {
      assertEquals(await call(1), "HandlerFailed notExecuted");
    });
  }
});

Deno.test("options of the interceptors are checked", () => {
  const good = { perSecond: 1 };
  for (
    const [options, named] of [
      [{}, "perSecond"],
      [{ perSecond: 0 }, "perSecond"],
      [{ perSecond: Infinity }, "perSecond"],
      [{ ...good, burst: 0 }, "burst"],
      [{ ...good, by: 1 }, "by"],
      [{ ...good, maxKeys: 0 }, "maxKeys"],
    ] as const
  ) {
    assertThrows(() => rateLimit(options as RateLimitOptions), InternodeError, `Option ${named}`);
  }
  assertThrows(() => logCalls({ level: "warn" as never }), InternodeError, "Option level");
  assertThrows(() => logCalls({ slowMs: -1 }), InternodeError, "Option slowMs");
});
