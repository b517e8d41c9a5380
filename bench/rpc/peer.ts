/**
 * The two processes of a bench, each on a runtime of its own.
 *
 * @module
 */

import type { RateMeasured, RateOrder } from "../low_rates/at_rate.ts";
import { type Cpu, cpuSince } from "../support/process_cpu.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { Launcher } from "../../tools/runtimes/launcher.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import type {
  ClientMeasured,
  FloorOrder,
  MeasureOrder,
  OneWayOrder,
  RoundTrips,
  TripsOrder,
} from "./client.ts";
import type { KindOrder } from "../latency/load.ts";
import type { Measured } from "./measure.ts";
import type { Pauses } from "../support/pauses.ts";
import { type LoadResult, requestCpuUs } from "../support/open_loop.ts";
import { makeIdentities } from "./identities.ts";
import type { RpcOptions } from "./options.ts";
import type { RpcPlan } from "./plan.ts";

/** What they run. */
export const MODULES = { client: "bench/rpc/client.ts", server: "bench/rpc/server.ts" } as const;

/** What was measured, with the processor time of either process for each request. */
export interface PairMeasured extends Measured {
  /** Of the process that asks, in microseconds; over `memory` of both. */
  readonly clientCpuUs: number;
  /** Of the process that answers, in microseconds. */
  readonly serverCpuUs: number;
}

/** A raw echo's rate, with the processor time of both processes for each byte of it. */
export interface FloorMeasured {
  /** Bytes that came back, each second. */
  readonly bytesPerSecond: number;
  /** In microseconds. */
  readonly cpuUsPerByte: number;
}

/** What takes about so long as this longer than it is to measure is not going to answer. */
const PATIENCE_MS = 60_000;

/** Two connected processes: one asks and measures, one answers. */
export class RpcPair implements AsyncDisposable {
  readonly #folder: string;
  readonly #client: ToldProcess;
  readonly #server: ToldProcess | null;

  private constructor(folder: string, client: ToldProcess, server: ToldProcess | null) {
    this.#folder = folder;
    this.#client = client;
    this.#server = server;
  }

  /** Starts both (for `memory` one, which has both nodes) on the runtimes that the launcher knows. */
  static async start(options: RpcOptions, launcher: Launcher): Promise<RpcPair> {
    const folder = await Deno.makeTempDir({ prefix: "internode-bench-" });
    const plan = JSON.stringify(await planOf(options, folder));
    const isAlone = options.transport === "memory";
    const command = (side: "client" | "server") =>
      [...launcher.command(options[`${side}Runtime`], MODULES[side]), plan] as const;
    const server = isAlone ? null : new ToldProcess(command("server"), { what: "the server" });
    const client = new ToldProcess(command("client"), { what: "the client" });
    const pair = new RpcPair(folder, client, server);
    try {
      await server?.ask("start");
      await client.ask("start");
      return pair;
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has one kind of call made, for so many seconds. */
  async measure(options: RpcOptions, seconds: number): Promise<PairMeasured> {
    const beforeUs = await this.#serverCpuUs();
    const order: MeasureOrder = { options, seconds };
    const measured = await this.#ask<ClientMeasured>("measure", order, seconds);
    const serverCpuUs = (await this.#serverCpuUs() - beforeUs) / measured.count;
    return { ...measured, clientCpuUs: measured.clientCpuUs / measured.count, serverCpuUs };
  }

  /** Begins or ends counting calls on both sides, as `prometheus()` does it. */
  async count(isCounted: boolean): Promise<void> {
    await this.#server?.ask("count", isCounted);
    await this.#client.ask("count", isCounted);
  }

  /** Requests or raw messages at a fixed rate, with the processor time of both sides; not over `memory`. */
  async atRate(
    order: RateOrder,
  ): Promise<{ readonly count: number; readonly client: Cpu; readonly server: Cpu }> {
    const before = await this.#server!.ask<Cpu>("cpu");
    const { count, cpu } = await this.#ask<RateMeasured>("atRate", order, order.seconds);
    return { count, client: cpu, server: cpuSince(before, await this.#server!.ask<Cpu>("cpu")) };
  }

  /** What the raw echo carries. */
  async floor(order: FloorOrder): Promise<FloorMeasured> {
    const { result, cpuUs } = await this.#withCpu(() =>
      this.#ask<number>("floor", order, order.seconds)
    );
    return { bytesPerSecond: result, cpuUsPerByte: cpuUs / (result * order.seconds) };
  }

  /** What a raw transfer carries that goes one way. */
  async oneWay(order: OneWayOrder): Promise<FloorMeasured> {
    const { result, cpuUs } = await this.#withCpu(() =>
      this.#ask<number>("oneWay", order, order.seconds)
    );
    return { bytesPerSecond: result, cpuUsPerByte: cpuUs / (result * order.seconds) };
  }

  /** Round trips of the raw echo, and the processor time of both for each. */
  async roundTrips(
    size: number,
    seconds: number,
  ): Promise<RoundTrips & { readonly cpuUs: number }> {
    const order: TripsOrder = { size, inflight: 1, seconds };
    const { result, cpuUs } = await this.#withCpu(() =>
      this.#ask<RoundTrips>("roundTrips", order, seconds)
    );
    return { ...result, cpuUs: cpuUs / result.count };
  }

  /** Requests a second of a bare multiplexer; `null` over channels of messages. */
  bareMux(order: TripsOrder): Promise<number | null> {
    return this.#ask("bareMux", order, order.seconds);
  }

  /** A load over the public API, or over a bare multiplexer, and the processor time of both for each request. */
  async load(order: KindOrder): Promise<LoadResult & { readonly cpuUs: number }> {
    const { result, cpuUs } = await this.#withCpu(() =>
      this.#ask<LoadResult>("load", order, order.seconds)
    );
    return { ...result, cpuUs: requestCpuUs(result, cpuUs) };
  }

  /** How the machine lets the client stand still while both processes are busy with nothing. */
  async pauses(seconds: number): Promise<Pauses> {
    const other = this.#server?.ask<Pauses>("pauses", seconds);
    const pauses = await this.#ask<Pauses>("pauses", seconds, seconds);
    await other;
    return pauses;
  }

  #ask<Answer>(command: string, argument: unknown, seconds: number): Promise<Answer> {
    return this.#client.ask<Answer>(command, argument, seconds * 1000 + PATIENCE_MS);
  }

  async #withCpu<Result>(
    work: () => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly cpuUs: number }> {
    const total = async (): Promise<number> =>
      await this.#serverCpuUs() + await this.#client.ask<number>("cpuUs");
    const beforeUs = await total();
    const result = await work();
    return { result, cpuUs: await total() - beforeUs };
  }

  async #serverCpuUs(): Promise<number> {
    return await this.#server?.ask<number>("cpuUs") ?? 0;
  }

  /** Ends both. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server?.[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** What starts both processes of a bench with these options. */
export function launcherFor(
  options: readonly Pick<RpcOptions, "clientRuntime" | "serverRuntime">[],
): Promise<Launcher> {
  const runtimes = options.flatMap(({ clientRuntime, serverRuntime }) => [
    clientRuntime,
    serverRuntime,
  ]);
  return Launcher.of(runtimes, Object.values(MODULES));
}

const MTLS: readonly RpcOptions["transport"][] = ["tls", "wss", "unix-mtls"];

async function planOf(options: RpcOptions, folder: string): Promise<RpcPlan> {
  const { transport, inflight, spinUs = 0 } = options;
  const [asking, answering, floor, service, oneWay] = addresses(transport, folder) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const identities = MTLS.includes(transport)
    ? await makeIdentities([[asking], [answering, service]]) as unknown as RpcPlan["identities"]
    : null;
  const hosts = [asking, answering] as const;
  return { transport, hosts, floor, oneWay, service, inflight, spinUs, identities };
}

function addresses(transport: RpcOptions["transport"], folder: string): string[] {
  const names = ["client", "server", "floor", "service", "one-way"];
  if (transport === "memory") return names.map((name) => `memory://bench-${name}`);
  if (transport === "unix" || transport === "unix-mtls") {
    return names.map((name) => `unix://${folder}/${name}.sock`);
  }
  return freePorts(names.length).map((port) =>
    `${transport === "ws-native" ? "ws" : transport}://127.0.0.1:${port}`
  );
}
