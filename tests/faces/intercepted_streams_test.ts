/** Interceptors around streams, on each face. */

import {
  type ClientInterceptor,
  type InterceptedCall,
  InternodeError,
  type Next,
  stream,
  type StreamResult,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import { onEach } from "./ground.ts";
import { failureOf } from "../support/outcome.ts";

const sum = stream("sum", {
  initial: t.uint(),
  input: t.uint(),
  output: t.uint(),
  inputCapacity: 4,
  outputCapacity: 4,
});
const collect = stream("collect", {
  initial: t.nothing(),
  input: t.uint(),
  inputCapacity: 4,
  outputCapacity: 0,
});
const HANGING: Promise<never> = new Promise(() => {});

async function* running(initial: number, input: AsyncIterable<number>): AsyncIterable<number> {
  let total = initial;
  for await (const value of input) yield total += value;
}

async function* mapped(
  messages: AsyncIterable<unknown>,
  change: (value: number) => number,
): AsyncIterable<number> {
  for await (const message of messages) yield change(message as number);
}

/** Adds to each message both ways, and counts them. */
function adding(by: number, counts: number[]) {
  return <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => async (call) => {
    if (call.kind !== "stream") return await next(call);
    const count = (value: number): number => (counts.push(value), value + by);
    const result = await next({ ...call, inputs: mapped(call.inputs, count) }) as StreamResult;
    return { ...result, outputs: mapped(result.outputs, count) };
  };
}

const SAME = <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => (call) => next(call);

onEach("messages pass through interceptors of both sides, untouched or changed", async (face) => {
  const counts: number[] = [];
  for (
    const [interceptors, wanted] of [
      [{ client: [SAME], server: [SAME] }, [11, 13, 16]],
      [{ client: [adding(1, counts)] }, [13, 16, 20]],
      [{ server: [SAME, adding(1, counts)] }, [13, 16, 20]],
      [{ client: [adding(1, counts), adding(1, counts)], server: [adding(1, counts)] }, [
        17,
        22,
        28,
      ]],
    ] as const
  ) {
    await using ground = await face.start({
      handlers: (to) => to.handle(sum, running),
      interceptors,
    });
    const call = ground.stream(sum, 10);
    for (const value of [1, 2, 3]) await call.send(value);
    call.end();
    assertEquals(await Array.fromAsync(call), [...wanted]);
    await call.finished;
  }
  assertEquals(counts.length, 6 + 6 + 18);
});

onEach(
  "a stream without outputs ends when its handler has read all, through interceptors",
  async (face) => {
    let got: number[] = [];
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(collect, async (_initial, input) => {
          got = await Array.fromAsync(input);
        }),
      interceptors: { client: [adding(1, [])], server: [adding(1, [])] },
    });
    const call = ground.stream(collect, undefined);
    for (let i = 0; i < 20; i++) void call.send(i);
    call.end();
    await call.finished;
    assertEquals(got, Array.from({ length: 20 }, (_, i) => i + 2));
    assertEquals(await Array.fromAsync(call), []);
  },
);

onEach("senders wait for the handler's side, through interceptors", async (face) => {
  const go = Promise.withResolvers<void>();
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(collect, async (_initial, input) => {
        await go.promise;
        await Array.fromAsync(input);
      }),
    interceptors: { client: [adding(1, [])], server: [adding(1, [])] },
  });
  const call = ground.stream(collect, undefined);
  let sent = 0;
  const sending = (async () => {
    for (let i = 0; i < 100; i++) {
      await call.send(i);
      sent++;
    }
  })();
  // A call of its own goes to the other side and back meanwhile.
  const other = ground.stream(sum, 1);
  assertEquals((await failureOf(other.finished)).code, "UnknownHandler");
  assert(sent < 20, `${sent} have gone on`);
  go.resolve();
  await sending;
  call.end();
  await call.finished;
});

onEach("outputs are taken as they are read, through interceptors", async (face) => {
  let made = 0;
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(sum, async function* () {
        for (; made < 100; made++) yield made;
      }),
    interceptors: { client: [adding(0, [])], server: [adding(0, [])] },
  });
  const call = ground.stream(sum, 0), reading = call[Symbol.asyncIterator]();
  call.end();
  for (let i = 0; i < 10; i++) assertEquals((await reading.next()).value, i);
  assert(made < 30, `${made} were made`);
  assertEquals((await Array.fromAsync(call)).length, 90);
});

onEach("a refused stream runs no handler, and both sides of it say so", async (face) => {
  let runs = 0;
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(sum, (initial, input) => {
        runs++;
        return running(initial, input);
      }),
    interceptors: {
      server: [(next) => (call) => {
        if (call.metadata["token"] === "good") return next(call);
        throw new InternodeError("Unauthenticated", "who are you?");
      }],
    },
  });
  const call = ground.stream(sum, 0);
  const error = await failureOf(call.finished);
  assertEquals([error.code, error.outcome, runs], ["Unauthenticated", "notExecuted", 0]);
  assertEquals(await failureOf(Array.fromAsync(call)), error);
  assertEquals(await failureOf(call.send(1)), error);
  const good = ground.stream(sum, 0, { metadata: { token: "good" } });
  good.end();
  assertEquals(await Array.fromAsync(good), []);
});

onEach(
  "a client's interceptor may refuse a stream, change its opening, or answer it",
  async (face) => {
    const first: ClientInterceptor = (next) => async (call) => {
      if (call.kind !== "stream") return await next(call);
      if (call.initial === 1) throw new InternodeError("Overloaded", "not now");
      if (call.initial === 2) {
        return {
          kind: "stream",
          outputs: (async function* () {
            yield 7;
          })(),
        };
      }
      return await next({ ...call, initial: 100 });
    };
    await using ground = await face.start({
      handlers: (to) => to.handle(sum, running),
      interceptors: { client: [first] },
    });
    const refused = ground.stream(sum, 1);
    assertEquals((await failureOf(refused.send(1))).code, "Overloaded");
    assertEquals((await failureOf(refused.finished)).code, "Overloaded");
    const answered = ground.stream(sum, 2);
    assertEquals(await Array.fromAsync(answered), [7]);
    await answered.finished;
    const changed = ground.stream(sum, 3);
    await changed.send(1);
    changed.end();
    assertEquals(await Array.fromAsync(changed), [101]);
  },
);

onEach(
  "what a handler throws reaches the caller behind what it sent, through interceptors",
  async (face) => {
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(sum, async function* () {
          yield 1;
          yield 2;
          throw new RangeError("enough");
        }),
      interceptors: { client: [adding(1, [])], server: [adding(1, [])] },
    });
    const call = ground.stream(sum, 0), got: number[] = [];
    const error = await failureOf((async () => {
      for await (const value of call) got.push(value);
    })());
    assertEquals([error.code, error.remoteName, error.outcome], [
      "HandlerFailed",
      "RangeError",
      "executed",
    ]);
    assertEquals(got, [3, 4]);
    assertEquals(await failureOf(call.finished), error);
    assertEquals(await failureOf(call[Symbol.asyncIterator]().next()), error, "and each time");
  },
);

onEach("leaving a loop ends the handler, through interceptors", async (face) => {
  const left = Promise.withResolvers<string>();
  let isCleaned = 0;
  const clean = <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => async (call) => {
    const result = await next(call) as StreamResult;
    const outputs = (async function* () {
      try {
        yield* result.outputs;
      } finally {
        isCleaned++;
      }
    })();
    return { ...result, outputs };
  };
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(sum, async function* (_initial, _input, { signal }) {
        try {
          for (let i = 0;; i++) yield i;
        } finally {
          left.resolve(signal.aborted ? "aborted" : "left");
        }
      }),
    interceptors: { client: [clean], server: [clean] },
  });
  const call = ground.stream(sum, 0);
  for await (const value of call) if (value === 3) break;
  assertEquals(await left.promise, "aborted");
  assertEquals((await failureOf(call.finished)).code, "Cancelled");
  assertEquals(isCleaned, 2);
});

onEach("cancelling ends a stream at once, whatever its interceptors wait for", async (face) => {
  const entered = { before: Promise.withResolvers<void>(), within: Promise.withResolvers<void>() };
  const hangs: ClientInterceptor = (next) => async (call) => {
    if (call.metadata["where"] === "before") {
      entered.before.resolve();
      await HANGING;
    }
    const result = await next(call) as StreamResult;
    const outputs = (async function* () {
      for await (const output of result.outputs) {
        entered.within.resolve();
        await HANGING;
        yield output;
      }
    })();
    return { ...result, outputs };
  };
  const stopped = Promise.withResolvers<void>();
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(sum, async function* (_initial, _input, { signal }) {
        signal.addEventListener("abort", () => stopped.resolve());
        yield 1;
        await HANGING;
      }),
    interceptors: { client: [hangs] },
  });
  const reason = new Error("enough");
  for (const where of ["before", "within"] as const) {
    const call = ground.stream(sum, 0, { metadata: { where } });
    const reading = call[Symbol.asyncIterator]().next(), sending = call.send(1);
    sending.catch(() => {});
    await entered[where].promise;
    call.cancel(reason);
    assertEquals(await reading.catch((error) => error), reason);
    assertEquals(await call.finished.catch((error) => error), reason);
    assertEquals(await call.send(2).catch((error) => error), reason);
  }
  await stopped.promise;
});

onEach("only a message that cannot be sent is refused, through interceptors", async (face) => {
  await using ground = await face.start({
    handlers: (to) => to.handle(sum, running),
    interceptors: { client: [adding(0, [])] },
  });
  const call = ground.stream(sum, 0);
  await call.send(1);
  assertEquals((await failureOf(call.send("x" as never))).code, "InvalidPayload");
  await call.send(2);
  call.end();
  assertEquals(await Array.fromAsync(call), [1, 3]);
});
