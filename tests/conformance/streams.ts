/**
 * Streams.
 *
 * @module
 */

import { HandlerError, InternodeError, type StreamContract } from "@internode/grid";
import { stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { all, type Case, failure, numbered, reason } from "./case.ts";
import { answer, collect, count, double, pipe, Signal, watch } from "./contracts.ts";

/** Answers each number by twice that number, as long as numbers come. */
async function* doubled(first: number, input: AsyncIterable<number>): AsyncGenerator<number> {
  yield first * 2;
  for await (const value of input) yield value * 2;
}

export const STREAMS: readonly Case[] = [
  {
    name: "a handler's stream arrives whole and in order, then ends",
    setup: {
      serve: (second) =>
        second.handle(count, function* (many) {
          for (let value = 0; value < many; value++) yield value;
        }),
    },
    body: async ({ to }) => {
      for (const many of [0, 1, 100]) {
        const counted = to.stream(count, many);
        assertEquals(await all(counted), Array.from({ length: many }, (_, index) => index));
        await counted.finished;
      }
      assertEquals(to.stats().streamsOpen, 0);
    },
  },
  {
    name: "a caller's stream arrives whole and in order, then ends",
    setup: {},
    body: async ({ to, second }) => {
      const received: number[] = [];
      second.handle(collect, async (_, input) => {
        for await (const value of input) received.push(value);
      });
      const sending = to.stream(collect, "numbers");
      for (let value = 0; value < 50; value++) await sending.send(value);
      sending.end();
      await sending.finished;
      assertEquals(received, Array.from({ length: 50 }, (_, index) => index));
      await failure(sending.send(1), "InvalidArgument");
    },
  },
  {
    name: "a stream with neither direction tells of its end alone",
    setup: {},
    body: async ({ to, second }) => {
      const gate = new Signal<Error | undefined>();
      second.handle(watch, async (name) => {
        const error = await gate.promise;
        if (name === "fails" && error !== undefined) throw error;
      });
      const well = to.stream(watch, "ends"), badly = to.stream(watch, "fails");
      gate.fire(new Error("watched in vain"));
      await well.finished;
      const error = await failure(badly.finished, "HandlerFailed");
      assertStringIncludes(error.message, "watched in vain");
      await failure(well.send(0 as never), "InvalidArgument");
    },
  },
  {
    name: "a two-way stream answers each message while both run",
    setup: { serve: (second) => second.handle(double, doubled) },
    body: async ({ to }) => {
      const running = to.stream(double, 1);
      const outputs = running[Symbol.asyncIterator]();
      assertEquals((await outputs.next()).value, 2);
      for (let value = 2; value < 40; value++) {
        await running.send(value);
        assertEquals((await outputs.next()).value, value * 2);
      }
      running.end();
      assertEquals((await outputs.next()).done, true);
      await running.finished;
    },
  },
  {
    name: "both sides of a stream may call each other while it runs",
    setup: {
      serve: (second, first) => {
        second.handle(double, doubled);
        first.handle(double, doubled);
      },
    },
    body: async ({ first, second, to }) => {
      const there = to.stream(double, 1), back = second.connection(first.local).stream(double, 10);
      for (const running of [there, back]) running.end();
      assertEquals(await all(there), [2]);
      assertEquals(await all(back), [20]);
    },
  },
  {
    name: "all that was sent arrives before the error of a handler",
    setup: {
      serve: (second) => {
        second.handle({ ...count, detail: t.uint() }, function* (many) {
          for (let value = 0; value < many; value++) yield value;
          throw new HandlerError("no more numbers", many);
        });
      },
    },
    body: async ({ to }) => {
      const read: number[] = [];
      const counting = to.stream({ ...count, detail: t.uint() }, 30);
      const error = await failure(
        (async () => {
          for await (const value of counting) read.push(value);
        })(),
        "HandlerFailed",
      );
      assertEquals(read.length, 30);
      assertStringIncludes(error.message, "no more numbers");
      assertEquals(error.detail, 30);
      assertStrictEquals(await reason(counting.finished), error);
    },
  },
  {
    name: "a sender waits for a reader who does not read, and nobody else does",
    setup: { serve: (second) => second.handle(answer, (text) => text) },
    body: async ({ to, second, until }) => {
      let produced = 0;
      second.handle(count, function* (many) {
        while (produced < many) yield produced++;
      });
      const unread = to.stream(count, 100);
      // A handler may be asked for one output more than the capacity, which then waits.
      await until(() => produced >= count.outputCapacity, "the capacity is used up");
      for (let round = 0; round < 20; round++) assertEquals(await to.request(answer, "x"), "x");
      assert(produced <= count.outputCapacity + 1, `${produced} were produced`);
      assertEquals((await all(unread)).length, 100);
    },
  },
  {
    name: "send resolves only when there is room",
    setup: {},
    body: async ({ to, second, until }) => {
      const gate = new Signal();
      const received: number[] = [];
      second.handle(collect, async (_, input) => {
        await gate.promise;
        for await (const value of input) received.push(value);
      });
      second.handle(answer, (text) => text);
      const sending = to.stream(collect, "");
      let sent = 0;
      const work = (async () => {
        for (let value = 0; value < 20; value++) {
          await sending.send(value);
          sent++;
        }
        sending.end();
      })();
      await until(() => sent >= collect.inputCapacity, "the capacity is used up");
      for (let round = 0; round < 10; round++) await to.request(answer, "x");
      assertEquals(sent, collect.inputCapacity);
      gate.fire();
      await work;
      await sending.finished;
      assertEquals(received.length, 20);
    },
  },
  {
    name: "leaving a for await early cancels the stream, and the generator ends",
    setup: {},
    body: async ({ to, second }) => {
      const ended = new Signal<unknown>();
      second.handle(count, async function* (_, __, { signal }) {
        try {
          for (let value = 0;; value++) yield await Promise.resolve(value);
        } finally {
          ended.fire(signal.reason);
        }
      });
      for await (const value of to.stream(count, 0)) if (value === 10) break;
      const heard = await ended.promise;
      assert(heard instanceof InternodeError && heard.code === "Cancelled");
    },
  },
  {
    name: "cancelling ends both sides at once, with the reason where it was given",
    setup: {},
    body: async ({ to, second }) => {
      const heard = new Signal<unknown>(), opened = new Signal(), ended = new Signal<unknown>();
      second.handle(double, async function* (_, input, { signal }) {
        signal.addEventListener("abort", () => heard.fire(signal.reason));
        opened.fire();
        try {
          for await (const _value of input);
        } catch (error) {
          ended.fire(error);
          throw error;
        }
        yield 0;
      });
      const running = to.stream(double, 1), why = new Error("enough");
      const outputs = reason(all(running)), finished = reason(running.finished);
      await opened.promise;
      running.cancel(why);
      assertStrictEquals(await outputs, why);
      assertStrictEquals(await finished, why);
      const told = await heard.promise;
      assert(told instanceof InternodeError && told.code === "Cancelled", String(told));
      assertStringIncludes(told.message, "enough");
      assertStrictEquals(await ended.promise, told);
      assertStrictEquals(await reason(running.send(1)), why);
    },
  },
  {
    name: "an aborted signal ends a stream with its reason",
    setup: {},
    body: async ({ to, second }) => {
      const heard = new Signal<unknown>();
      second.handle(
        watch,
        (_, __, { signal }) =>
          new Promise((resolve) =>
            signal.addEventListener("abort", () => {
              heard.fire(signal.reason);
              resolve();
            })
          ),
      );
      const controller = new AbortController(), why = new Error("over");
      const running = to.stream(watch, "", { signal: controller.signal });
      const finished = reason(running.finished);
      second.handle(answer, (text) => text);
      await to.request(answer, "the stream is open by now");
      controller.abort(why);
      assertStrictEquals(await finished, why);
      assert(await heard.promise instanceof InternodeError);
      {
        await using disposed = to.stream(watch, "");
        await to.request(answer, "open");
        disposed.finished.catch(() => {});
      }
    },
  },
  {
    name: "a stream has a deadline where it is given one",
    setup: {
      serve: (second) =>
        second.handle(
          watch,
          (_, __, { signal }) =>
            new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
        ),
    },
    body: async ({ to }) => {
      await failure(to.stream(watch, "", { timeoutMs: 30 }).finished, "DeadlineExceeded");
    },
  },
  {
    name: "readable and writable are ends of pipes, with backpressure",
    setup: {
      serve: (second) =>
        second.handle(pipe, async function* (_, input) {
          for await (const bytes of input) yield bytes;
        }),
    },
    body: async ({ to }) => {
      const chunks = Array.from({ length: 30 }, (_, index) => numbered(1_000, index));
      const running = to.stream(pipe, new Uint8Array());
      const piping = ReadableStream.from(chunks).pipeTo(running.writable);
      const read = await all(running.readable);
      await piping;
      assertEquals(read, chunks);
      const left = to.stream(pipe, new Uint8Array()), why = new Error("closed the tap");
      const finished = reason(left.finished);
      await left.readable.cancel(why);
      assertStrictEquals(await finished, why);
      const aborted = to.stream(pipe, new Uint8Array());
      const over = reason(aborted.finished);
      await aborted.writable.abort(why);
      assertStrictEquals(await over, why);
    },
  },
  {
    name: "messages sent right after a large opening come behind it",
    setup: {
      serve: (second) =>
        second.handle(pipe, async function* (initial, input) {
          yield new Uint8Array([initial.length & 0xff]);
          for await (const bytes of input) yield bytes;
        }),
    },
    body: async ({ to }) => {
      for (const size of [9_000, 300_000]) {
        const running = to.stream(pipe, numbered(size));
        running.send(numbered(2)).catch(() => {});
        running.send(numbered(20_000)).catch(() => {});
        running.end();
        const sizes = (await all(running)).map((bytes) => bytes.length);
        assertEquals(sizes, [1, 2, 20_000]);
      }
      const ended = to.stream(pipe, numbered(300_000));
      ended.end();
      assertEquals((await all(ended)).length, 1);
      assertEquals(to.stats().reconnects, 0);
    },
  },
  {
    name: "null, empty and absent messages stay distinct in a stream",
    setup: {},
    body: async ({ to, second }) => {
      const value = t.optional(t.nullable(t.bytes()));
      const values = stream("values", {
        initial: value,
        input: value,
        output: value,
        inputCapacity: 4,
        outputCapacity: 4,
      });
      second.handle(values, async function* (initial, input) {
        yield initial;
        yield* input;
      });
      const sent = [null, undefined, new Uint8Array(), numbered(1), undefined, null];
      const running = to.stream(values, null);
      const reading = all(running);
      for (const each of sent) await running.send(each);
      running.end();
      assertEquals(await reading, [null, ...sent]);
    },
  },
  {
    name: "a message that cannot be read ends its stream alone",
    setup: {
      serve: (second) => {
        second.handle(double, doubled);
        second.handle(answer, (text) => text);
        second.handle(count, function* () {
          yield 1;
        });
      },
    },
    body: async ({ to }) => {
      const texts = stream("double", {
        initial: t.uint(),
        input: t.string(),
        output: t.uint(),
        inputCapacity: 4,
        outputCapacity: 4,
      });
      const wrong = to.stream(texts, 1);
      await wrong.send("no number");
      await failure(all(wrong), "InvalidPayload");
      const misread = { ...count, output: t.string() } as unknown as StreamContract<
        number,
        never,
        string
      >;
      await failure(all(to.stream(misread, 1)), "InvalidPayload");
      const local = to.stream(double, 1);
      await failure(local.send("x" as never), "InvalidPayload");
      await local.send(4);
      local.end();
      assertEquals(await all(local), [2, 8]);
      assertEquals(await to.request(answer, "alive"), "alive");
      assertEquals(to.stats().reconnects, 0);
    },
  },
  {
    name: "streams too are limited in number",
    setup: {},
    body: async ({ to, second, until }) => {
      const gates: Signal[] = [];
      second.handle(watch, () => {
        const gate = new Signal();
        gates.push(gate);
        return gate.promise;
      }, { concurrency: 1, queue: 1 });
      const running = [to.stream(watch, ""), to.stream(watch, "")];
      const error = await failure(to.stream(watch, "").finished, "Overloaded");
      assertEquals(error.outcome, "notExecuted");
      gates[0]!.fire();
      await running[0]!.finished;
      await until(() => gates.length === 2, "the second runs");
      gates[1]!.fire();
      await running[1]!.finished;
    },
  },
];
