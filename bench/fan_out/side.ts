/**
 * The processes of `deno task bench:fan-out`: one asks, one answers. Either may be the one with many
 * connections to one.
 *
 * @module
 */

import process from "node:process";
import { Manager } from "@internode/grid";
import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  parseNetEndpoint,
  serve,
  type ServiceConnection,
} from "@internode/grid/call";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { Echo, echo } from "../rpc/contracts.ts";
import { serveFloor } from "../rpc/floor.ts";
import { keepBusy, TIMED_EACH } from "../support/keep_busy.ts";
import { ownCpuUs } from "../support/process_cpu.ts";
import { quantile } from "../support/quantile.ts";
import { RawLine } from "./line.ts";

/** Who is connected how. */
export interface FanOutPlan {
  /** One node on many connections; its host is the first. */
  readonly hosts: readonly string[];
  /** Where a service is for many clients. */
  readonly service: string;
  /** Where raw echoes are. */
  readonly floor: string;
  /** How many clients. */
  readonly clients: number;
  /** Payload of each message, in bytes. */
  readonly size: number;
}

/** What asks: one node many peers, many clients one server, or raw connections as many as either. */
export type Askers = "node" | "clients" | "raw";

/** What to connect. */
export interface ConnectOrder {
  readonly askers: Askers;
  readonly connections: number;
}

/** What to ask. */
export interface AskOrder {
  readonly seconds: number;
  /** Requests in flight over all connections; or `perSecond` is given. */
  readonly inflight?: number;
  /** Requests a second over all connections, which take turns. */
  readonly perSecond?: number;
}

/** What came of it. */
export interface Asked {
  readonly count: number;
  readonly seconds: number;
  /** How long one takes, at a given rate from when it was due, in microseconds. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** Processor time of this side, in microseconds. */
  readonly cpuUs: number;
}

const PATIENCE_MS = 60_000;
/** So many connect at a time. */
const AT_ONCE = 50;

type Ask = () => Promise<unknown>;

/** Serves all that is asked, until the input ends. */
async function answer(plan: FanOutPlan): Promise<void> {
  const { hosts, service, floor } = plan;
  const peers = hosts.slice(1).map((local) => {
    const peer = new Manager({ local, hosts: [local, hosts[0]!], reconnect: { maxMs: 500 } });
    peer.handle(echo, (bytes) => bytes);
    return peer;
  });
  const raw = await serveFloor({ href: floor, identity: null });
  const echoes = implement(Echo, { echo: (bytes) => bytes });
  const server = serve(await listen(service, echoes), { graceMs: 0 });
  await answerCommands({
    peers: async () => void await Promise.all(peers.map((peer) => peer.listen())),
    cpuUs: ownCpuUs,
    residentBytes: () => process.memoryUsage().rss,
  });
  await server[Symbol.asyncDispose]();
  await raw[Symbol.asyncDispose]();
  await Promise.all(peers.map((peer) => peer.close({ graceMs: 0 })));
}

/** Asks. */
async function ask(plan: FanOutPlan): Promise<void> {
  const payload = new Uint8Array(plan.size);
  const stack = new AsyncDisposableStack();
  let asks: Ask[] = [];
  const many = async (connections: number, one: () => Promise<Ask>): Promise<Ask[]> => {
    const all: Ask[] = [];
    while (all.length < connections) {
      const next = Math.min(AT_ONCE, connections - all.length);
      all.push(...await Promise.all(Array.from({ length: next }, one)));
    }
    return all;
  };
  const ways: Readonly<Record<Askers, (connections: number) => Promise<Ask[]>>> = {
    node: async () => {
      const [local] = plan.hosts;
      const node = stack.use(new Manager({ local: local!, hosts: plan.hosts }));
      await node.listen();
      await node.waitForConnect({ timeoutMs: PATIENCE_MS });
      return node.connections().map((peer) => () => peer.request(echo, payload));
    },
    clients: (connections) =>
      many(connections, async () => {
        const endpoint = parseNetEndpoint(plan.service);
        const connection: ServiceConnection = stack.use(await connect(constantResolver(endpoint)));
        const echoes = client(Echo, connection);
        await echoes.echo(payload);
        return () => echoes.echo(payload);
      }),
    raw: (connections) =>
      many(connections, async () => {
        const line = stack.use(await RawLine.dial(plan.floor, plan.size));
        await line.ask();
        return () => line.ask();
      }),
  };
  await answerCommands({
    connect: async ({ askers, connections }: ConnectOrder) => {
      asks = await ways[askers](connections);
    },
    ask: (order: AskOrder): Promise<Asked> =>
      order.perSecond === undefined
        ? askBusily(asks, order.inflight!, order.seconds)
        : askAtRate(asks, order.perSecond, order.seconds),
  });
  await stack[Symbol.asyncDispose]();
}

function asked(count: number, startMs: number, times: number[], beforeUs: number): Asked {
  const cpuUs = ownCpuUs() - beforeUs, seconds = (performance.now() - startMs) / 1000;
  times.sort((a, b) => a - b);
  return { count, seconds, p50Us: quantile(times, 0.5), p99Us: quantile(times, 0.99), cpuUs };
}

/** Keeps so many in flight, each over the next connection. */
async function askBusily(asks: readonly Ask[], inflight: number, seconds: number): Promise<Asked> {
  let next = 0;
  const beforeUs = ownCpuUs(), startMs = performance.now(), endMs = startMs + seconds * 1000;
  const askNext = (): Promise<unknown> => asks[next++ % asks.length]!();
  const { count, times } = await keepBusy(askNext, inflight, TIMED_EACH, endMs);
  return asked(count, startMs, times, beforeUs);
}

/** Asks when it is due, whether or not there were answers; times count from then. */
async function askAtRate(asks: readonly Ask[], perSecond: number, seconds: number): Promise<Asked> {
  const total = Math.round(perSecond * seconds), times: number[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const beforeUs = ownCpuUs(), startMs = performance.now();
  const askNext = (nth: number): void => {
    const dueMs = startMs + nth / perSecond * 1000;
    asks[nth % asks.length]!().then(() => {
      times.push((performance.now() - dueMs) * 1000);
      if (times.length === total) resolve();
    }, reject);
  };
  for (let count = 0; count < total;) {
    const due = Math.min(total, Math.floor((performance.now() - startMs) / 1000 * perSecond));
    while (count < due) askNext(count++);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await promise;
  return asked(total, startMs, times, beforeUs);
}

if (import.meta.main) {
  const [role, plan] = process.argv.slice(2) as [string, string];
  await (role === "answer" ? answer : ask)(JSON.parse(plan) as FanOutPlan);
}
