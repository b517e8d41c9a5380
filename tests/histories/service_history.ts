/**
 * A history of a service's client and its replicas.
 *
 * @module
 */

import {
  client,
  type ClientOptions,
  implement,
  method,
  methodStream,
  type ServeOptions,
  service,
  type ServiceConnection,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { SeededRandom } from "@internode/grid/testing";
import { SimulatedService } from "../support/simulation/simulated_service.ts";
import { drawPlan, Player, type Way } from "./calling.ts";
import { CALLS, LIMITS, PATIENCE_MS, secretOf, WINDOW_MS, within } from "./history.ts";
import { Ledger } from "./ledger.ts";
import { HANDLE_OPTIONS, Servant } from "./serving.ts";

const REPLICAS = 2;
const message = t.record({ at: t.uint(), filler: t.bytes() });
const Work = service("work", {
  once: method({ request: message, response: message }),
  often: method({ request: message, response: message, idempotent: true }),
  flow: methodStream({
    initial: message,
    input: message,
    output: message,
    inputCapacity: 3,
    outputCapacity: 3,
  }),
});

/** What a replica serves. */
export function handlersOf(servant: Servant): ReturnType<typeof implement> {
  const { single, stream } = servant;
  return implement(Work, { once: single, often: single, flow: stream }, {
    methods: { once: HANDLE_OPTIONS, often: HANDLE_OPTIONS, flow: HANDLE_OPTIONS },
  });
}

/** How a client makes calls. */
export function serviceWay(connection: ServiceConnection): Way {
  const { once, often, flow } = client(Work, connection);
  return {
    single: (request, idempotent, options) => (idempotent ? often : once)(request, options),
    stream: (initial, options) => flow(initial, options),
  };
}

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playService(seed: number, channels: "bytes" | "messages"): Promise<string> {
  const random = new SeededRandom(seed), ledger = new Ledger(), secret = secretOf(seed);
  const sim = new SimulatedService(seed, { channels });
  const { clock } = sim;
  await sim.run(async () => {
    const handlers = (): ReturnType<typeof implement> => handlersOf(new Servant(ledger, clock));
    const restart = (index: number, graceMs = 600): Promise<void> =>
      sim.start(index, handlers(), { graceMs, ...drawOptions(random), ...secret });
    for (let index = 0; index < REPLICAS; index++) await restart(index);
    sim.list(...Array(REPLICAS).keys());
    const clientOptions: ClientOptions = {
      ...drawOptions(random),
      ...secret,
      defaultTimeoutMs: PATIENCE_MS / 2,
      ...(random.chance(0.3) && { hedge: { delayMs: random.float(0, 50) } }),
    };
    const connection = await sim.connect(clientOptions);
    await sim.ready(connection, REPLICAS);
    const player = new Player(ledger, clock), way = serviceWay(connection);
    let calls = 0;
    for (let call = 0; call < CALLS; call++) {
      clock.setTimer(random.float(0, WINDOW_MS), () => {
        void player.play(way, drawPlan(random, calls++));
      });
    }
    const stopped = new Set<number>();
    const troubles = Array.from(
      { length: random.int(0, 3) },
      () => trouble(sim, random, restart, stopped),
    );
    const closes = random.chance(0.3), graceMs = random.int(0, 600);
    await clock.advance(closes ? random.float(0, WINDOW_MS) : WINDOW_MS);
    if (closes) await within(clock, connection.close({ graceMs }), graceMs);
    await Promise.all(troubles);
    sim.network.heal();
    await clock.runUntil(
      () => calls === CALLS && ledger.busy === 0,
      PATIENCE_MS,
      "all calls and handlers to end",
    );
    for (let index = 0; index < REPLICAS; index++) {
      sim.list(index);
      const alone = await sim.connect(secret);
      await player.probe(serviceWay(alone), () => sim.ready(alone, 1));
      await alone.close();
    }
    ledger.judge();
  });
  return sim.network.history.digest;
}

function drawOptions(random: SeededRandom): ServeOptions & ClientOptions {
  return {
    limits: LIMITS,
    ...(random.chance(0.4) && {
      maxConnectionAgeMs: random.float(100, 800),
      renewalGraceMs: random.float(10, 1_000),
    }),
  };
}

/** Something that goes wrong, or is done on purpose, at a random moment. */
async function trouble(
  sim: SimulatedService,
  random: SeededRandom,
  restart: (index: number, graceMs?: number) => Promise<void>,
  stopped: Set<number>,
): Promise<void> {
  const kind = random.pick(["cut", "cut", "stall", "stop", "slow", "list"] as const);
  const index = random.int(0, REPLICAS - 1), lastsMs = random.float(0, 400);
  const there = sim.host(index), here = "memory://client-0", { network, clock } = sim;
  await clock.advance(random.float(0, WINDOW_MS));
  if (kind === "cut") network.cut(here, there);
  else if (kind === "slow") {
    network.setLink(there, here, { latencyMaxMs: lastsMs, bandwidthBytesPerMs: 100 });
    await clock.advance(lastsMs);
    network.setLink(there, here, null);
  } else if (kind === "stall") {
    network.stall(here, there, random.chance(0.5) ? "both" : "oneWay");
    await clock.advance(lastsMs);
    network.resume(here, there);
  } else if (kind === "list") {
    sim.list(index);
    await clock.advance(lastsMs);
    sim.list(...Array(REPLICAS).keys());
  } else if (!stopped.has(index)) {
    stopped.add(index);
    await sim.stop(index);
    await restart(index, random.int(0, 600));
    stopped.delete(index);
  }
}
