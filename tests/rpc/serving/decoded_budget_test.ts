/**
 * What the values of calls under way may take of memory.
 *
 * @module
 */

import { type HandlerContext, InternodeError, type Manager, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type GridSetup, withPair } from "../../support/simulation/simulated_grid.ts";

const Lists = t.list(t.list(t.uint()));
const hold = single("hold", { request: Lists, response: t.uint() });
const raw = single("raw");
const sizes = single("sizes", { request: t.uint(), response: Lists });
const upload = stream("upload", {
  initial: Lists,
  input: Lists,
  output: t.uint(),
  inputCapacity: 16,
  outputCapacity: 16,
});
const download = stream("download", {
  initial: t.uint(),
  output: Lists,
  inputCapacity: 0,
  outputCapacity: 16,
});

/** 2 bytes each, of which about 230 of memory are made. */
function lists(count: number): number[][] {
  return Array.from({ length: count }, () => [1]);
}

/** A call may hold half of it, and the next a quarter. */
const decodedBudgetBytes = 1_048_576;
const HALF = 2_000, QUARTER = 1_000;

/** Waits on virtual time. */
async function until(grid: SimulatedCluster<Manager>, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => grid.clock.setTimer(1, resolve));
  }
}

/** Handlers that run until they are let go. */
class Held {
  running: PromiseWithResolvers<void>[] = [];
  readonly contexts: HandlerContext[] = [];

  wait(context: HandlerContext): Promise<void> {
    const one = Promise.withResolvers<void>();
    this.running.push(one);
    this.contexts.push(context);
    return one.promise;
  }

  letAllGo(): void {
    for (const one of this.running) one.resolve();
    this.running = [];
  }
}

function setup(held: Held): GridSetup {
  return {
    options: () => ({ limits: { decodedBudgetBytes } }),
    serve: (manager) => {
      manager.handle(hold, async (value, context) => {
        await held.wait(context);
        return value.length;
      });
      manager.handle(raw, async (bytes, context) => {
        await held.wait(context);
        return bytes.subarray(0, 1);
      });
      manager.handle(sizes, (count) => lists(count));
      manager.handle(upload, async function* (initial, input, context) {
        yield initial.length;
        await held.wait(context);
        for await (const value of input) yield value.length;
      });
      manager.handle(download, function* (count) {
        for (let i = 0; i < 4; i++) yield lists(count);
      });
    },
  };
}

async function refused(call: Promise<unknown>, words: string): Promise<InternodeError> {
  return await assertRejects(() => call, InternodeError, words);
}

Deno.test("requests whose values find no room are refused, and fit again when handlers have ended", async () => {
  const held = new Held();
  await withPair(setup(held), async (grid) => {
    const to = grid.node(0).connection(grid.hosts[1]!);
    for (let round = 0; round < 3; round++) {
      const taken = [QUARTER, QUARTER].map((count) => to.request(hold, lists(count)));
      await until(grid, () => held.running.length === 2);
      const error = await refused(to.request(hold, lists(QUARTER)), "leave no room for that");
      assertEquals([error.code, error.outcome], ["Overloaded", "notExecuted"]);
      // What is small goes on.
      const small = to.request(hold, lists(1));
      await until(grid, () => held.running.length === 3);
      held.letAllGo();
      assertEquals(await Promise.all([...taken, small]), [QUARTER, QUARTER, 1]);
      const half = to.request(hold, lists(HALF));
      await until(grid, () => held.running.length === 1);
      held.letAllGo();
      assertEquals(await half, HALF);
    }
  });
});

Deno.test("a value that never fits is refused as too large, and the connection goes on", async () => {
  const held = new Held();
  await withPair(setup(held), async (grid) => {
    const to = grid.node(0).connection(grid.hosts[1]!);
    const error = await refused(to.request(hold, lists(3_000)), "half of limit decodedBudgetBytes");
    assertEquals([error.code, error.outcome], ["MessageTooLarge", "notExecuted"]);
    assertEquals((await to.request(sizes, HALF)).length, HALF);
    const response = await refused(to.request(sizes, 3_000), "half of limit decodedBudgetBytes");
    assertEquals([response.code, response.outcome], ["MessageTooLarge", "executed"]);
    const opened = to.stream(upload, lists(3_000));
    assertEquals((await refused(opened.finished, "decodedBudgetBytes")).code, "MessageTooLarge");
    assertEquals(grid.node(0).connection(grid.hosts[1]!).state, "connected");
  });
});

Deno.test("values count until their handlers have ended, also when their calls were cancelled", async () => {
  const held = new Held();
  await withPair(setup(held), async (grid) => {
    const to = grid.node(0).connection(grid.hosts[1]!);
    const request = (isRaw: boolean, signal?: AbortSignal): Promise<unknown> => {
      const options = signal === undefined ? {} : { signal };
      return isRaw
        ? to.request(raw, new Uint8Array(600_000), options)
        : to.request(hold, lists(HALF), options);
    };
    for (const isRaw of [false, true]) {
      const abort = new AbortController();
      const call = request(isRaw, abort.signal);
      call.catch(() => {});
      await until(grid, () => held.running.length === 1);
      abort.abort(new Error("changed my mind"));
      await assertRejects(() => call, Error, "changed my mind");
      await until(grid, () => held.contexts.at(-1)!.signal.aborted);
      const error = await refused(request(isRaw), "no room");
      assertEquals([error.code, error.outcome], ["Overloaded", "notExecuted"]);
      held.letAllGo();
      const answer = request(isRaw);
      await until(grid, () => held.running.length === 1);
      held.letAllGo();
      await answer;
    }
  });
});

Deno.test("a call that waits for its turn holds its value until it is cancelled", async () => {
  const held = new Held();
  const one = single("one", { request: Lists, response: t.uint() });
  const { options } = setup(held);
  const serve: GridSetup["serve"] = (manager) => {
    manager.handle(sizes, (count) => lists(count));
    manager.handle(one, async (value, context) => {
      await held.wait(context);
      return value.length;
    }, { concurrency: 1 });
  };
  await withPair({ options: options!, serve }, async (grid) => {
    const to = grid.node(0).connection(grid.hosts[1]!);
    const first = to.request(one, lists(1));
    await until(grid, () => held.running.length === 1);
    const abort = new AbortController();
    const second = to.request(one, lists(HALF), { signal: abort.signal });
    second.catch(() => {});
    assertEquals((await refused(to.request(one, lists(HALF)), "no room")).code, "Overloaded");
    abort.abort(new Error("no more"));
    await assertRejects(() => second, Error, "no more");
    const third = to.request(one, lists(HALF));
    // Behind the cancel and the call.
    await to.request(sizes, 1);
    held.letAllGo();
    assertEquals(await first, 1);
    await until(grid, () => held.running.length === 1);
    held.letAllGo();
    assertEquals(await third, HALF);
  });
});

Deno.test("inputs count until they are read, and one that finds no room ends its stream", async () => {
  const held = new Held();
  await withPair(setup(held), async (grid) => {
    const to = grid.node(0).connection(grid.hosts[1]!);
    for (let round = 0; round < 2; round++) {
      const full = to.stream(upload, lists(1));
      assertEquals((await full[Symbol.asyncIterator]().next()).value, 1);
      for (let i = 0; i < 4; i++) full.send(lists(QUARTER)).catch(() => {});
      const error = await refused(full.finished, "An input cannot be read");
      assertEquals([error.code, error.outcome], ["Overloaded", "executed"]);
      held.letAllGo();
    }
    const read = to.stream(upload, lists(1));
    const outputs = read[Symbol.asyncIterator]();
    assertEquals((await outputs.next()).value, 1);
    await until(grid, () => held.running.length === 1);
    held.letAllGo();
    for (let i = 0; i < 8; i++) {
      await read.send(lists(QUARTER));
      assertEquals((await outputs.next()).value, QUARTER);
    }
    read.end();
    await read.finished;
  });
});

Deno.test("outputs that the caller leaves unread count, and one that finds no room ends its stream", async () => {
  await withPair(setup(new Held()), async (grid) => {
    const to = grid.node(0).connection(grid.hosts[1]!);
    for (let round = 0; round < 3; round++) {
      const unread = to.stream(download, QUARTER);
      const error = await refused(unread.finished, "an output cannot be read");
      assertEquals(error.code, "Overloaded");
      const outputs = to.stream(download, QUARTER / 10);
      await outputs.finished;
      let read = 0;
      for await (const value of outputs) read += value.length;
      assertEquals(read, 4 * QUARTER / 10);
    }
    assertEquals((await to.request(sizes, HALF)).length, HALF);
  });
});

Deno.test("all connections of a node share its memory for decoded values, and a small user leaves most of it to others", async () => {
  const held = new Held();
  const three: GridSetup = { ...setup(held), nodes: 3 };
  await withPair(three, async (grid) => {
    const calls = [1, 2].map((node) => grid.node(node).connection(grid.hosts[0]!));
    const first = calls[0]!.request(hold, lists(HALF));
    await until(grid, () => held.running.length === 1);
    assertEquals(
      (await refused(calls[1]!.request(hold, lists(HALF)), "no room")).code,
      "Overloaded",
    );
    const second = calls[1]!.request(hold, lists(QUARTER));
    await until(grid, () => held.running.length === 2);
    held.letAllGo();
    assertEquals(await Promise.all([first, second]), [HALF, QUARTER]);
    assert(held.running.length === 0);
  });
});
