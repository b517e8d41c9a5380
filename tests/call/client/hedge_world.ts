/**
 * Replicas that answer when a test says so.
 *
 * @module
 */

import { assert } from "@std/assert";
import {
  type Balancer,
  balancerFunc,
  type Client,
  client,
  type ClientOptions,
  type HandlerMap,
  implement,
  method,
  service,
  type ServiceConnection,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

export const Map_ = service("map", {
  find: method({ request: t.string(), response: t.string(), idempotent: true }),
  change: method({ request: t.string(), response: t.string() }),
});

/** A call as its replica sees it, and answers when the test says so. */
export interface Held {
  readonly name: string;
  readonly answer: PromiseWithResolvers<string>;
  /** Why it was cancelled, if it was. */
  cancelled: unknown;
}

export function replica(name: string, held: Held[]): HandlerMap {
  const hold = (_what: string, { signal }: { signal: AbortSignal }): Promise<string> => {
    const call: Held = { name, answer: Promise.withResolvers(), cancelled: undefined };
    held.push(call);
    signal.addEventListener("abort", () => {
      call.cancelled = signal.reason;
      call.answer.reject(signal.reason);
    });
    return call.answer.promise;
  };
  return implement(Map_, { find: hold, change: hold });
}

/** The replicas in turn, those without an attempt first. */
export const inOrder: Balancer = balancerFunc((replicas, { tried }) =>
  replicas.find((each) => tried?.has(each) !== true) ?? replicas[0]
);

export interface HedgeWorld {
  readonly sim: SimulatedService;
  readonly held: Held[];
  readonly connection: ServiceConnection;
  readonly map: Client<(typeof Map_)["methods"]>;
}

export async function withReplicas(
  count: number,
  body: (world: HedgeWorld) => Promise<void>,
  options: ClientOptions = {},
): Promise<void> {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const held: Held[] = [];
    const connection = await sim.connectTo(count, (index) => replica(`r${index}`, held), {
      balancer: inOrder,
      ...options,
    }, { graceMs: 0 });
    const before = sim.clock.pendingEvents;
    await body({ sim, held, connection, map: client(Map_, connection) });
    await sim.clock.advance(10);
    assert(connection.replicas.every(({ callsInFlight }) => callsInFlight === 0));
    const left = sim.clock.pendingEvents;
    assert(left <= before + 2 * count, `${left} timers, where ${before} were before`);
  });
}

export const HEDGE = { delayMs: 20 };
