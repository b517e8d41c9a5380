import { type Manager, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assertEquals, assertRejects } from "@std/assert";
import { FakeMeter } from "../../support/fake_meter.ts";
import { watch } from "../../support/outcome.ts";
import { withPair } from "../../support/simulation/simulated_grid.ts";
import { pause } from "../../support/pause.ts";

const work = single("work", { request: t.string(), response: t.string() });
const waits = single("waits", { request: t.uint(), response: t.uint() });
const guarded = single("guarded");
const count = stream("count", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
});

const fails = stream("fails", { inputCapacity: 0, outputCapacity: 0 });

/** Two nodes with a meter each, and handlers that end in all possible ways. */
async function metered(
  body: (grid: SimulatedCluster<Manager>, made: FakeMeter, served: FakeMeter) => Promise<void>,
): Promise<void> {
  const meters = [new FakeMeter(), new FakeMeter()] as const;
  await withPair({
    options: ({ index }) => ({ meter: meters[index]! }),
    serve: (manager, { clock }) => {
      manager.handle(work, (text) => {
        if (text === "throw") throw new RangeError("no such disk");
        if (text === "unfit") return 5 as unknown as string;
        if (text === "at once") return "done";
        if (text === "reject") {
          return pause(clock, 10).then(() => Promise.reject(new Error("late")));
        }
        return pause(clock, Number(text)).then(() => "done");
      });
      manager.handle(waits, (ms) => pause(clock, ms).then(() => ms), { concurrency: 1, queue: 1 });
      manager.handle(guarded, (bytes) => bytes, { allow: () => false });
      manager.handle(fails, async () => {
        await pause(clock, 50);
        throw new Error("too late");
      });
      manager.handle(count, async function* (many) {
        for (let value = 0; value < many; value++) {
          await pause(clock, 10);
          if (many === 9 && value === 7) throw new Error("seven");
          yield value;
        }
      });
    },
  }, (grid) => body(grid, ...meters));
}

function there(grid: SimulatedCluster<Manager>) {
  return grid.node(0).connection(grid.hosts[1]!);
}

Deno.test("each request counts once on either side, with its outcome and how long it took", async () => {
  await metered(async (grid, made, served) => {
    const told = async (text: string): Promise<string[]> => {
      await watch(grid.clock, there(grid).request(work, text)).promise.catch(() => {});
      return [...made.told(), ...served.told()];
    };
    assertEquals(await told("at once"), ["client work: OK 0", "server work: OK 0"]);
    assertEquals(await told("20"), ["client work: OK 20", "server work: OK 20"]);
    const failed = ["client work: HandlerFailed 0", "server work: HandlerFailed 0"];
    assertEquals(await told("throw"), failed);
    assertEquals(await told("unfit"), failed);
    const rejected = ["client work: HandlerFailed 10", "server work: HandlerFailed 10"];
    assertEquals(await told("reject"), rejected);
    await there(grid).request(work, "at once");
    const [call] = made.calls, [answer] = served.calls;
    assertEquals([call?.host, answer?.host], [grid.hosts[1], grid.hosts[0]]);
    assertEquals([call?.kind, answer?.kind], ["single", "single"]);
  });
});

Deno.test("a call that its caller ends, or whose time runs out, counts once, and not again when its handler ends", async () => {
  await metered(async (grid, made, served) => {
    const controller = new AbortController(), { signal } = controller;
    const late = watch(grid.clock, there(grid).request(work, "500", { timeoutMs: 100 }));
    const left = watch(grid.clock, there(grid).request(work, "500", { signal }));
    await grid.clock.advance(55);
    assertEquals([made.calls, served.calls], [[], []]);
    controller.abort(new Error("no longer"));
    await grid.clock.advance(1_000);
    await Promise.allSettled([late.promise, left.promise]);
    assertEquals(made.told(), ["client work: Aborted 50", "client work: DeadlineExceeded 100"]);
    assertEquals(served.told(), ["server work: Cancelled 50", "server work: DeadlineExceeded 100"]);
  });
});

Deno.test("a handler that fails when its call has ended already does not count again", async () => {
  await metered(async (grid, made, served) => {
    const late = { timeoutMs: 5 };
    await assertRejects(() => there(grid).request(work, "reject", late));
    await assertRejects(() => there(grid).stream(fails, new Uint8Array(0), late).finished);
    await grid.clock.advance(1_000);
    const code = "DeadlineExceeded 0";
    assertEquals(made.told(), [`client work: ${code}`, `client fails: ${code}`]);
    assertEquals(served.told(), [`server work: ${code}`, `server fails: ${code}`]);
  });
});

Deno.test("calls for which no handler runs count by why, and unknown names as one", async () => {
  await metered(async (grid, made, served) => {
    const to = there(grid), bytes = new Uint8Array(0);
    await assertRejects(() => to.request(single("nobody"), bytes));
    await assertRejects(() => to.request(single("no one"), bytes));
    await assertRejects(() => to.request(guarded, bytes));
    assertEquals(made.told().map((line) => line.replace(/ \d+$/, "")), [
      "client nobody: UnknownHandler",
      "client no one: UnknownHandler",
      "client guarded: PermissionDenied",
    ]);
    assertEquals(served.told(), [
      "server _other: UnknownHandler 0",
      "server _other: UnknownHandler 0",
      "server guarded: PermissionDenied 0",
    ]);
  });
});

Deno.test("what a call waits for its handler's place counts to its time, and one that finds no place counts as refused", async () => {
  await metered(async (grid, made, served) => {
    const calls = [1, 2, 3].map(() => there(grid).request(waits, 30));
    await Promise.allSettled(calls);
    const lines = ["Overloaded 0", "OK 30", "OK 60"];
    assertEquals(made.told(), lines.map((line) => `client waits: ${line}`));
    assertEquals(served.told(), lines.map((line) => `server waits: ${line}`));
  });
});

Deno.test("a call that is refused here, before anything is sent, has taken no time", async () => {
  await metered(async (grid, made, served) => {
    await grid.clock.advance(1_000);
    await assertRejects(() => there(grid).request(work, "", { timeoutMs: NaN }));
    await assertRejects(() => there(grid).request(work, "", { signal: AbortSignal.abort() }));
    await assertRejects(() => there(grid).request(work, 5 as unknown as string));
    assertEquals(made.told(), [
      "client work: InvalidArgument 0",
      "client work: Aborted 0",
      "client work: InvalidPayload 0",
    ]);
    assertEquals(served.calls, []);
  });
});

Deno.test("streams count with the time until their end", async () => {
  await metered(async (grid, made, served) => {
    assertEquals((await Array.fromAsync(there(grid).stream(count, 3))).length, 3);
    await assertRejects(() => Array.fromAsync(there(grid).stream(count, 9)));
    for await (const _ of there(grid).stream(count, 5)) break;
    await grid.clock.advance(100);
    assertEquals(made.told(), [
      "client count: OK 30",
      "client count: HandlerFailed 80",
      "client count: Cancelled 10",
    ]);
    assertEquals(served.told(), [
      "server count: OK 30",
      "server count: HandlerFailed 80",
      "server count: Cancelled 10",
    ]);
    assertEquals(made.calls, []);
  });
});

Deno.test("a meter reads further figures from when a node is made until it has closed", async () => {
  await metered(async (grid, made) => {
    const { local } = grid.node(1), read = made.read!;
    await there(grid).request(work, "at once");
    const up = read().find(({ name }) => name === "internode.connection.up");
    assertEquals(up?.points, [{ value: 1, attributes: { host: local } }]);
    await grid.node(0).close();
    assertEquals(made.read, null);
  });
});
