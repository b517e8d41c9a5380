/** Interceptors that misbehave, on each face: each call ends, by its deadline, and says what happened. */

import {
  type ClientInterceptor,
  type InterceptedCall,
  type Interceptors,
  InternodeError,
  Manager,
  type Next,
  type ServerInterceptor,
  single,
  stream,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assertEquals, assertThrows } from "@std/assert";
import type { Clock } from "../../lib/runtime/clock.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { FOREIGN_WAYS } from "../support/foreign/foreign_ways.ts";
import { onEach } from "./ground.ts";
import { failureOf } from "../support/outcome.ts";

const add = single("add", { request: t.uint(), response: t.uint() });
const count = stream("count", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 1,
});
const HANGING: Promise<never> = new Promise(() => {});

/** What interceptors do that they may not, and what a caller is told where the server's does it. */
const ODD: readonly (readonly [
  string,
  <Call extends InterceptedCall>(
    next: Next<Call>,
  ) => (call: Call) => unknown,
  client: string,
  server: string,
])[] = [
  [
    "returns nothing",
    () => () => undefined,
    "InvalidArgument notSent",
    "HandlerFailed notExecuted",
  ],
  [
    "returns rubbish",
    () => () => ({ response: 1 }),
    "InvalidArgument notSent",
    "HandlerFailed notExecuted",
  ],
  [
    "drops the result",
    (next) => async (call) => void await next(call),
    "InvalidArgument executed",
    "HandlerFailed executed",
  ],
  [
    "passes on nothing",
    (next) => () => next(undefined as never),
    "TypeError",
    "HandlerFailed notExecuted",
  ],
  [
    "passes on rubbish",
    (next) => () => next({ kind: "single" } as never),
    "TypeError",
    "HandlerFailed notExecuted",
  ],
  [
    "changes the kind",
    (next) => (call) => next({ ...call, kind: "stream" }),
    "InvalidArgument notSent",
    "HandlerFailed notExecuted",
  ],
  [
    "passes a request that does not fit",
    (next) => (call) => next({ ...call, request: "x" }),
    "InvalidPayload notSent",
    "ok",
  ],
  [
    "returns a response that does not fit",
    () => () => ({ kind: "single", response: "x" }),
    "ok",
    "HandlerFailed executed",
  ],
];

for (const [what, odd, client, server] of ODD) {
  onEach(`an interceptor that ${what} ends its call in an error`, async (face) => {
    const fate = async (interceptors: Interceptors) => {
      await using ground = await face.start({
        handlers: (to) => to.handle(add, () => 1),
        interceptors,
      });
      return await ground.request(add, 1).then(
        () => "ok",
        (error) => error instanceof InternodeError ? `${error.code} ${error.outcome}` : error.name,
      );
    };
    assertEquals(await fate({ client: [odd as ClientInterceptor] }), client);
    assertEquals(await fate({ server: [odd as ServerInterceptor] }), server);
  });
}

onEach("next may be called once where a call is served", async (face) => {
  let runs = 0;
  const twice: ServerInterceptor = (next) => async (call) => {
    next(call).catch(() => {});
    // Nobody looks at this one.
    void next(call);
    return await next(call);
  };
  await using ground = await face.start({
    handlers: (to) => to.handle(add, () => ++runs),
    interceptors: { server: [twice] },
  });
  const error = await failureOf(ground.request(add, 1));
  assertEquals([error.code, error.outcome, runs], ["HandlerFailed", "executed", 1]);
  assertEquals(error.message.includes("called next twice"), true, error.message);
});

onEach("a handler does not run for a call that its interceptors have ended", async (face) => {
  for (const isAnswer of [false, true]) {
    let runs = 0;
    const released = Promise.withResolvers<void>();
    const late = Promise.withResolvers<unknown>();
    // Such as one that asks for a token, inside of one that bounds the time.
    const slow: ServerInterceptor = (next) => async (call) => {
      await released.promise;
      const result = next(call);
      late.resolve(await result.catch((error) => error));
      return await result;
    };
    const impatient: ServerInterceptor = (next) => (call) => {
      void next(call);
      if (isAnswer) return { kind: "single", response: 7 };
      throw new InternodeError("Overloaded", "It takes too long.");
    };
    await using ground = await face.start({
      handlers: (to) => to.handle(add, () => ++runs),
      interceptors: { server: [impatient, slow] },
    });
    const told = await ground.request(add, 1).catch(({ code, outcome }) => `${code} ${outcome}`);
    assertEquals(told, isAnswer ? 7 : "Overloaded notExecuted");
    released.resolve();
    const text = String(await late.promise);
    assertEquals([runs, text.includes("called next after")], [0, true], text);
  }
});

onEach("nor for a stream that its interceptors have refused", async (face) => {
  let runs = 0;
  const late = Promise.withResolvers<unknown>();
  const released = Promise.withResolvers<void>();
  const impatient: ServerInterceptor = (next) => (call) => {
    void released.promise.then(() => next(call)).then(late.resolve, late.resolve);
    throw new InternodeError("Overloaded", "It takes too long.");
  };
  await using ground = await face.start({
    handlers: (to) =>
      to.handle(count, async function* () {
        runs++;
        yield* [1];
      }),
    interceptors: { server: [impatient] },
  });
  const error = await failureOf(Array.fromAsync(ground.stream(count, 1)));
  assertEquals([error.code, error.outcome], ["Overloaded", "notExecuted"]);
  released.resolve();
  assertEquals([String(await late.promise).includes("called next after"), runs], [true, 0]);
});

onEach("interceptors go wrong in every way, and calls end", async (face) => {
  for (const [what, act] of FOREIGN_WAYS) {
    for (const side of ["client", "server"] as const) {
      for (const isAfter of [false, true]) {
        const odd = (next: Next<InterceptedCall>) => async (call: InterceptedCall) => {
          if (isAfter) await next(call);
          return await act();
        };
        await using ground = await face.start({
          handlers: (to) => to.handle(add, (count) => count),
          interceptors: { [side]: [odd] },
        });
        const [result] = await Promise.allSettled([ground.request(add, 1)]);
        assertEquals(result?.status, "rejected", `${side} ${what}`);
        if (side === "server" && result?.status === "rejected") {
          assertEquals(result.reason.outcome, isAfter ? "executed" : "notExecuted", what);
        }
      }
    }
  }
});

onEach("a call ends at its deadline, whatever its interceptors wait for", async (face) => {
  for (const isAfter of [false, true]) {
    for (const side of ["client", "server"] as const) {
      // No time passes before the interceptor waits, however busy the machine is.
      let nowMs = 1_000;
      const clock: Clock = { ...systemClock, now: () => nowMs };
      const hang = async (next: Next<InterceptedCall>, call: InterceptedCall): Promise<never> => {
        if (isAfter) await next(call);
        nowMs += 20;
        return await HANGING;
      };
      await using ground = await face.start({
        server: { clock },
        caller: { clock },
        handlers: (to) => to.handle(add, (count) => count),
        interceptors: {
          [side]: [(next: Next<InterceptedCall>) => (call: InterceptedCall) => hang(next, call)],
        },
      });
      const error = await failureOf(ground.request(add, 1, { timeoutMs: 20 }));
      const outcome = side === "server"
        ? error.outcome === "executed" ? "executed" : "maybeExecuted"
        : isAfter
        ? "executed"
        : "notSent";
      assertEquals([error.code, error.outcome], ["DeadlineExceeded", outcome]);
    }
  }
});

onEach("a signal ends a call at once, whatever its interceptors wait for", async (face) => {
  const reason = new Error("no more"), controller = new AbortController();
  await using ground = await face.start({
    handlers: (to) => to.handle(add, (count) => count),
    interceptors: {
      client: [() => () => {
        controller.abort(reason);
        return HANGING;
      }],
    },
  });
  assertEquals(await ground.request(add, 1, { signal: controller.signal }).catch((e) => e), reason);
  const again = ground.request(add, 1, { signal: controller.signal });
  assertEquals(await again.catch((e) => e), reason);
});

onEach("closing ends calls that wait in an interceptor", async (face) => {
  const entered = Promise.withResolvers<void>();
  const ground = await face.start({
    handlers: (to) => to.handle(add, (count) => count),
    interceptors: {
      client: [() => () => {
        entered.resolve();
        return HANGING;
      }],
    },
  });
  const call = failureOf(ground.request(add, 1));
  await entered.promise;
  await ground[Symbol.asyncDispose]();
  assertEquals((await call).code, "Closed");
});

onEach("calls that cannot be made do not come to interceptors", async (face) => {
  let seen = 0;
  await using ground = await face.start({
    handlers: (to) => to.handle(add, (count) => count),
    interceptors: { client: [(next) => (call) => (seen++, next(call))] },
  });
  const odd = [{ timeoutMs: 0 }, { timeoutMs: "x" }, { signal: {} }, { metadata: 1 }, {
    values: {},
  }];
  for (const options of odd) await failureOf(ground.request(add, 1, options as never));
  assertEquals(seen, 0);
});

Deno.test("a list of interceptors that makes no sense is refused", () => {
  const local = "memory://odd-interceptors";
  const make = (server: unknown) =>
    new Manager({ local, hosts: [local], interceptors: { server: server as never } });
  for (
    const [given, text] of [
      [{}, "Option interceptors.server must be a list"],
      [[1], "Option interceptors.server[0] must be an interceptor, not 1"],
      [[(next: unknown) => next, () => 1], "Option interceptors.server[1] must return a function"],
      [[() => {
        throw new Error("oh");
      }], "interceptors.server[0] threw an error"],
    ] as const
  ) assertThrows(() => make(given), InternodeError, text);
  assertThrows(
    () => new Manager({ local, hosts: [local], interceptors: [] as never }),
    InternodeError,
    "Option interceptors must be an object",
  );
});
