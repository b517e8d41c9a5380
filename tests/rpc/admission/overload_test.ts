import { type HandleOptions, type InternodeError, single, stream } from "@internode/grid";
import {
  client,
  type HandlerMap,
  implement,
  method,
  service,
  type ServiceConnection,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { SeededRandom } from "@internode/grid/testing";
import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../../../lib/runtime/clock.ts";
import { withPair } from "../../support/simulation/simulated_grid.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

/** How long a call may take, and how long calls come, in milliseconds. */
const TIMEOUT_MS = 500, FOR_MS = 4_000;
/** How long it takes to find out how many calls the handler can do at a time. */
const LEARNING_MS = 2_000;
/** So many times what the handler can do is asked of it. */
const TIMES = 5;

/** Something of which there are few: connections to a database, or the one processor of an event loop. */
class Pool {
  /** How often it was used for calls whose callers were gone. */
  wasted = 0;
  readonly #clock: Clock;
  readonly #eachMs: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock, size: number, eachMs: number) {
    this.#clock = clock;
    this.#free = size;
    this.#eachMs = eachMs;
  }

  async use(signal?: AbortSignal): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    if (signal?.aborted === true) this.wasted++;
    await new Promise<void>((resolve) => this.#clock.setTimer(this.#eachMs, resolve));
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

/** What came of calls that nobody coordinates. */
interface Told {
  good: number;
  refused: number;
  late: number;
  readonly tookMs: number[];
}

async function load(
  clock: Clock & { advance(ms: number): Promise<void> },
  perSecond: number,
  call: () => Promise<unknown>,
): Promise<Told> {
  const random = new SeededRandom(7);
  const learnedMs = clock.now() + LEARNING_MS;
  const told: Told = { good: 0, refused: 0, late: 0, tookMs: [] };
  const one = async (): Promise<void> => {
    const startMs = clock.now();
    try {
      await call();
      told.good++;
      if (startMs > learnedMs) told.tookMs.push(clock.now() - startMs);
    } catch (error) {
      const { code, outcome } = error as InternodeError;
      if (code === "DeadlineExceeded") return void told.late++;
      assertEquals([code, outcome], ["Overloaded", "notExecuted"]);
      told.refused++;
    }
  };
  const calls: Promise<void>[] = [];
  for (const endMs = clock.now() + FOR_MS; clock.now() < endMs;) {
    calls.push(one());
    await clock.advance(-Math.log(1 - random.next()) * 1_000 / perSecond);
  }
  await Promise.all(calls);
  told.tookMs.sort((a, b) => a - b);
  return told;
}

const ask = single("ask"), list = stream("list", { inputCapacity: 0, outputCapacity: 1 });

/** What is asked of a node under overload. */
function onGrid(
  kind: "request" | "stream",
  size: number,
  eachMs: number,
  concurrency: HandleOptions["concurrency"],
): Promise<Told> {
  const { promise, resolve } = Promise.withResolvers<Told>();
  return withPair({}, async (grid) => {
    const pool = new Pool(grid.clock, size, eachMs), options = { timeoutMs: TIMEOUT_MS };
    grid.node(1).handle(ask, async (bytes) => (await pool.use(), bytes), { concurrency });
    grid.node(1).handle(list, async function* (bytes) {
      await pool.use();
      yield bytes;
    }, { concurrency });
    const to = grid.node(0).connections()[0]!, bytes = new Uint8Array(1);
    const call = kind === "request"
      ? () => to.request(ask, bytes, options)
      : () => Array.fromAsync(to.stream(list, bytes, options));
    resolve(await load(grid.clock, TIMES * size * 1_000 / eachMs, call));
  }).then(() => promise);
}

for (const kind of ["request", "stream"] as const) {
  for (
    const [what, size, eachMs] of [["that waits for a database", 5, 20], [
      "that has one processor",
      1,
      5,
    ]] as const
  ) {
    Deno.test(`a handler ${what} does at five times its capacity what it can, by an adaptive limit: ${kind}`, async () => {
      const capacity = size * FOR_MS / eachMs;
      const { good, tookMs } = await onGrid(kind, size, eachMs, "adaptive");
      assert(good >= 0.8 * capacity, `${good} of ${capacity}`);
      const [p50, p99] = [0.5, 0.99].map((part) => tookMs[Math.floor(tookMs.length * part)]!);
      assert(p50! < TIMEOUT_MS / 4 && p99! < TIMEOUT_MS / 2, `p50 ${p50} ms, p99 ${p99} ms`);
    });
  }

  Deno.test(`without a limit it does next to nothing for its callers: ${kind}`, async () => {
    const { good } = await onGrid(kind, 5, 20, undefined);
    assert(good < 0.3 * 5 * FOR_MS / 20, `${good}`);
  });
}

Deno.test("a server of a service does what it can as well, and its client's other replicas get the rest", async () => {
  const Work = service("work", { ask: method({ request: t.raw(), response: t.raw() }) });
  const world = new SimulatedService();
  const pools = [1, 5].map((size) => new Pool(world.clock, size, 20)), used = [0, 0];
  const handlersOf = (index: number): HandlerMap =>
    implement(Work, {
      ask: async (bytes: Uint8Array) => {
        await pools[index]!.use();
        used[index]!++;
        return bytes;
      },
    }, { methods: { ask: { concurrency: { maxWaitMs: 50 } } } });
  await world.run(async () => {
    const connection: ServiceConnection = await world.connectTo(2, handlersOf, {
      retryBudget: { ratio: 1 },
    });
    const work = client(Work, connection), bytes = new Uint8Array(1);
    const told = await load(world.clock, 250, () => work.ask(bytes, { timeoutMs: TIMEOUT_MS }));
    assert(told.good > 0.8 * 250 * FOR_MS / 1_000, `${told.good} good, ${told.refused} refused`);
    assert(used[1]! > 3 * used[0]!, JSON.stringify(used));
  });
});
