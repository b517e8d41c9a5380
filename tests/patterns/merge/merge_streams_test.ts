/**
 * Many streams as one: order, ends, failures, and a slow reader.
 */

import { InternodeError, single, stream } from "@internode/grid";
import * as call from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { type MergeOptions, mergeStreams, type OnError, replicas } from "@internode/grid/patterns";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

/** A stream that the test feeds. */
class Feed implements AsyncIterableIterator<number> {
  readonly host: string;
  readonly signals: AbortSignal[] = [];
  asked = 0;
  returned = 0;
  #results: PromiseWithResolvers<IteratorResult<number>>[] = [];
  #taken = 0;

  constructor(host: string) {
    this.host = host;
  }

  give(...values: number[]): this {
    for (const value of values) this.#at(this.#given++).resolve({ done: false, value });
    return this;
  }

  end(): this {
    this.#at(this.#given++).resolve({ done: true, value: undefined });
    return this;
  }

  fail(error: unknown): this {
    this.#at(this.#given++).reject(error);
    return this;
  }

  next(): Promise<IteratorResult<number>> {
    this.asked++;
    return this.#at(this.#taken++).promise;
  }

  return(): Promise<IteratorResult<number>> {
    this.returned++;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #given = 0;

  #at(index: number): PromiseWithResolvers<IteratorResult<number>> {
    let result = this.#results[index];
    if (result === undefined) {
      result = this.#results[index] = Promise.withResolvers();
      result.promise.catch(() => {});
    }
    return result;
  }
}

function merge<Errors extends OnError = "fail">(
  feeds: readonly Feed[],
  options?: MergeOptions<number, Errors>,
) {
  return mergeStreams(feeds, (feed, signal) => {
    feed.signals.push(signal);
    return feed;
  }, options);
}

const ORDER = { orderBy: (value: number) => value };

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

async function read(merged: AsyncIterable<{ host: string; value?: number; ok: boolean }>) {
  const told: string[] = [];
  for await (const { host, value, ok } of merged) told.push(ok ? `${host}${value}` : `${host}!`);
  return told.join(" ");
}

Deno.test("outputs come as they arrive, each with its host, until all have ended", async () => {
  const a = new Feed("a"), b = new Feed("b"), told = read(merge([a, b]));
  b.give(1, 2);
  await settle();
  a.give(9);
  await settle();
  a.end();
  b.give(3).end();
  assertEquals(await told, "b1 b2 a9 b3");
});

Deno.test("outputs come in order of their keys; where those are equal, in the order of the targets", async () => {
  const feeds = [
    new Feed("a").give(1, 4, 4).end(),
    new Feed("b").end(),
    new Feed("c").give(2, 4).end(),
  ];
  assertEquals(await read(merge(feeds, ORDER)), "a1 c2 a4 a4 c4");
  const down = [new Feed("a").give(5, 1).end(), new Feed("b").give(7, 3).end()];
  assertEquals(await read(merge(down, { ...ORDER, descending: true })), "b7 a5 b3 a1");
  assertEquals(await read(merge([])), "");
});

Deno.test("in order, an output waits until the next one of each host is known", async () => {
  const a = new Feed("a").give(1), b = new Feed("b"), merged = merge([a, b], ORDER);
  let told = "";
  const next = merged.next().then(({ value }) => told = `${value.host}${value.value}`);
  await settle();
  assertEquals(told, "");
  b.give(2);
  await next;
  assertEquals(told, "a1");
  await merged.return();
});

Deno.test("a stream that is out of order has failed", async () => {
  const error = await assertRejects(
    () => read(merge([new Feed("a").give(2, 1), new Feed("b").give(9)], ORDER)),
    InternodeError,
    "An output of a has no place in the order: 1 came behind 2.",
  );
  assertEquals([error.code, error.host], ["InvalidPayload", "a"]);
  const odd = { orderBy: (value: number) => value === 2 ? "two" : value };
  const mixed = read(merge([new Feed("a").give(1, 2)], odd));
  await assertRejects(() => mixed, InternodeError, '"two" is no number');
  const none = read(merge([new Feed("a").give(1)], { orderBy: () => NaN }));
  await assertRejects(() => none, InternodeError, "its key is NaN");
  const throws = new Feed("a").give(1), other = new Feed("b");
  const orderBy = () => {
    throw new RangeError("odd");
  };
  await assertRejects(() => read(merge([throws, other], { orderBy })), RangeError, "odd");
  assertEquals([throws.returned, other.returned], [1, 1]);
});

Deno.test("the failure of one is that of the whole, for ever, and the others are cancelled", async () => {
  const a = new Feed("a").give(1), b = new Feed("b"), merged = merge([a, b]);
  assertEquals((await merged.next()).value?.host, "a");
  const error = new Error("lost");
  b.fail(error);
  for (let again = 0; again < 3; again++) {
    assertEquals(await merged.next().then(null, (thrown) => thrown), error);
  }
  assertEquals([a.returned, b.returned, a.signals[0]!.aborted], [1, 0, true]);
});

Deno.test("a failure that is skipped is told in its place, once, and the others go on", async () => {
  for (const options of [{}, ORDER]) {
    const a = new Feed("a").give(1).fail(undefined), b = new Feed("b").give(2, 3).end();
    const told = await read(merge([a, b], { ...options, onError: "skip" }));
    assert(["a1 b2 a! b3", "a1 a! b2 b3"].includes(told), told);
  }
  const failed = merge([new Feed("a").fail(new Error("down"))], { onError: "skip" });
  const { value } = await failed.next();
  assert(value !== undefined && !value.ok && value.outcome === "maybeExecuted");
  assertEquals((await failed.next()).done, true);
});

Deno.test("at most one output of each host is taken ahead of the reader", async () => {
  const a = new Feed("a").give(1, 2, 3, 4), b = new Feed("b").give(5, 6, 7);
  const merged = merge([a, b]);
  await settle();
  assertEquals([a.asked, b.asked], [0, 0]);
  await merged.next();
  await settle();
  assertEquals([a.asked, b.asked], [2, 1]);
  await merged.return();
});

Deno.test("who leaves cancels all, at once, and gets an error when it reads on", async () => {
  const a = new Feed("a").give(1), b = new Feed("b");
  const left = merge([a, b]);
  for await (const { value } of left) if (value === 1) break;
  assertEquals([a.returned, b.returned], [1, 1]);
  await assertRejects(() => left.next(), InternodeError, "stopped before their end");

  const waiting = merge([new Feed("c")]), next = waiting.next();
  await settle();
  await waiting.return();
  await assertRejects(() => next, InternodeError);

  const done = merge([new Feed("d").end()]);
  await done.next();
  await done.return();
  assertEquals((await done.next()).done, true, "a clean end stays one");
});

Deno.test("the signal ends all with its reason", async () => {
  const controller = new AbortController(), reason = new Error("enough"), a = new Feed("a");
  const { signal } = controller, merged = merge([a], { signal }), next = merged.next();
  controller.abort(reason);
  assertEquals(await next.then(null, (thrown) => thrown), reason);
  assertEquals([a.returned, a.signals[0]!.aborted], [1, true]);
  const b = new Feed("b");
  assertEquals(await merge([b], { signal }).next().then(null, (thrown) => thrown), reason);
  assertEquals(b.signals.length, 0);
});

Deno.test("a function that cannot open a stream, or opens none, is the failure of that host", async () => {
  const targets = [{ host: "throws" }, { host: "none" }];
  const failed: string[] = [];
  const open = ({ host }: { host: string }): AsyncIterable<number> => {
    if (host === "throws") throw new Error("odd");
    return {} as AsyncIterable<number>;
  };
  for await (const result of mergeStreams(targets, open, { onError: "skip" })) {
    if (!result.ok) failed.push(result.host);
  }
  assertEquals(failed, ["throws", "none"]);
});

Deno.test("bad options and targets are refused", () => {
  const refused = (options: unknown, what: string) =>
    assertThrows(() => merge([], options as MergeOptions<number>), InternodeError, what);
  refused({ orderBy: "name" }, "Option orderBy must be a function");
  refused({ descending: 1 }, "Option descending");
  refused({ onError: "wait" }, 'Option onError must be "fail" or "skip", not "wait"');
  refused({ signal: 5 }, "Option signal");
  refused({ clock: {} }, "Option clock must be an object with the method now");
  refused(null, "The options of mergeStreams must be an object");
  assertThrows(() => merge([new Feed("a"), new Feed("a")]), InternodeError, "is there twice");
  assertThrows(
    () => mergeStreams([], single("one") as never, undefined),
    InternodeError,
    'of kind "stream"',
  );
});

const count = stream("count", {
  initial: t.uint(),
  input: t.nothing(),
  output: t.uint(),
  inputCapacity: 2,
  outputCapacity: 2,
});

Deno.test("streams of all hosts are one, this node's too; leaving ends the handlers", async () => {
  const ended: string[] = [];
  const grid = simulatedGrid({
    nodes: 3,
    serve: (manager, { index, host }) =>
      manager.handle(count, async function* (to, inputs) {
        for await (const _ of inputs) throw new Error("no input was sent");
        try {
          for (let at = index; at < to; at += 3) yield at;
        } finally {
          ended.push(host);
        }
      }),
  });
  await grid.run(async () => {
    await grid.start();
    const node = grid.node(0), options = { ...ORDER, self: node, clock: grid.clock };
    await node.waitForConnect();
    const values: number[] = [];
    for await (const { value } of mergeStreams(node.connections(), count, 20, options)) {
      values.push(value);
    }
    assertEquals(values, Array.from({ length: 20 }, (_, at) => at));
    ended.length = 0;
    for await (const { value } of mergeStreams(node.connections(), count, 1e6, options)) {
      if (value === 10) break;
    }
    await grid.clock.advance(100);
    assertEquals(ended.toSorted(), grid.hosts);

    grid.crash(2);
    await grid.clock.advance(100);
    const failed = mergeStreams(node.connections(), count, 9, { ...options, onError: "skip" });
    const told = await Array.fromAsync(failed, (one) => one.ok ? one.value : one.code);
    assertEquals(told.toSorted(), [0, 1, 3, 4, 6, 7, "Unreachable"]);
  });
  await grid.close();
});

Deno.test("streams of all replicas are one", async () => {
  const Numbers = call.service("numbers", {
    count: call.methodStream({
      initial: t.uint(),
      output: t.uint(),
      inputCapacity: 0,
      outputCapacity: 2,
    }),
  });
  const sim = new SimulatedService(1);
  await sim.run(async () => {
    for (const index of [0, 1]) {
      const handlers = call.implement(Numbers, {
        count: function* (to) {
          for (let at = index; at < to; at += 2) yield at;
        },
      });
      await sim.start(index, handlers);
    }
    sim.list(0, 1);
    const connection = await sim.connect();
    await sim.ready(connection, 2);
    const options = { ...ORDER, clock: sim.clock };
    const merged = mergeStreams(replicas(connection), Numbers.methods.count, 7, options);
    assertEquals(await Array.fromAsync(merged, ({ value }) => value), [0, 1, 2, 3, 4, 5, 6]);
    await connection.close();
  });
});
