/** Calls that handlers make for the call that they serve, on each face. */

import {
  type Clock,
  type HandlerContext,
  InternodeError,
  propagateDeadline,
  single,
  stream,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals } from "@std/assert";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { type Ground, onEach } from "./ground.ts";
import { failureOf } from "../support/outcome.ts";

const outer = single("outer", { request: t.string(), response: t.string() });
const inner = single("inner", { request: t.nothing(), response: t.string() });
const flow = stream("flow", {
  initial: t.nothing(),
  output: t.string(),
  inputCapacity: 0,
  outputCapacity: 1,
});
const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** Time stands still, so that what is left of it can be compared. */
const clock: Clock = { ...systemClock, now: () => 1_000, wallNow: () => 1_000_000 };
const STILL = { server: { clock }, caller: { clock } };

/** What a handler knows: how long it has, and its trace. */
function shown({ deadline, metadata }: HandlerContext): string {
  const left = deadline === Infinity ? "no end" : `${Math.round(deadline - clock.wallNow())}`;
  return `${left} ${metadata["traceparent"] ?? "no trace"}`;
}

onEach("a call within another has its time, its end and its trace", async (face) => {
  const inside = Promise.withResolvers<unknown>(), ended = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<void>();
  await using ground: Ground = await face.start({
    ...STILL,
    handlers: (to) => {
      to.handle(inner, (_request, context) => shown(context));
      to.handle(flow, async function* (_initial, _input, context) {
        yield shown(context);
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
        ended.resolve(context.signal.reason);
      });
      to.handle(outer, async (how, within) => {
        if (how === "request") return await ground.request(inner, undefined, { within });
        if (how === "sooner") {
          return await ground.request(inner, undefined, { within, timeoutMs: 850 });
        }
        const call = ground.stream(flow, undefined, { within });
        const { value } = await call[Symbol.asyncIterator]().next();
        if (how === "hang") {
          call.finished.catch(inside.resolve);
          begun.resolve();
          await new Promise(() => {});
        }
        return value ?? "nothing";
      });
    },
  });
  const metadata = { traceparent: PARENT };
  const ask = (how: string, timeoutMs: number) =>
    ground.request(outer, how, { timeoutMs, metadata });
  assertEquals(await ask("request", 1_950), `1940 ${PARENT}`);
  assertEquals(await ask("sooner", 5_000), `850 ${PARENT}`);
  assertEquals(await ask("stream", 1_950), `1940 ${PARENT}`);
  const controller = new AbortController(), reason = new Error("enough");
  const call = ground.request(outer, "hang", { signal: controller.signal });
  await begun.promise;
  controller.abort(reason);
  assertEquals(await call.catch((error) => error), reason);
  assert(await inside.promise instanceof Error);
  assert(await ended.promise instanceof Error);
});

for (const how of ["option within", "propagateDeadline"]) {
  onEach(`a call made by ${how} goes on when the node around it closes`, async (face) => {
    const isGiven = how === "option within", both = [propagateDeadline()];
    const interceptors = isGiven ? {} : { client: both, server: both };
    const asked = Promise.withResolvers<void>(), answer = Promise.withResolvers<string>();
    await using far = await face.start({
      interceptors,
      handlers: (to) =>
        to.handle(inner, () => {
          asked.resolve();
          return answer.promise;
        }),
    });
    const aborted: boolean[] = [];
    await using near = await face.start({
      interceptors,
      handlers: (to) =>
        to.handle(outer, async (_how, within) => {
          const { closing, cancelled, signal } = within;
          closing.addEventListener("abort", () => answer.resolve("it was asked"));
          const response = await far.request(inner, undefined, isGiven ? { within } : {});
          aborted.push(closing.aborted, signal.aborted, cancelled.aborted);
          return response;
        }),
    });
    const call = near.request(outer, "");
    await asked.promise;
    await near.server.close();
    assertEquals(await call, "it was asked");
    assertEquals(aborted, [true, true, false]);
  });
}

for (const how of ["its caller gives up", "the grace time is over"]) {
  onEach(`a call within another ends when ${how}`, async (face) => {
    const asked = Promise.withResolvers<void>(), ended = Promise.withResolvers<unknown>();
    const told = Promise.withResolvers<unknown>();
    await using far = await face.start({
      handlers: (to) =>
        to.handle(inner, (_request, { cancelled }) => {
          cancelled.addEventListener("abort", () => ended.resolve(cancelled.reason));
          asked.resolve();
          return new Promise<never>(() => {});
        }),
    });
    await using near = await face.start({
      handlers: (to) =>
        to.handle(outer, (_how, within) => {
          const { cancelled } = within;
          cancelled.addEventListener("abort", () => told.resolve(cancelled.reason));
          return far.request(inner, undefined, { within });
        }),
    });
    const controller = new AbortController();
    const failed = near.request(outer, "", { signal: controller.signal }).catch((error) => error);
    await asked.promise;
    if (how === "its caller gives up") controller.abort(new Error("enough"));
    else await near.server.close({ graceMs: 1 });
    assert(await failed instanceof Error);
    assert(await told.promise instanceof InternodeError);
    assert(await ended.promise instanceof InternodeError);
  });
}

onEach(
  "a signal that only looks like one ends a call within, or goes unheard beside the call's own",
  async (face) => {
    await using ground = await face.start({
      handlers: (to) => to.handle(inner, () => "it ran"),
    });
    const { signal } = new AbortController();
    const alike = {
      aborted: false,
      addEventListener() {},
      removeEventListener() {},
    } as unknown as AbortSignal;
    const within = { deadline: Infinity, metadata: {}, signal, cancelled: alike };
    assertEquals(await ground.request(inner, undefined, { within }), "it ran");
    assertEquals(await ground.request(inner, undefined, { within, signal }), "it ran");
  },
);

onEach(
  "a call within one without time left is not sent, and a context must be one",
  async (face) => {
    await using ground = await face.start({
      ...STILL,
      handlers: (to) => to.handle(inner, () => "it ran"),
    });
    const { signal } = new AbortController(), metadata = {};
    const within = (deadline: number) => ({ deadline, signal, metadata });
    const ask = (given: unknown) => ground.request(inner, undefined, { within: given as never });
    const late = await failureOf(ask(within(clock.wallNow() - 1)));
    assertEquals([late.code, late.outcome], ["DeadlineExceeded", "notSent"]);
    assertEquals(await ask(within(Infinity)), "it ran");
    const throwing = {
      get deadline(): number {
        throw new Error("no");
      },
    };
    const odds = [null, 1, {}, within("x" as never), { ...within(1), signal: {} }, throwing];
    for (const odd of [...odds, { ...within(1), cancelled: new AbortController() }]) {
      const error = await failureOf(ask(odd));
      assertEquals(error.code, "InvalidArgument");
      assert(error.message.includes("Option within"), error.message);
    }
  },
);

onEach("propagateDeadline does the same for all calls of a handler", async (face) => {
  const both = { client: [propagateDeadline()], server: [propagateDeadline({ marginMs: 200 })] };
  await using ground: Ground = await face.start({
    ...STILL,
    handlers: (to) => {
      to.handle(inner, (_request, context) => shown(context));
      to.handle(outer, async () => {
        await Promise.resolve();
        return await ground.request(inner, undefined);
      });
      to.handle(flow, async function* () {
        yield await ground.request(inner, undefined);
        await Promise.resolve();
        yield await ground.request(inner, undefined);
      });
    },
    interceptors: both,
  });
  const options = { timeoutMs: 1_950, metadata: { traceparent: PARENT } };
  const wanted = `1940 ${PARENT}`;
  assertEquals(await ground.request(outer, "", options), wanted);
  assertEquals(await Array.fromAsync(ground.stream(flow, undefined, options)), [wanted, wanted]);
  assertEquals(
    await ground.request(inner, undefined),
    "60000 no trace",
    "no call is around this one",
  );
});

onEach("propagateDeadline keeps its margin", async (face) => {
  await using ground: Ground = await face.start({
    ...STILL,
    handlers: (to) => {
      to.handle(inner, (_request, context) => shown(context));
      to.handle(outer, () => ground.request(inner, undefined));
    },
    interceptors: {
      client: [propagateDeadline({ marginMs: 500 })],
      server: [propagateDeadline()],
    },
  });
  assertEquals(await ground.request(outer, "", { timeoutMs: 1_950 }), "1450 no trace");
});
