/**
 * Two processes, one connection, the public API: `deno task bench:rpc`.
 *
 * @module
 */

import { median } from "../support/median.ts";
import { readOptions } from "../../tools/command_line/command_line.ts";
import { parseRpcOptions, type RpcOptions, USAGE } from "./options.ts";
import { launcherFor, RpcPair } from "./peer.ts";

/** What one run of the bench prints. */
export interface RpcResult {
  /** Over what. */
  readonly transport: string;
  /** On what the process ran that asked. */
  readonly clientRuntime: string;
  /** On what the process ran that answered. */
  readonly serverRuntime: string;
  /** Requests or streams. */
  readonly mode: string;
  /** Payload of each message, in bytes. */
  readonly size: number;
  /** Requests, or messages of the stream, in flight. */
  readonly inflight: number;
  /** How long was measured. */
  readonly seconds: number;
  /** Requests, or messages, in each second. */
  readonly perSecond: number;
  /** The middle of the times, in microseconds. */
  readonly p50Us: number;
  /** The slowest hundredth, in microseconds. */
  readonly p99Us: number;
  /** Processor time for each, of the process that asked, in microseconds; over `memory` of both. */
  readonly clientCpuUs: number;
  /** The same of the process that answered. */
  readonly serverCpuUs: number;
  /** With mode `beside-bulk`: what large requests moved on the same connection meanwhile, one direction. */
  readonly bulkBytesPerSecond?: number;
  /** What a raw echo over the same transport did in the same run, one direction. */
  readonly floorBytesPerSecond: number;
  /** Payload in one direction. */
  readonly bytesPerSecond: number;
  /** The middle of a raw echo's round trips of the same size, one at a time, in microseconds. */
  readonly floorP50Us: number;
  /** Of requests of up to 8 KiB with many in flight, over a stream of bytes: how many a multiplexer that does nothing else made in the same run. */
  readonly bareMuxPerSecond?: number;
  /** With `--paired`: the rate beside that of mode `single`, the middle of the ratios of each two runs that follow one another. */
  readonly ratioToSingle?: number;
  /** With `--metrics`: the rate with calls counted on both sides beside that without, the middle of the ratios of each two runs that follow one another. */
  readonly ratioWithMetrics?: number;
}

/** Measures, with a warm-up before and the floor on both sides of it. */
export async function runRpc(options: RpcOptions): Promise<RpcResult> {
  await using launcher = await launcherFor([options]);
  await using pair = await RpcPair.start(options, launcher);
  const { transport, clientRuntime, serverRuntime, mode, size, inflight, seconds } = options;
  await pair.measure(options, Math.min(1, seconds));
  const tripBytes = Math.max(1, Math.min(size, 65_536));
  const floorSeconds = Math.min(1, seconds / 2);
  const floor = async () => ({
    ...await pair.floor({ seconds: floorSeconds }),
    ...await pair.roundTrips(tripBytes, floorSeconds),
  });
  const before = await floor();
  const muxBefore = await bareMux(pair, options, floorSeconds);
  const { count: _, clientCpuUs, serverCpuUs, ...measured } = await pair.measure(options, seconds);
  const muxAfter = await bareMux(pair, options, floorSeconds);
  const paired = options.paired ? { ratioToSingle: await ratioToSingle(pair, options) } : {};
  const counted = options.metrics
    ? { ratioWithMetrics: await ratioWithMetrics(pair, options) }
    : {};
  const after = await floor();
  const directions = mode === "stream-both" ? 2 : 1;
  return {
    transport,
    clientRuntime,
    serverRuntime,
    mode,
    size,
    inflight,
    seconds,
    ...measured,
    clientCpuUs: Number(clientCpuUs.toPrecision(3)),
    serverCpuUs: Number(serverCpuUs.toPrecision(3)),
    floorBytesPerSecond: Math.round((before.bytesPerSecond + after.bytesPerSecond) / 2),
    bytesPerSecond: Math.round(measured.perSecond * size / directions),
    floorP50Us: Math.round((before.p50Us + after.p50Us) / 2 * 10) / 10,
    ...muxBefore === null || muxAfter === null
      ? {}
      : { bareMuxPerSecond: Math.round((muxBefore + muxAfter) / 2) },
    ...paired,
    ...counted,
  };
}

/** Larger ones go in pieces by turns, which a bare mux knows nothing of. */
const MAX_MUX_BYTES = 8 * 1024;

function bareMux(pair: RpcPair, options: RpcOptions, seconds: number): Promise<number | null> {
  const { mode, size, inflight } = options;
  if (mode !== "single" || inflight === 1 || size > MAX_MUX_BYTES) return Promise.resolve(null);
  return pair.bareMux({ size, inflight, seconds });
}

/** So many pairs of runs, the first of each pair now this mode and now the other. */
const ROUNDS = 7;

async function ratioToSingle(pair: RpcPair, options: RpcOptions): Promise<number> {
  const single: RpcOptions = { ...options, mode: "single" };
  const seconds = options.seconds / 2;
  return await ratioOf(async (isUsual) =>
    (await pair.measure(isUsual ? single : options, seconds)).perSecond
  );
}

async function ratioWithMetrics(pair: RpcPair, options: RpcOptions): Promise<number> {
  const seconds = options.seconds / 2;
  return await ratioOf(async (isUsual) => {
    await pair.count(!isUsual);
    return (await pair.measure(options, seconds)).perSecond;
  });
}

/** The rate of something beside the usual. */
async function ratioOf(rate: (isUsual: boolean) => Promise<number>): Promise<number> {
  await rate(false);
  await rate(true);
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const isFirst = round % 2 === 0;
    const first = await rate(!isFirst), second = await rate(isFirst);
    ratios.push(isFirst ? first / second : second / first);
  }
  return Math.round(median(ratios) * 1000) / 1000;
}

if (import.meta.main) {
  const options = readOptions(USAGE, parseRpcOptions);
  const result = await runRpc(options);
  console.log(options.json ? JSON.stringify(result) : result);
}
