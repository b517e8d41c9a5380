/**
 * Streams that end early: no reader takes that for the end, and nobody's place is lost.
 *
 * @module
 */

import { InternodeError, type Manager } from "@internode/grid";
import { assert, assertEquals } from "@std/assert";
import { type Case, failure, reason } from "./case.ts";
import { collect, count, Signal } from "./contracts.ts";
import type { Pair } from "./world.ts";

/** How a call ends before its handler. */
const ENDINGS: readonly { how: string; timeoutMs?: number; end(pair: Pair): Promise<void> }[] = [
  { how: "cancelled", end: () => Promise.resolve() },
  { how: "out of time", timeoutMs: 100, end: () => Promise.resolve() },
  { how: "left by a caller that closes", end: ({ first }) => first.close({ graceMs: 1 }) },
  { how: "ended by its own node's closing", end: ({ second }) => second.close({ graceMs: 1 }) },
];

/** Reads to the end, whatever that is, and says what it was. */
async function readOut(
  reader: AsyncIterator<number>,
  read: number[],
): Promise<"clean" | InternodeError> {
  try {
    for (;;) {
      const { done, value } = await reader.next();
      if (done === true) return "clean";
      read.push(value);
    }
  } catch (error) {
    assert(error instanceof InternodeError, String(error));
    return error;
  }
}

function unreadInputs({ how, timeoutMs, end }: (typeof ENDINGS)[number]): Case {
  return {
    name: `inputs that were unread when their call was ${how} never look like all of them`,
    setup: {},
    body: async (pair) => {
      const { to, second } = pair;
      const read: number[] = [];
      const began = new Signal(), aborted = new Signal(), ended = new Signal<unknown[]>();
      // When its own node closes the signal only asks; the call ends with the grace time.
      const over = new Signal();
      second.handle(collect, async (_, inputs, { signal }) => {
        signal.addEventListener("abort", () => aborted.fire());
        read.push((await inputs.next()).value!);
        began.fire();
        await Promise.all([aborted.promise, over.promise]);
        ended.fire([await readOut(inputs, read), await readOut(inputs, read)]);
      });
      const sending = to.stream(collect, "", timeoutMs === undefined ? {} : { timeoutMs });
      const finished = reason(sending.finished);
      for (let value = 0; value < 4; value++) await sending.send(value);
      sending.end();
      await began.promise;
      if (how === "cancelled") sending.cancel();
      await end(pair);
      over.fire();
      const [first, again] = await ended.promise;
      assert(first instanceof InternodeError, `${first} after [${read}]`);
      // A second reader, or a second try, is told the same.
      assertEquals(again, first);
      assertEquals(read, [0]);
      assert(await finished instanceof InternodeError);
    },
  };
}

function unreadOutputs({ how, timeoutMs, end }: (typeof ENDINGS)[number]): Case {
  return {
    name: `outputs of a call that was ${how} are read as far as they came, then the error`,
    setup: {},
    body: async (pair) => {
      const { to, second, until } = pair;
      let sent = 0;
      const over = new Signal();
      second.handle(count, async function* (many) {
        while (sent < many) yield sent++;
        await over.promise;
      });
      const many = count.outputCapacity - 1;
      const counting = to.stream(count, many, timeoutMs === undefined ? {} : { timeoutMs });
      const finished = reason(counting.finished);
      const reader = counting[Symbol.asyncIterator](), read: number[] = [];
      read.push((await reader.next()).value);
      await until(() => sent === many, "all are sent");
      if (how === "cancelled") counting.cancel();
      const others = [reason(readOutOf(finished)), end(pair)];
      const first = await readOut(reader, read), again = await readOut(reader, read);
      assert(first instanceof InternodeError, `${first} after [${read}]`);
      assertEquals(again, first);
      assertEquals(read, [...Array(many).keys()].slice(0, read.length));
      await Promise.all(others);
      over.fire();
    },
  };
}

/** Rejects with what it is given, for `reason`. */
async function readOutOf(given: Promise<unknown>): Promise<never> {
  throw await given;
}

/** A subscription: its next value comes some day, `return` ends it, if it does. */
function subscription(
  onReturn: (() => unknown) | undefined,
  first: number,
): AsyncIterable<number> {
  let asked = 0;
  return {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        asked++ === 0
          ? Promise.resolve({ done: false, value: first })
          : new Promise<IteratorResult<number>>(() => {}),
      ...(onReturn !== undefined && { return: onReturn as () => Promise<IteratorResult<number>> }),
    }),
  };
}

/** Handlers' iterators and streams whose caller leaves while their next value is awaited. */
const LEFT: readonly { what: string; tells: boolean; make(heard: () => void): unknown }[] = [
  {
    what: "an iterator",
    tells: true,
    make: (heard) =>
      subscription(() => (heard(), Promise.resolve({ done: true, value: undefined })), 1),
  },
  {
    what: "an iterator whose return never settles",
    tells: true,
    make: (heard) => subscription(() => (heard(), new Promise(() => {})), 1),
  },
  {
    what: "an iterator whose return throws",
    tells: true,
    make: (heard) =>
      subscription(() => {
        heard();
        throw new Error("no return");
      }, 1),
  },
  {
    what: "an iterator whose return gives a thenable that throws",
    tells: true,
    make: (heard) =>
      subscription(() => {
        heard();
        return {
          get then(): never {
            throw new Error("no then");
          },
        };
      }, 1),
  },
  { what: "an iterator without return", tells: false, make: () => subscription(undefined, 1) },
  {
    what: "a ReadableStream",
    tells: true,
    make: (heard) =>
      new ReadableStream({ start: (controller) => controller.enqueue(1), cancel: heard }, {
        highWaterMark: 0,
      }),
  },
  {
    what: "a ReadableStream whose cancel never settles",
    tells: true,
    make: (heard) =>
      new ReadableStream({
        start: (controller) => controller.enqueue(1),
        cancel: () => (heard(), new Promise(() => {})),
      }, { highWaterMark: 0 }),
  },
  {
    what: "a generator that never looks at its signal",
    tells: false,
    make: async function* () {
      yield 1;
      await new Promise(() => {});
    },
  },
];

/** Registers a handler that gives whatever a program without types may give. */
function handleAnyhow(second: Manager, make: () => unknown, concurrency: number): void {
  second.handle(count, make as () => AsyncIterable<number>, { concurrency, queue: 0 });
}

const LEAVING: readonly Case[] = LEFT.map(({ what, tells, make }): Case => ({
  name: `${what} whose caller leaves is told at once, and its place is free`,
  setup: {},
  body: async ({ to, second, until }) => {
    let heard = 0, made = 0;
    handleAnyhow(second, () => (made++, make(() => heard++)), 1);
    for (let call = 0; call < 3; call++) {
      for await (const value of to.stream(count, 0)) {
        assertEquals(value, 1);
        break;
      }
    }
    assertEquals(made, 3);
    if (tells) await until(() => heard === 3, "all are told");
  },
}));

/** What `next` gives that it must not give. */
const ODD: readonly { what: string; next: () => unknown }[] = [
  { what: "null", next: () => null },
  { what: "a number", next: () => Promise.resolve(7) },
  {
    what: "a getter that throws",
    next: () => ({
      get done(): never {
        throw new Error("no done");
      },
    }),
  },
  {
    what: "a thenable that throws",
    next: () => ({
      then() {
        throw new Error("no then");
      },
    }),
  },
  {
    what: "a rejection without text",
    next: () => Promise.reject(Object.create(null)),
  },
];

export const ENDED_EARLY: readonly Case[] = [
  ...ENDINGS.map(unreadInputs),
  ...ENDINGS.map(unreadOutputs),
  ...LEAVING,
  {
    name: "a handler's iterator that gives odd things fails its own call alone",
    setup: {},
    body: async ({ to, second }) => {
      let odd = ODD[0]!;
      handleAnyhow(
        second,
        () => ({ [Symbol.asyncIterator]: () => ({ next: () => odd.next() }) }),
        1,
      );
      for (odd of ODD) {
        const error = await failure(to.stream(count, 0).finished, "HandlerFailed");
        assertEquals(error.outcome, "executed", odd.what);
      }
    },
  },
  {
    name: "a thenable of an iterator that settles twice counts once",
    setup: {},
    body: async ({ to, second }) => {
      let at = 0;
      const next = (): unknown => ({
        then(settle: (result: unknown) => void) {
          const result = { done: at === 3, value: at++ };
          settle(result);
          settle({ done: true, value: 99 });
        },
      });
      handleAnyhow(second, () => ({ [Symbol.asyncIterator]: () => ({ next }) }), 1);
      const read: number[] = [];
      for await (const value of to.stream(count, 0)) read.push(value);
      assertEquals(read, [0, 1, 2]);
    },
  },
  {
    name:
      "what a handler waits for as it ends is settled, and never looks like the end of the inputs",
    setup: {},
    body: async ({ to, second }) => {
      let pending: Promise<unknown> | undefined, later: AsyncIterator<number> | undefined;
      second.handle(collect, async (how, inputs) => {
        pending = reason(inputs.next());
        later = inputs;
        await Promise.resolve();
        if (how === "throws") throw new Error("thrown");
      });
      for (const how of ["returns", "throws"]) {
        await to.stream(collect, how).finished.catch(() => {});
        const error = await pending;
        assert(error instanceof InternodeError && error.code === "Closed", String(error));
        assert(await reason(later!.next()) instanceof InternodeError);
      }
    },
  },
  {
    name: "a second loop over inputs that were left is told that some are missing",
    setup: {},
    body: async ({ to, second }) => {
      const read: number[] = [];
      second.handle(collect, async (_, inputs) => {
        for await (const value of inputs) {
          read.push(value);
          break;
        }
        for await (const value of inputs) read.push(value);
      });
      const sending = to.stream(collect, "");
      for (let value = 0; value < 3; value++) await sending.send(value);
      sending.end();
      const error = await failure(sending.finished, "HandlerFailed");
      assert(error.message.includes("stopped before"), error.message);
      assertEquals(read, [0]);
    },
  },
  {
    name: "a pipe into a stream that has failed does not end well",
    setup: {},
    body: async ({ to, second }) => {
      second.handle(collect, () => {
        throw new Error("no space");
      });
      const sending = to.stream(collect, "");
      const { writable } = sending, later = to.stream(collect, "");
      await failure(sending.finished, "HandlerFailed");
      await failure(ReadableStream.from<number>([]).pipeTo(writable), "HandlerFailed");
      await failure(later.finished, "HandlerFailed");
      const writer = later.writable.getWriter();
      await failure(writer.closed, "HandlerFailed");
      await failure(writer.write(0), "HandlerFailed");
    },
  },
];
