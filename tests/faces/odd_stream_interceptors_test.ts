/** Interceptors that misbehave with streams, on each face: no clean end before the last message, and no stream that outlives its deadline. */

import {
  type InterceptedCall,
  InternodeError,
  type Next,
  type ServerInterceptor,
  stream,
  type StreamResult,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isOwnError } from "../../lib/foreign/own_error.ts";
import type { Clock } from "../../lib/runtime/clock.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { FOREIGN_WAYS } from "../support/foreign/foreign_ways.ts";
import { onEach } from "./ground.ts";

const echo = stream("echo", {
  initial: t.uint(),
  input: t.uint(),
  output: t.uint(),
  inputCapacity: 4,
  outputCapacity: 4,
});
const HANGING: Promise<never> = new Promise(() => {});
const SIDES = ["client", "server"] as const;
type Odd = (messages: AsyncIterable<unknown>) => unknown;

/** An interceptor of either side that does something to the messages of one direction. */
function onMessages(direction: "inputs" | "outputs", odd: Odd) {
  return <Call extends InterceptedCall>(next: Next<Call>): Next<Call> => async (call) => {
    if (call.kind !== "stream") return await next(call);
    if (direction === "inputs") return await next({ ...call, inputs: odd(call.inputs) as never });
    const result = await next(call) as StreamResult;
    return { ...result, outputs: odd(result.outputs) as never };
  };
}

async function fateOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => "ended well",
    (error) => isOwnError(error) ? `${error.code} ${error.outcome}` : "an error of theirs",
  );
}

const SWALLOWING: Odd = async function* (messages) {
  try {
    for await (const message of messages) yield message;
  } catch {
    // As if all had come.
  }
};
const TAKING_TWO: Odd = async function* (messages) {
  let taken = 0;
  for await (const message of messages) {
    yield message;
    if (++taken === 2) return;
  }
};

for (const side of SIDES) {
  onEach(`${side}: outputs that are left early do not end cleanly`, async (face) => {
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(echo, function* () {
          for (let i = 0; i < 5; i++) yield i;
        }),
      interceptors: { [side]: [onMessages("outputs", TAKING_TWO)] },
    });
    const call = ground.stream(echo, 0), got: number[] = [];
    const read = (async () => {
      for await (const value of call) got.push(value);
    })();
    const error = await assertRejects(() => read, InternodeError);
    assert(
      error.message.includes("An interceptor ended the messages of this stream"),
      error.message,
    );
    assertEquals(got, [0, 1]);
    if (side === "client") assertEquals(error.code, "Closed");
    else assertEquals([error.code, error.outcome], ["HandlerFailed", "executed"]);
    assert(await fateOf(call.finished) !== "ended well");
  });

  onEach(`${side}: a failure of the handler cannot be made a clean end`, async (face) => {
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(echo, function* () {
          yield 1;
          throw new RangeError("half of it");
        }),
      interceptors: { [side]: [onMessages("outputs", SWALLOWING)] },
    });
    const call = ground.stream(echo, 0);
    const error = await assertRejects(() => Array.fromAsync(call), InternodeError);
    assertEquals([error.code, error.remoteName], ["HandlerFailed", "RangeError"]);
  });

  onEach(
    `${side}: inputs that are left early or swallowed do not end cleanly for the handler`,
    async (face) => {
      for (const odd of [TAKING_TWO, SWALLOWING]) {
        const seen = Promise.withResolvers<unknown>();
        await using ground = await face.start({
          handlers: (to) =>
            to.handle(echo, async function* (_initial, input) {
              try {
                for await (const value of input) yield value;
                seen.resolve("a clean end");
              } catch (error) {
                seen.resolve(error);
                throw error;
              } finally {
                seen.resolve("it was left");
              }
            }),
          interceptors: { [side]: [onMessages("inputs", odd)] },
        });
        const call = ground.stream(echo, 0), reading = call[Symbol.asyncIterator]();
        for (const value of [1, 2]) {
          await call.send(value).catch(() => {});
          await reading.next().catch(() => {});
        }
        call.send(3).catch(() => {});
        if (odd === SWALLOWING) {
          await reading.next();
          call.cancel();
        }
        assert(await seen.promise !== "a clean end");
        assert(await fateOf(call.finished) !== "ended well");
      }
    },
  );

  onEach(
    `${side}: what is no messages, or throws in their place, ends the stream`,
    async (face) => {
      const iterating = (act: () => unknown): Odd => () => ({ [Symbol.asyncIterator]: act });
      const odds: readonly [string, Odd][] = [
        ["nothing", () => undefined],
        ["a number", () => 1],
        ["an object", () => ({})],
        ["an array", () => [1]],
        ...FOREIGN_WAYS.flatMap(([what, act]): [string, Odd][] => [
          [`an iterable that ${what}`, iterating(act)],
          [`an iterator that ${what}`, iterating(() => ({ next: act }))],
        ]),
        ["results that are none", iterating(() => ({ next: () => 5 }))],
        [
          "results that throw",
          iterating(() => ({
            next: () => ({
              get done() {
                throw new Error("a user's mistake");
              },
            }),
          })),
        ],
      ];
      for (const direction of ["inputs", "outputs"] as const) {
        for (const [what, odd] of odds) {
          await using ground = await face.start({
            handlers: (to) =>
              to.handle(echo, async function* (_initial, input) {
                for await (const value of input) yield value;
              }),
            interceptors: { [side]: [onMessages(direction, odd)] },
          });
          const call = ground.stream(echo, 0);
          call.send(1).catch(() => {});
          call.end();
          const [read] = await Promise.allSettled([Array.fromAsync(call)]);
          assertEquals(read?.status, "rejected", `${direction}: ${what}`);
          assert(await fateOf(call.finished) !== "ended well", `${direction}: ${what}`);
        }
      }
    },
  );

  onEach(
    `${side}: a stream ends at its deadline, whatever its interceptors wait for`,
    async (face) => {
      const hanging: Odd = (messages) => ({
        [Symbol.asyncIterator]: () => ({ next: () => messages && HANGING }),
      });
      const before = () => () => HANGING;
      const after = (next: Next<InterceptedCall>) => async (call: InterceptedCall) => {
        await next(call);
        return await HANGING;
      };
      const own = () => (): StreamResult => ({
        kind: "stream",
        outputs: hanging([] as never) as AsyncIterable<never>,
      });
      for (
        const [index, interceptor] of [
          before,
          after,
          own,
          onMessages("inputs", hanging),
          onMessages("outputs", hanging),
        ].entries()
      ) {
        await using ground = await face.start({
          handlers: (to) =>
            to.handle(echo, async function* (_initial, input) {
              for await (const value of input) yield value;
            }),
          interceptors: { [side]: [interceptor] },
        });
        const call = ground.stream(echo, 0, { timeoutMs: 20 });
        const sending = call.send(1);
        sending.catch(() => {});
        const fates = [fateOf(Array.fromAsync(call)), fateOf(call.finished)];
        for (const fate of await Promise.all(fates)) {
          assertEquals(fate.split(" ")[0], "DeadlineExceeded", `interceptor ${index}`);
        }
        await sending.catch(() => {});
        assertEquals((await fateOf(call.send(2))).split(" ")[0], "DeadlineExceeded");
      }
    },
  );
}

onEach("next may be called once for a stream, on either side", async (face) => {
  for (const side of SIDES) {
    let runs = 0;
    const twice = (next: Next<InterceptedCall>) => async (call: InterceptedCall) => {
      void next(call);
      return await next(call);
    };
    await using ground = await face.start({
      handlers: (to) =>
        to.handle(echo, function* () {
          runs++;
          yield 1;
        }),
      interceptors: { [side]: [twice] },
    });
    const fate = await fateOf(Array.fromAsync(ground.stream(echo, 0)));
    assertEquals(fate.split(" ")[0], side === "client" ? "InvalidArgument" : "HandlerFailed");
    assert(runs <= 1);
  }
});

onEach("a handler is ended whose interceptor has failed after it began", async (face) => {
  const ended = Promise.withResolvers<void>();
  const late: ServerInterceptor = (next) => async (call) => {
    const result = await next(call) as StreamResult;
    await result.outputs[Symbol.asyncIterator]().next();
    throw new InternodeError("Overloaded", "after all");
  };
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(echo, async function* () {
        try {
          for (let i = 0;; i++) yield i;
        } finally {
          ended.resolve();
        }
      }, { concurrency: 1, queue: 0 }),
    interceptors: { server: [late] },
  });
  for (let i = 0; i < 3; i++) {
    const fate = await fateOf(Array.fromAsync(ground.stream(echo, 0)));
    assertEquals(fate, "Overloaded executed", "its place is free again");
  }
  await ended.promise;
});

onEach("a cancelled stream frees its place although its interceptors hang", async (face) => {
  const begun = Promise.withResolvers<void>(), stuck = Promise.withResolvers<void>();
  const hanging: ServerInterceptor = (next) => async (call) => {
    const result = await next(call) as StreamResult;
    if (call.metadata["hang"] === undefined) return result;
    const outputs = (async function* () {
      yield await result.outputs[Symbol.asyncIterator]().next().then(({ value }) => value);
      begun.resolve();
      await stuck.promise;
    })();
    return { ...result, outputs };
  };
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(echo, function* () {
        yield 1;
        yield 2;
      }, { concurrency: 1, queue: 1 }),
    interceptors: { server: [hanging] },
  });
  const call = ground.stream(echo, 0, { metadata: { hang: "yes" } });
  assertEquals((await call[Symbol.asyncIterator]().next()).value, 1);
  await begun.promise;
  call.cancel();
  assertEquals(await Array.fromAsync(ground.stream(echo, 0)), [1, 2]);
  stuck.resolve();
});

onEach(
  "client: readers of a stream that has ended well do not wait for its interceptors without a bound",
  async (face) => {
    const hanging: Odd = async function* (messages) {
      for await (const message of messages) yield message;
      await HANGING;
    };
    // No time passes before the stream has ended, however busy the machine is.
    let nowMs = 1_000;
    const clock: Clock = { ...systemClock, now: () => nowMs };
    await using ground = await face.start({
      server: { clock },
      caller: { clock },
      handlers: (to) =>
        to.handle(echo, function* () {
          yield 1;
        }),
      interceptors: { client: [onMessages("outputs", hanging)] },
    });
    // One reader waits when the stream ends, the other one comes later.
    for (const waits of [true, false]) {
      const call = ground.stream(echo, 0, { timeoutMs: 100 }),
        reading = call[Symbol.asyncIterator]();
      assertEquals((await reading.next()).value, 1);
      const next = waits ? reading.next() : null;
      await call.finished;
      nowMs += 100;
      const error = await assertRejects(() => next ?? reading.next(), InternodeError);
      assertEquals([error.code, error.outcome], ["DeadlineExceeded", "executed"]);
      await assertRejects(() => reading.next(), InternodeError, error.message);
    }
  },
);
