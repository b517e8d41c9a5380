/**
 * The two processes of one peer, as the bench sees them.
 *
 * @module
 */

import type { Command, Launcher } from "../../tools/runtimes/launcher.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import { type LoadOrder, type LoadResult, requestCpuUs } from "../support/open_loop.ts";
import { buildGo } from "./go_program.ts";
import { type PeerName, PROGRAMS } from "./stands/list.ts";
import type { Moment, Order, ServerStarted, Work } from "./stands/measure.ts";
import { ROOT } from "../../tools/runtimes/build.ts";

/** One round of one peer. */
export interface Round extends Moment {
  /** Processor time of the process that echoes, and of a broker, in microseconds. */
  readonly serverCpuUs: number;
}

/** A peer that is up, or why there is none. */
export type Started = { readonly pair: PeerPair } | { readonly missing: string };

/** What both run. */
export const PROCESS = "bench/peers/stands/process.ts";
/** The peers' packages are pinned here, apart from those that everything else wants. */
export const CONFIG = "bench/peers/stands/deno.json";

/** Packages may have to be fetched first. */
const START_MS = 120_000;
/** How much longer than it was told to measure a process may take. */
const PATIENCE_MS = 20_000;
/** How the processes of a run are started. */
export interface PairStart {
  /** On what. */
  readonly runtime: string;
  /** What starts {@linkcode PROCESS}. */
  readonly launcher: Launcher;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

/** Both processes, connected. */
export class PeerPair implements AsyncDisposable {
  readonly #server: ToldProcess;
  readonly #client: ToldProcess;
  readonly #resources: AsyncDisposableStack;
  #expectedPerSecond = 0;

  private constructor(server: ToldProcess, client: ToldProcess, resources: AsyncDisposableStack) {
    this.#server = server;
    this.#client = client;
    this.#resources = resources;
  }

  /** Starts both, or says what is missing. */
  static async start(name: PeerName, options: PairStart): Promise<Started> {
    await using stack = new AsyncDisposableStack();
    const { signal } = options;
    const commandOf = await (name in PROGRAMS ? programOf(name, stack) : standOf(name, options));
    if ("missing" in commandOf) return commandOf;
    const start = (role: Role, ...args: string[]): ToldProcess => {
      const what = `the ${role} of ${name}`, env = { NODE_ENV: "production" };
      return stack.use(new ToldProcess([...commandOf(role), ...args], { what, signal, env }));
    };
    const server = start("server");
    const { missing, address } = await server.ask<ServerStarted>("start", null, START_MS);
    if (missing !== undefined) return { missing };
    const client = start("client", address);
    await client.ask("start", null, START_MS);
    return { pair: new PeerPair(server, client, stack.move()) };
  }

  /** Does it for a while, so that everything is compiled, and learns how fast it is. */
  async warm(work: Work, seconds: number): Promise<void> {
    const moment = await this.#measure(work, seconds);
    this.#expectedPerSecond = moment.count / moment.seconds;
  }

  /** Does it for so many seconds. */
  async round(work: Work, seconds: number): Promise<Round> {
    const before = await this.#serverCpuUs();
    const moment = await this.#measure(work, seconds);
    return { ...moment, serverCpuUs: await this.#serverCpuUs() - before };
  }

  /** A load, and the processor time of both sides for each request. */
  async load(order: LoadOrder): Promise<LoadResult & { readonly cpuUs: number }> {
    const total = async (): Promise<number> =>
      await this.#serverCpuUs() + await this.#client.ask<number>("cpuUs", null, PATIENCE_MS);
    const beforeUs = await total();
    const withinMs = order.seconds * 1000 + PATIENCE_MS;
    const result = await this.#client.ask<LoadResult>("load", order, withinMs);
    return { ...result, cpuUs: requestCpuUs(result, await total() - beforeUs) };
  }

  #measure({ size, inflight }: Work, seconds: number): Promise<Moment> {
    const order: Order = { size, inflight, seconds, expectedPerSecond: this.#expectedPerSecond };
    return this.#client.ask<Moment>("measure", order, seconds * 1000 + PATIENCE_MS);
  }

  #serverCpuUs(): Promise<number> {
    return this.#server.ask<number>("cpuUs", null, PATIENCE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

type Role = "server" | "client";

/** What starts either process, or why nothing can. */
type CommandOf = ((role: Role) => Command) | { readonly missing: string };

function standOf(name: PeerName, { runtime, launcher }: PairStart): CommandOf {
  const flags = { deno: ["-A", "--config", decodeURIComponent(new URL(CONFIG, ROOT).pathname)] };
  return (role) => [...launcher.command(runtime, PROCESS, flags), role, name];
}

/** One that is not written for JavaScript, built into a folder that goes with the processes. */
async function programOf(name: PeerName, resources: AsyncDisposableStack): Promise<CommandOf> {
  const folder = await Deno.makeTempDir({ prefix: "internode-peer-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const built = await buildGo(`bench/peers/${name.replace("-", "_")}`, folder);
  return "missing" in built ? built : (role) => [built.program, role];
}
