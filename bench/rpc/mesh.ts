/**
 * Many nodes in one process, each connected to each over TCP, and requests
 * between random pairs: `deno task bench:mesh`.
 *
 * @module
 */

import {
  CommandLine,
  flag,
  readLine,
  seconds,
  whole,
} from "../../tools/command_line/command_line.ts";
import { Manager } from "@internode/grid";
import { SeededRandom } from "@internode/grid/testing";
import { freePorts } from "../../tools/network/free_ports.ts";
import { connectRawLines } from "./mesh_floor.ts";
import { keepBusy, TIMED_EACH } from "../support/keep_busy.ts";
import { settledMemory } from "../support/memory_process.ts";
import { ownCpuUs } from "../support/process_cpu.ts";
import { echo } from "./contracts.ts";

const LINE = new CommandLine(
  "deno task bench:mesh",
  "All nodes in one process, a TCP connection between each two, requests between random pairs.",
  {
    nodes: whole("how many nodes", { from: 2, fallback: 32 }),
    inflight: whole("requests in flight over all of them", { from: 1, fallback: 512 }),
    size: whole("payload of each request, in bytes", { from: 0, fallback: 512 }),
    seconds: seconds("how long to measure", 5),
    seed: whole("which pairs", { from: 0, fallback: 1 }),
    json: flag("one line of JSON"),
  },
);

const PATIENCE_MS = 60_000;

/** What is measured. */
export interface MeshOptions {
  /** How many nodes. */
  readonly nodes: number;
  /** How many requests are in flight at a time, over all nodes. */
  readonly inflight: number;
  /** Payload of each, in bytes. */
  readonly size: number;
  /** How long. */
  readonly seconds: number;
  /** Repeats the choice of pairs. */
  readonly seed: number;
}

/** How requests, or raw echoes, went. */
export interface MeshRate {
  /** Answered in each second, all nodes together. */
  readonly perSecond: number;
  /** The middle of the times that one took, in microseconds. */
  readonly p50Us: number;
  /** The slowest hundredth, in microseconds. */
  readonly p99Us: number;
  /** Processor time of the process for each, both ends and the system's part of it, in microseconds. */
  readonly cpuUs: number;
}

/** What was measured. */
export interface MeshResult extends MeshOptions, MeshRate {
  /** How many connections there were: one between each two nodes. */
  readonly connections: number;
  /** How long all nodes took to listen and to connect to each other, in milliseconds. */
  readonly connectMs: number;
  /** The same over as many raw connections in the same process, after the nodes were gone. */
  readonly floor: MeshRate;
  /** What the process had resident before there was a node, in bytes. */
  readonly residentBeforeBytes: number;
  /** What it had when all were connected and nothing had been asked. */
  readonly residentIdleBytes: number;
  /** What it had at the end of the measured time, before any collection was forced. */
  readonly residentBusyBytes: number;
  /** What it had after that, once nothing was left to collect. */
  readonly residentAfterBytes: number;
}

/** Measures; the process must run with `--expose-gc`. */
export async function measureMesh(options: MeshOptions): Promise<MeshResult> {
  const nodes = await measureNodes(options);
  // Afterwards, as what it leaves behind would count as the nodes' memory.
  return { ...options, ...nodes, floor: await measureRaw(nodes.connections, options) };
}

async function measureNodes(
  options: MeshOptions,
): Promise<Omit<MeshResult, "floor" | keyof MeshOptions>> {
  const { nodes, size } = options;
  const residentBeforeBytes = (await settledMemory()).residentBytes;
  const hosts = freePorts(nodes).map((port) => `tcp://127.0.0.1:${port}`);
  await using stack = new AsyncDisposableStack();
  const startMs = performance.now();
  const managers = hosts.map((local) => {
    const manager = new Manager({ local, hosts });
    stack.defer(() => manager.close({ graceMs: 0 }));
    manager.handle(echo, (bytes) => bytes);
    return manager;
  });
  await Promise.all(managers.map((manager) => manager.listen()));
  await Promise.all(managers.map((manager) => manager.waitForConnect({ timeoutMs: PATIENCE_MS })));
  const connectMs = Math.round(performance.now() - startMs);
  const residentIdleBytes = (await settledMemory()).residentBytes;
  const payload = new Uint8Array(size);
  const asks = managers.flatMap((manager) => manager.connections())
    .map((connection) => () => connection.request(echo, payload));
  const rate = await measureRate(asks, options);
  const residentBusyBytes = Deno.memoryUsage().rss;
  const residentAfterBytes = (await settledMemory()).residentBytes;
  return {
    connections: nodes * (nodes - 1) / 2,
    connectMs,
    ...rate,
    residentBeforeBytes,
    residentIdleBytes,
    residentBusyBytes,
    residentAfterBytes,
  };
}

async function measureRaw(connections: number, options: MeshOptions): Promise<MeshRate> {
  using stack = new DisposableStack();
  const lines = await connectRawLines(connections, options.size, stack);
  return await measureRate(lines.map((line) => () => line.ask()), options);
}

type Ask = () => Promise<unknown>;

/** With a warm-up before. */
async function measureRate(asks: readonly Ask[], options: MeshOptions): Promise<MeshRate> {
  await exchange(asks, options, Math.min(1, options.seconds));
  const beforeUs = ownCpuUs();
  const { count, times, elapsedMs } = await exchange(asks, options, options.seconds);
  const cpuUs = tenths((ownCpuUs() - beforeUs) / count);
  times.sort((a, b) => a - b);
  const quantile = (of: number): number => tenths(times[Math.floor(times.length * of)] ?? 0);
  const perSecond = Math.round(count * 1000 / elapsedMs);
  return { perSecond, p50Us: quantile(0.5), p99Us: quantile(0.99), cpuUs };
}

/** So many at a time, each followed by the next, between a pair of its own. */
async function exchange(
  asks: readonly Ask[],
  { inflight, seed }: MeshOptions,
  seconds: number,
): Promise<{ count: number; times: number[]; elapsedMs: number }> {
  const random = new SeededRandom(seed);
  const startMs = performance.now(), endMs = startMs + seconds * 1000;
  const ask = (): Promise<unknown> => asks[Math.floor(random.next() * asks.length)]!();
  const { count, times } = await keepBusy(ask, inflight, TIMED_EACH, endMs);
  return { count, times, elapsedMs: performance.now() - startMs };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

function describe(result: MeshResult): string {
  const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
  const count = (value: number): string => value.toLocaleString("en");
  const rate = ({ perSecond, p50Us, p99Us, cpuUs }: MeshRate): string =>
    `${count(perSecond)} a second, p50 ${count(p50Us)} µs, p99 ${count(p99Us)} µs, ` +
    `${cpuUs} µs of processor time each`;
  const { nodes, connections, residentBeforeBytes, residentIdleBytes } = result;
  const eachBytes = (residentIdleBytes - residentBeforeBytes) / connections;
  return [
    `${nodes} nodes in one process, ${count(connections)} TCP connections over loopback, ` +
    `made in ${count(result.connectMs)} ms.`,
    `${count(result.inflight)} requests of ${count(result.size)} B in flight, each between a ` +
    `random pair, for ${result.seconds} s; every ${TIMED_EACH}nd is timed:`,
    `  ${rate(result)}`,
    `  raw connections: ${rate(result.floor)}`,
    "Resident, the process with all nodes:",
    `  before ${mebibytes(residentBeforeBytes)}, connected ${mebibytes(residentIdleBytes)} ` +
    `(${(eachBytes / 1024).toFixed(0)} KiB for each connection, both ends)`,
    `  under load ${mebibytes(result.residentBusyBytes)}, ` +
    `after it, all collected ${mebibytes(result.residentAfterBytes)}`,
  ].join("\n");
}

if (import.meta.main) {
  const { json, ...options } = readLine(LINE);
  const result = await measureMesh(options);
  console.log(json ? JSON.stringify(result) : describe(result));
}
