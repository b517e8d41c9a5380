/** Streams that go on after a loss. */

import { type ErrorCode, type ErrorOrigin, InternodeError } from "@internode/grid";
import { GapError, type Loss, resume, type ResumeOptions } from "@internode/grid/patterns";
import { SeededRandom, VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { lost, Source } from "./source.ts";

type Options = ResumeOptions<number, number>;

/** Runs a test on virtual time. */
async function virtually(
  body: (options: Options, clock: VirtualClock) => Promise<void>,
): Promise<void> {
  const clock = new VirtualClock(), random = new SeededRandom(1);
  await clock.complete(body({ position: (at) => at, clock, random }, clock), 600_000);
  assertEquals(clock.pendingEvents, 0, "timers are left");
}

Deno.test("a lost stream is opened anew behind the last output, and duplicates are dropped", () =>
  virtually(async (options) => {
    const source = new Source(
      { outputs: [1, 2], ends: lost() },
      { outputs: [], ends: lost() },
      { outputs: [1, 2, 3, 4], ends: "well" },
    );
    const losses: Loss[] = [];
    const watch = resume(source.open, { ...options, onLoss: (loss) => losses.push(loss) });
    assertEquals(await Array.fromAsync(watch), [1, 2, 3, 4]);
    assertEquals(source.openedFrom, [undefined, 2, 2]);
    assertEquals([watch.position, watch.attempts, watch.duplicates], [4, 3, 2]);
    assertEquals(losses.map(({ attempt, position }) => [attempt, position]), [[1, 2], [2, 2]]);
    assert(losses.every(({ waitMs }) => waitMs > 0));
    assertEquals(await watch.next(), { done: true, value: undefined });
  }));

Deno.test("it begins behind `from`, and opens nothing before it is read", () =>
  virtually(async (options) => {
    const source = new Source({ outputs: [7, 8], ends: "well" });
    const watch = resume(source.open, { ...options, from: 7 });
    assertEquals([source.openedFrom, watch.position], [[], 7]);
    assertEquals(await Array.fromAsync(watch), [8]);
    assertEquals(source.openedFrom, [7]);
  }));

Deno.test("outputs that say what was before them show a gap, which is an error for ever", () =>
  virtually(async (options) => {
    const source = new Source({ outputs: [1, 2], ends: lost() }, { outputs: [5], ends: "waits" });
    const watch = resume(source.open, { ...options, previous: (at) => at - 1 });
    await watch.next();
    await watch.next();
    const error = await assertRejects(() => watch.next(), GapError, "behind position 2 came 5");
    assertEquals(error.after, 2);
    await assertRejects(() => watch.next(), GapError);
    assertEquals(source.left, 1 + 1, "the lost attempt and the one with the gap");
  }));

Deno.test("what the server says of a gap is a GapError; no verdict can make it a loss", () =>
  virtually(async (options) => {
    const thrown = new InternodeError("HandlerFailed", "the handler threw", {
      origin: "remote",
      outcome: "executed",
      remoteName: "GapError",
      remoteMessage: "position 1 is too old",
    });
    const source = new Source({ outputs: [1], ends: thrown });
    const watch = resume(source.open, { ...options, isLoss: () => true });
    await watch.next();
    const error = await assertRejects(() => watch.next(), GapError, "position 1 is too old");
    assertEquals([error.after, error.cause], [1, thrown]);
  }));

Deno.test("behind a gap it begins anew where that is wanted, if anything was read before", () =>
  virtually(async (options) => {
    const gap = new InternodeError("HandlerFailed", "the handler threw", {
      origin: "remote",
      outcome: "executed",
      remoteName: "GapError",
      remoteMessage: "it is another log",
    });
    const source = new Source(
      { outputs: [7, 8], ends: gap },
      { outputs: [1, 2], ends: lost() },
      { outputs: [5], ends: "waits" },
      { outputs: [5, 6], ends: lost() },
      { outputs: [], ends: gap },
      { outputs: [], ends: gap },
    );
    const losses: Loss[] = [];
    const previous = (at: number) => at === 1 || at === 7 ? undefined : at - 1;
    const onLoss = (loss: Loss) => losses.push(loss);
    const watch = resume(source.open, { ...options, previous, onLoss, onGap: "restart" });
    const seen: number[] = [];
    const error = await assertRejects(async () => {
      for await (const at of watch) seen.push(at);
    }, GapError);
    assertEquals([seen, error.after], [[7, 8, 1, 2, 5, 6], undefined]);
    assertEquals(source.openedFrom, [undefined, undefined, 2, undefined, 6, undefined]);
    assertEquals(losses.map(({ position, waitMs }) => [position, waitMs > 0]), [
      [8, true],
      [2, true],
      [2, true],
      [6, true],
      [6, true],
    ]);
    assertEquals(source.left, 6);
    assertThrows(
      () => resume(source.open, { ...options, onGap: "skip" as "fail" }),
      Error,
      "onGap",
    );
  }));

Deno.test("a gap that a source of this process throws is one as well", () =>
  virtually(async (options) => {
    const ends = new GapError("it is too old", { after: 1 });
    const source = new Source({ outputs: [1], ends }, { outputs: [7], ends: "well" });
    const watch = resume(source.open, { ...options, onGap: "restart" });
    assertEquals(await Array.fromAsync(watch), [1, 7]);
    assertEquals(source.openedFrom, [undefined, undefined]);
  }));

const VERDICTS: readonly (readonly [ErrorCode, ErrorOrigin, boolean])[] = [
  ["Unreachable", "network", true],
  ["Disconnected", "network", true],
  ["GoingAway", "local", true],
  ["NotListed", "local", true],
  ["Overloaded", "remote", true],
  ["ProtocolError", "network", true],
  ["Closed", "remote", true],
  ["Closed", "local", false],
  ["Closed", "caller", false],
  ["DeadlineExceeded", "local", true],
  ["DeadlineExceeded", "caller", false],
  ["HandlerFailed", "remote", false],
  ["UnknownHandler", "remote", false],
  ["Cancelled", "caller", false],
  ["InvalidPayload", "remote", false],
  ["InvalidArgument", "caller", false],
  ["MessageTooLarge", "local", false],
  ["PermissionDenied", "remote", false],
  ["Unauthenticated", "remote", false],
];

for (const [code, origin, isLoss] of VERDICTS) {
  Deno.test(`${code} of the ${origin} side is ${isLoss ? "a loss" : "the end"}`, () =>
    virtually(async (options) => {
      const error = new InternodeError(code, "so it is", { origin });
      const source = new Source({ outputs: [], ends: error }, { outputs: [1], ends: "well" });
      const reading = Array.fromAsync(resume(source.open, options));
      if (isLoss) assertEquals(await reading, [1]);
      else assertEquals(await reading.catch((thrown) => thrown), error);
      // The verdict of the caller goes before, in both directions.
      const told: boolean[] = [];
      const contrary = new Source({ outputs: [], ends: error }, { outputs: [1], ends: "well" });
      const other = Array.fromAsync(resume(contrary.open, {
        ...options,
        isLoss: (_, usually) => {
          told.push(usually);
          return !usually;
        },
      }));
      if (isLoss) assertEquals(await other.catch((thrown) => thrown), error);
      else assertEquals(await other, [1]);
      assertEquals(told, [isLoss]);
    }));
}

Deno.test("only true is a yes to a loss, and a verdict that throws ends it", () =>
  virtually(async (options) => {
    const error = lost(), thrown = new Error("no verdict");
    for (const odd of [1, "yes", {}, Promise.resolve(true), undefined]) {
      const watch = resume(new Source({ outputs: [], ends: error }).open, {
        ...options,
        isLoss: () => odd as boolean,
      });
      assertEquals(await watch.next().catch((what) => what), error);
    }
    const watch = resume(new Source({ outputs: [], ends: error }).open, {
      ...options,
      isLoss: () => {
        throw thrown;
      },
      onLoss: () => {
        throw new Error("nobody cares");
      },
    });
    assertEquals(await watch.next().catch((what) => what), thrown);
  }));

Deno.test("without progress for maxGapMs it ends with the last error, as its cause", () =>
  virtually(async (options, clock) => {
    const source = new Source({ outputs: [1], ends: lost() });
    const watch = resume(source.open, { ...options, maxGapMs: 5_000 });
    await watch.next();
    const startMs = clock.now();
    const error = await assertRejects(() => watch.next(), InternodeError);
    assertEquals([error.code, error.origin], ["Disconnected", "network"]);
    assert(error.message.includes("within 5000 ms, after position 1"), error.message);
    assert(error.cause instanceof InternodeError);
    assertEquals(Math.round(clock.now() - startMs), 5_000);
    // 20 ms growing by 1.6 to 2 s.
    assert(watch.attempts > 5 && watch.attempts < 30, `${watch.attempts} attempts`);
    assertEquals(await watch.next().catch((again) => again), error);
  }));

Deno.test("progress, and an attempt that lasts, start the gap over", () =>
  virtually(async (options, clock) => {
    let opened = 0;
    const lasting = (ms: number, ends: InternodeError): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((_, reject) => void clock.setTimer(ms, () => reject(ends))),
      }),
    });
    const quiet = resume(() => ++opened <= 5 ? lasting(4_000, lost()) : lasting(1, lost()), {
      ...options,
      maxGapMs: 3_000,
    });
    await assertRejects(() => quiet.next(), InternodeError, "within 3000 ms");
    assert(opened > 6, "five quiet attempts were no gap");
    // One that has waited so long for a connection has not lasted.
    opened = 0;
    const unsent = new InternodeError("Unreachable", "nobody is there", { origin: "network" });
    const waiting = resume(() => (opened++, lasting(4_000, unsent)), {
      ...options,
      maxGapMs: 3_000,
    });
    await assertRejects(() => waiting.next(), InternodeError, "in 2 attempts");
  }));

Deno.test("a stream without end is opened anew after a clean end, if it is said to have none", () =>
  virtually(async (options) => {
    const source = new Source({ outputs: [1], ends: "well" }, { outputs: [2], ends: "well" });
    const watch = resume(source.open, { ...options, endless: true, maxGapMs: 100 });
    assertEquals([await watch.next(), await watch.next()].map(({ value }) => value), [1, 2]);
    await assertRejects(() => watch.next(), InternodeError, "could not be resumed within 100 ms");
  }));

Deno.test("leaving the loop ends the attempt, whether it is read, opened or waited for", () =>
  virtually(async (options) => {
    const source = new Source({ outputs: [1, 2], ends: "waits" });
    for await (const at of resume(source.open, options)) if (at === 1) break;
    assertEquals(source.left, 1);

    const reading = new Source({ outputs: [], ends: "waits" });
    const watch = resume(reading.open, options), next = watch.next();
    await Promise.resolve().then(() => {}).then(() => {});
    await watch.return();
    await assertRejects(() => next, InternodeError, "has left it");
    await assertRejects(() => watch.next(), InternodeError, "has left it");

    const opening = Promise.withResolvers<AsyncIterable<number>>(), late = new Source();
    const opened = resume(() => opening.promise, options), first = opened.next();
    await opened[Symbol.asyncDispose]();
    await assertRejects(() => first, InternodeError, "has left it");
    opening.resolve(late.open(0));
    await opening.promise.then(() => {}).then(() => {}).then(() => {});

    const waiting = resume(new Source().open, { ...options, backOff: { initialMs: 60_000 } });
    const afterLoss = waiting.next();
    for (let turns = 0; turns < 20; turns++) await Promise.resolve();
    await waiting.return();
    await assertRejects(() => afterLoss, InternodeError, "has left it");
  }));

Deno.test("a signal ends it with its reason, also before it is read", () =>
  virtually(async (options) => {
    const controller = new AbortController(), reason = new Error("enough");
    const source = new Source({ outputs: [], ends: "waits" });
    const next = resume(source.open, { ...options, signal: controller.signal }).next();
    controller.abort(reason);
    assertEquals(await next.catch((error) => error), reason);
    const late = resume(source.open, { ...options, signal: controller.signal });
    assertEquals(await late.next().catch((error) => error), reason);
  }));

Deno.test("several reads at a time get what comes one after the other", () =>
  virtually(async (options) => {
    const source = new Source({ outputs: [1, 2], ends: lost() }, { outputs: [3], ends: "well" });
    const watch = resume(source.open, options);
    const results = await Promise.all([watch.next(), watch.next(), watch.next(), watch.next()]);
    assertEquals(results.map(({ value }) => value), [1, 2, 3, undefined]);
  }));

Deno.test("texts as positions are the same or new; other orders are given", () =>
  virtually(async ({ clock, random }) => {
    const source = new Source({ outputs: [1], ends: lost() }, { outputs: [1, 2], ends: "well" });
    const watch = resume<number, string>(() => source.open(0), {
      clock,
      random,
      position: (at) => `p${at}`,
    });
    assertEquals(await Array.fromAsync(watch), [1, 2]);
    assertEquals(watch.position, "p2");
  }));

Deno.test("what users' functions throw, or give that makes no sense, ends it and the attempt", () =>
  virtually(async (options) => {
    const odd: Partial<Options>[] = [
      { position: () => undefined as unknown as number },
      { position: () => NaN },
      {
        position: () => {
          throw new InternodeError("InvalidArgument", "thrown");
        },
      },
      { from: 0, compare: () => NaN },
      { from: 0, compare: () => "1" as unknown as number },
    ];
    for (const wrong of odd) {
      const source = new Source({ outputs: [1], ends: "waits" });
      const watch = resume(source.open, { ...options, ...wrong });
      const { code } = await assertRejects(() => watch.next(), InternodeError);
      assertEquals([code, source.left], ["InvalidArgument", 1]);
    }
    const nothing = resume(() => null as unknown as AsyncIterable<number>, options);
    await assertRejects(() => nothing.next(), TypeError);
  }));

Deno.test("options that make no sense are refused", () => {
  const { open } = new Source();
  const odd: readonly Record<string, unknown>[] = [
    { position: undefined },
    { maxGapMs: 0 },
    { maxGapMs: "1" },
    { backOff: { factor: 0.5 } },
    { compare: 1 },
    { previous: null },
    { isLoss: true },
    { onLoss: {} },
    { endless: 1 },
    { signal: new AbortController() },
    { clock: {} },
    { random: 5 },
  ];
  for (const wrong of odd) {
    const options = { position: (at: number) => at, ...wrong } as unknown as Options;
    const { code } = assertThrows(() => resume(open, options), InternodeError);
    assertEquals(code, "InvalidArgument", Deno.inspect(wrong));
  }
  assertThrows(() => resume(null as never, { position: (at: number) => at }), InternodeError);
  assertThrows(() => resume(open, null as never), InternodeError);
});
