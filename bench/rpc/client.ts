/**
 * The process of a bench that asks and measures.
 *
 * @module
 */

import process from "node:process";
import { Manager } from "@internode/grid";
import { connect, constantResolver, parseNetEndpoint } from "@internode/grid/call";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { type Direction, measureOneWay } from "../bytes/one_way.ts";
import { type RateMeasured, type RateOrder, sendAtRate } from "../low_rates/at_rate.ts";
import { type BareMux, dialBareMux, measureBareMux } from "./bare_mux.ts";
import { type KindOrder, runFloor, runKind } from "../latency/load.ts";
import { measurePauses } from "../support/pauses.ts";
import type { LoadResult } from "../support/open_loop.ts";
import { ownCpuUs } from "../support/process_cpu.ts";
import { type FloorHost, measureFloor, measureRoundTrips } from "./floor.ts";
import { type Callees, measure, type Measured } from "./measure.ts";
import type { RpcOptions } from "./options.ts";
import { reachedBy, type RpcPlan } from "./plan.ts";
import { countCalls, serveBench } from "./server.ts";

/** What was measured, and this process's part of the processor time. */
export interface ClientMeasured extends Measured {
  /** Processor time of the process that asks, in microseconds. */
  readonly clientCpuUs: number;
}

/** A raw echo's round trips, one after the other. */
export interface RoundTrips {
  /** How many. */
  readonly count: number;
  /** The middle of their times, in microseconds. */
  readonly p50Us: number;
  /** How long they took together, in microseconds. */
  readonly totalUs: number;
}

/** A measurement of what is called. */
export interface MeasureOrder {
  readonly options: RpcOptions;
  readonly seconds: number;
}

/** A measurement of what a raw echo carries. */
export interface FloorOrder {
  readonly seconds: number;
  readonly inFlightBytes?: number;
  readonly writeBytes?: number;
}

/** A measurement of a raw transfer that goes one way. */
export interface OneWayOrder {
  readonly direction: Direction;
  readonly chunkBytes: number;
  readonly seconds: number;
}

/** A measurement of single round trips, or of a bare multiplexer, of the raw echo. */
export interface TripsOrder {
  readonly size: number;
  readonly inflight: number;
  readonly seconds: number;
}

interface Connected extends Callees, AsyncDisposable {
  /** Begins or ends counting calls. */
  count(isCounted: boolean): void;
}

/** Connects to what answers. */
async function connectTo({ transport, hosts, service, spinUs, identities }: RpcPlan) {
  const identity = identities?.[0] ?? null;
  const reached = reachedBy(transport, identity);
  const own = identity === null ? reached : { tls: identity };
  const manager = new Manager({ local: hosts[0], hosts, spinUs, ...own });
  await manager.listen();
  await manager.waitForConnect({ timeoutMs: 10_000 });
  const endpoint = constantResolver(parseNetEndpoint(service, reached));
  const connection = await connect(endpoint, { spinUs });
  const connected: Connected = {
    connection: manager.connection(hosts[1]),
    service: connection,
    count: (isCounted) => countCalls(isCounted, manager, connection),
    async [Symbol.asyncDispose](): Promise<void> {
      await connection[Symbol.asyncDispose]();
      await manager.close({ graceMs: 0 });
    },
  };
  return connected;
}

async function run(plan: RpcPlan): Promise<void> {
  const serving = plan.transport === "memory" ? await serveBench(plan) : null;
  let connected: Connected | null = null;
  const floor: FloorHost = { href: plan.floor, identity: plan.identities?.[0] ?? null };
  /** One for all loads, as the session is. */
  let mux: BareMux | null = null;
  await answerCommands({
    start: async () => void (connected = await connectTo(plan)),
    measure: async ({ options, seconds }: MeasureOrder): Promise<ClientMeasured> => {
      const beforeUs = ownCpuUs();
      const measured = await measure(connected!, options, seconds);
      return { ...measured, clientCpuUs: ownCpuUs() - beforeUs };
    },
    floor: ({ seconds, inFlightBytes, writeBytes }: FloorOrder): Promise<number> =>
      measureFloor(floor, seconds, inFlightBytes, writeBytes),
    oneWay: ({ direction, chunkBytes, seconds }: OneWayOrder): Promise<number> =>
      measureOneWay({ ...floor, href: plan.oneWay }, direction, chunkBytes, seconds),
    roundTrips: async ({ size, seconds }: TripsOrder): Promise<RoundTrips> => {
      const times = await measureRoundTrips(floor, size, seconds);
      const totalUs = times.reduce((sum, time) => sum + time, 0);
      return { count: times.length, p50Us: times[times.length >> 1] ?? 0, totalUs };
    },
    atRate: (order: RateOrder): Promise<RateMeasured> =>
      sendAtRate(connected!.connection, floor, order),
    bareMux: ({ size, inflight, seconds }: TripsOrder): Promise<number | null> =>
      measureBareMux(floor, { size, inflight }, seconds),
    load: async (order: KindOrder): Promise<LoadResult> =>
      order.isFloor
        ? await runFloor(mux ??= await dialBareMux(floor), floor, order)
        : await runKind(connected!, order),
    count: (isCounted: boolean): void => {
      serving?.count(isCounted);
      connected?.count(isCounted);
    },
    pauses: measurePauses,
    cpuUs: ownCpuUs,
  });
  await (mux as BareMux | null)?.close();
  await (connected as Connected | null)?.[Symbol.asyncDispose]();
  await serving?.[Symbol.asyncDispose]();
}

if (import.meta.main) await run(JSON.parse(process.argv[2]!) as RpcPlan);
