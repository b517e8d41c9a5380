/**
 * No call is lost while replicas come and go.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  type Client,
  client,
  type HandlerMap,
  implement,
  method,
  type Service,
  service,
  type ServiceCallOptions,
  type SingleMethod,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { runSeeded, type SeededRandom } from "@internode/grid/testing";
import { SimulatedService } from "../support/simulation/simulated_service.ts";

const REPLICAS = 6;
/** How many callers there are; each makes one call after the other. */
const LOOPS = 4;

const Store: Service<{ read: SingleMethod<number, number>; add: SingleMethod<number, number> }> =
  service("store", {
    read: method({ request: t.uint(), response: t.uint(), idempotent: true }),
    add: method({ request: t.uint(), response: t.uint() }),
  });

/** What happened to each addition, as its caller saw it and as handlers did. */
interface Ledger {
  readonly runs: Map<number, number>;
  readonly answers: Map<number, "ok" | InternodeError>;
  readonly readErrors: unknown[];
  reads: number;
}

function replica(sim: SimulatedService, ledger: Ledger): HandlerMap {
  const work = (): Promise<void> =>
    new Promise((resolve) => sim.clock.setTimer(sim.random.next() * 20, resolve));
  return implement(Store, {
    read: async (id) => {
      if (sim.random.next() < 0.5) await work();
      return id;
    },
    add: async (id) => {
      ledger.runs.set(id, (ledger.runs.get(id) ?? 0) + 1);
      if (sim.random.next() < 0.5) await work();
      return id;
    },
  });
}

const HEDGED: ServiceCallOptions = { hedge: { delayMs: 5 } };

/** A read that may end before its answer comes, by its time or by its signal; nobody else may notice. */
async function readInHaste(
  sim: SimulatedService,
  store: Client<(typeof Store)["methods"]>,
  id: number,
  ledger: Ledger,
): Promise<void> {
  const abort = new AbortController(), enough = new Error("enough");
  const isTimed = sim.random.next() < 0.5, timeoutMs = sim.random.next() * 10;
  const timer = sim.clock.setTimer(timeoutMs, () => isTimed || abort.abort(enough));
  try {
    const options = isTimed ? { timeoutMs } : { signal: abort.signal };
    assertEquals(await store.read(id, options), id);
  } catch (error) {
    const isExpected = isTimed
      ? error instanceof InternodeError &&
        ["DeadlineExceeded", "Disconnected", "Unreachable"].includes(error.code)
      : error === enough;
    if (!isExpected) ledger.readErrors.push(error);
  } finally {
    sim.clock.clearTimer(timer);
  }
}

/** Calls one after the other until told to stop. */
async function load(
  sim: SimulatedService,
  store: Client<(typeof Store)["methods"]>,
  ledger: Ledger,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const id = ledger.answers.size + ledger.reads;
    const chance = sim.random.next();
    if (chance < 0.05) {
      ledger.reads++;
      await readInHaste(sim, store, id, ledger);
    } else if (chance < 0.5) {
      ledger.reads++;
      try {
        const options = chance < 0.15 ? HEDGED : undefined;
        assertEquals(await store.read(id, options), id);
      } catch (error) {
        ledger.readErrors.push(error);
      }
    } else {
      // Claims the id before anybody else can.
      ledger.answers.set(id, "ok");
      try {
        assertEquals(await store.add(id), id);
      } catch (error) {
        assert(error instanceof InternodeError, String(error));
        ledger.answers.set(id, error);
      }
    }
    await new Promise<void>((resolve) => sim.clock.setTimer(sim.random.next() * 2, resolve));
  }
}

/** Each addition that was answered ran once; of the others, the error said truly whether it may have run. */
function check(ledger: Ledger): void {
  assertEquals(ledger.readErrors, []);
  for (const [id, answer] of ledger.answers) {
    const runs = ledger.runs.get(id) ?? 0;
    if (answer === "ok") {
      assertEquals(runs, 1, `addition ${id} was answered and ran ${runs} times`);
    } else {
      assert(answer.outcome === "maybeExecuted", `addition ${id}: ${answer.outcome} ${answer}`);
      assert(runs <= 1, `addition ${id} ran ${runs} times`);
    }
  }
}

function newLedger(): Ledger {
  return { runs: new Map(), answers: new Map(), readErrors: [], reads: 0 };
}

/** Runs a load while something is done to the replicas. */
async function underLoad(
  seed: number,
  disturb: (sim: SimulatedService, random: SeededRandom, ledger: Ledger) => Promise<void>,
): Promise<Ledger> {
  const sim = new SimulatedService(seed);
  const ledger = newLedger();
  await sim.run(async () => {
    for (let index = 0; index < REPLICAS; index++) await sim.start(index, replica(sim, ledger));
    sim.list(...Array(REPLICAS).keys());
    const store = client(Store, await sim.connect());
    let over = false;
    const loads = Array.from({ length: LOOPS }, () => load(sim, store, ledger, () => over));
    await disturb(sim, sim.random, ledger);
    over = true;
    await Promise.all(loads);
  });
  check(ledger);
  return ledger;
}

/** One that stays the same, and one by chance. */
const SEEDS = [1, undefined];

/** Each failure names the seed that brings it back. */
async function withSeeds(body: (seed: number) => Promise<void>): Promise<void> {
  for (const seed of SEEDS) await runSeeded(seed, (_random, run) => body(run.seed));
}

Deno.test("a resolver that changes its set at random every 100 ms for a minute loses no call", async () => {
  await withSeeds(async (seed) => {
    const ledger = await underLoad(seed, async (sim, random) => {
      for (let round = 0; round < 600; round++) {
        sim.list(...[...Array(REPLICAS).keys()].filter(() => random.next() < 0.5));
        await sim.clock.advance(100);
      }
      sim.list(...Array(REPLICAS).keys());
    });
    assertEquals([...ledger.answers.values()].filter((answer) => answer !== "ok"), []);
    assert(ledger.reads > 10_000, `only ${ledger.reads} reads`);
  });
});

Deno.test("a rolling restart of every replica, listed all the time, loses no call", async () => {
  await withSeeds(async (seed) => {
    const ledger = await underLoad(seed, async (sim, random, ledger) => {
      for (let round = 0; round < 5; round++) {
        for (let index = 0; index < REPLICAS; index++) {
          await sim.stop(index);
          await sim.clock.advance(random.next() * 200);
          await sim.start(index, replica(sim, ledger));
          await sim.clock.advance(random.next() * 200);
        }
      }
    });
    assertEquals([...ledger.answers.values()].filter((answer) => answer !== "ok"), []);
    assert(ledger.reads > 1_000, `only ${ledger.reads} reads`);
  });
});

Deno.test("of replicas that are killed, what may run twice is lost never, and the rest is told truly", async () => {
  await withSeeds(async (seed) => {
    const ledger = await underLoad(seed, async (sim, random, ledger) => {
      for (let round = 0; round < 50; round++) {
        const index = Math.floor(random.next() * REPLICAS);
        sim.crash(index, random.next() < 0.5 ? "close" : "reset");
        await sim.clock.advance(random.next() * 300);
        await sim.start(index, replica(sim, ledger));
        await sim.clock.advance(300);
      }
    });
    assert([...ledger.answers.values()].some((answer) => answer !== "ok"), "nothing was disturbed");
  });
});
