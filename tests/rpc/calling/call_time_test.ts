/**
 * From when on a call's time counts, on both faces, where work keeps the caller's thread busy.
 *
 * @module
 */

import { type Clock, type HandlerContext, single, stream } from "@internode/grid";
import { client, implement, method, methodStream, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { runSeeded, type VirtualClock } from "@internode/grid/testing";
import { assert, assertEquals } from "@std/assert";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";
import { watch, type Watched } from "../../support/outcome.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";

/** What is asked: an answer after so many milliseconds, and some bytes more on the way. */
const ask = { afterMs: t.uint(), ballast: t.bytes() };
const work = single("work", { request: t.record(ask), response: t.string() });
const numbers = stream("numbers", {
  initial: t.record(ask),
  output: t.string(),
  inputCapacity: 0,
  outputCapacity: 2,
});
const Worker = service("worker", {
  work: method({ request: t.record(ask), response: t.string(), idempotent: true }),
  numbers: methodStream({
    initial: t.record(ask),
    output: t.string(),
    inputCapacity: 0,
    outputCapacity: 2,
  }),
});
const HEDGE = { delayMs: 5, maxAttempts: 2 };

/** How a call is made. */
type Kind = "request" | "stream" | "hedged";
type Ask = (kind: Kind, afterMs: number, timeoutMs: number, bytes?: number) => Watched<unknown>;

/** One of the faces: its time, how to call there, and how much time the handlers had when they began. */
interface Side {
  readonly clock: VirtualClock;
  readonly ask: Ask;
  readonly leftMs: number[];
}

type Body = (side: Side) => Promise<void>;
type Channels = "bytes" | "messages";

/** A handler that notes how much time it has, and takes its own, unless nobody waits any more. */
function handler(clock: Clock) {
  const leftMs: number[] = [];
  const answer = (afterMs: number, context: HandlerContext): Promise<string> => {
    leftMs.push(context.deadline - clock.wallNow());
    const { promise, resolve } = Promise.withResolvers<string>();
    const timer = clock.setTimer(afterMs, () => resolve("done"));
    context.signal.addEventListener("abort", () => {
      clock.clearTimer(timer);
      resolve("late");
    });
    return promise;
  };
  return { leftMs, answer };
}

async function firstOf(outputs: AsyncIterable<string>): Promise<string> {
  for await (const output of outputs) return output;
  return "none";
}

async function onGrid(channels: Channels, seed: number, body: Body): Promise<void> {
  let leftMs: number[] = [];
  const grid = simulatedGrid({
    seed,
    channels,
    serve: (manager, { clock }) => {
      const made = handler(clock);
      leftMs = made.leftMs;
      manager.handle(work, ({ afterMs }, context) => made.answer(afterMs, context));
      manager.handle(numbers, async function* ({ afterMs }, _, context) {
        yield await made.answer(afterMs, context);
      });
    },
  });
  await grid.run(async () => {
    await grid.start();
    const connection = grid.node(0).connection(grid.hosts[1]!);
    await connection.waitForConnect();
    const call: Ask = (kind, afterMs, timeoutMs, bytes = 0) => {
      const request = { afterMs, ballast: new Uint8Array(bytes) };
      return watch<unknown>(
        grid.clock,
        kind === "stream"
          ? firstOf(connection.stream(numbers, request, { timeoutMs }))
          : connection.request(work, request, { timeoutMs }),
      );
    };
    await body({ clock: grid.clock, ask: call, leftMs });
  });
  await grid.close();
}

async function onService(channels: Channels, seed: number, body: Body): Promise<void> {
  const sim = new SimulatedService(seed, { channels });
  await sim.run(async () => {
    const { leftMs, answer } = handler(sim.clock);
    const served = implement(Worker, {
      work: ({ afterMs }, context) => answer(afterMs, context),
      numbers: async function* ({ afterMs }, _, context) {
        yield await answer(afterMs, context);
      },
    });
    const connection = await sim.connectTo(2, () => served);
    const worker = client(Worker, connection);
    const call: Ask = (kind, afterMs, timeoutMs, bytes = 0) => {
      const request = { afterMs, ballast: new Uint8Array(bytes) };
      return watch<unknown>(
        sim.clock,
        kind === "stream"
          ? firstOf(worker.numbers(request, { timeoutMs }))
          : worker.work(request, kind === "hedged" ? { timeoutMs, hedge: HEDGE } : { timeoutMs }),
      );
    };
    await body({ clock: sim.clock, ask: call, leftMs });
  });
}

const FACES = { grid: onGrid, service: onService };

for (const [face, play] of Object.entries(FACES)) {
  for (const channels of ["bytes", "messages"] as const) {
    const where = `${face}, ${channels}:`;

    Deno.test(`${where} a call that is made after work in the same turn has all of its time`, async () => {
      await play(channels, 1, async ({ clock, ask, leftMs }) => {
        for (const kind of ["request", "stream", "hedged"] as const) {
          const first = ask("request", 0, 1_000);
          clock.block(200);
          const second = ask(kind, 60, 100);
          await clock.runUntil(() => first.settled && second.settled, 1_000);
          assertEquals([kind, first.fate, second.fate], [kind, "ok", "ok"]);
          const left = Math.min(...leftMs);
          assert(left > 90 && left <= 101, `the handler had ${left} ms for the ${kind}`);
          leftMs.length = 0;
          await clock.advance(1_000);
        }
      });
    });

    Deno.test(`${where} a call that an answer leads to, after work, has all of its time`, async () => {
      await play(channels, 1, async ({ clock, ask }) => {
        const first = ask("request", 0, 1_000);
        const second = first.promise.then(() => {
          clock.block(200);
          return ask("request", 60, 100).promise;
        });
        assertEquals(await second, "done");
      });
    });

    Deno.test(`${where} work that follows a call in its turn is part of its time`, async () => {
      await play(channels, 1, async ({ clock, ask }) => {
        await clock.advance(1);
        const call = ask("request", 10_000, 100);
        clock.block(250);
        await clock.runUntil(() => call.settled, 1_000);
        assert(call.tookMs < 251, `it ended after ${call.tookMs} ms`);
        assertEquals((call.error as { code: string }).code, "DeadlineExceeded");
      });
    });

    Deno.test(`${where} requests that leave before the end of a long turn have all of their time`, async () => {
      await play(channels, 1, async ({ clock, ask }) => {
        const calls = [ask("request", 0, 1_000)];
        clock.block(200);
        for (let i = 0; i < 12; i++) calls.push(ask("request", 60, 100, 3_000));
        clock.block(30);
        await clock.runUntil(() => calls.every(({ settled }) => settled), 1_000);
        assertEquals(calls.map(({ fate }) => fate), calls.map(() => "ok"));
      });
    });

    Deno.test(`${where} no call ends before its time, and none later than its thread was busy`, async () => {
      for (let run = 0; run < 20; run++) {
        await runSeeded(undefined, async (random) => {
          await play(channels, random.int(1, 1_000_000), async ({ clock, ask }) => {
            const calls: { call: Watched<unknown>; timeoutMs: number; busyMs: number }[] = [];
            for (let turn = 0; turn < 10; turn++) {
              const made: typeof calls = [];
              let busyMs = 0;
              for (let i = random.int(1, 12); i > 0; i--) {
                const timeoutMs = random.int(1, 150);
                const kind = random.pick(["request", "stream", "hedged"] as const);
                const bytes = random.pick([0, 0, 0, 3_000, 20_000]);
                const call = ask(kind, 10_000, timeoutMs, bytes);
                made.push({ call, timeoutMs, busyMs: 0 });
                if (random.chance(0.5)) {
                  const forMs = random.pick([0.01, 0.3, 2, 7, 60, 250]);
                  clock.block(forMs);
                  busyMs += forMs;
                }
              }
              calls.push(...made.map((each) => ({ ...each, busyMs })));
              await clock.advance(random.pick([0, 0.5, 4, 90]));
            }
            await clock.runUntil(() => calls.every(({ call }) => call.settled), 60_000);
            const mostMs = Math.max(...calls.map(({ busyMs }) => busyMs));
            for (const { call, timeoutMs } of calls) {
              assertEquals((call.error as { code?: string }).code, "DeadlineExceeded");
              const { tookMs } = call;
              assert(tookMs >= timeoutMs, `${timeoutMs} ms were over after ${tookMs} ms`);
              assert(tookMs <= timeoutMs + 2 * mostMs + 5, `${timeoutMs} ms took ${tookMs} ms`);
            }
          });
        });
      }
    });
  }
}
