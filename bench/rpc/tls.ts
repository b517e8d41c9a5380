/**
 * Mutual TLS beside plain TCP, in turns in the same run: `deno task bench:tls`.
 * Each line also tells how it stands to the floor of its own transport, which
 * is `node:tls` where there is TLS.
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
import { median } from "../support/median.ts";
import { defaultRpcOptions } from "./options.ts";
import { launcherFor, RpcPair } from "./peer.ts";

const LINE = new CommandLine(
  "deno task bench:tls",
  "Measures mutual TLS beside plain TCP, in turns in the same run.",
  {
    seconds: seconds(
      "how long each round of each transport is, half as long for the floor",
      0.5,
    ),
    rounds: whole("how many rounds, of which the middle counts", { from: 1, fallback: 5 }),
    json: flag("one line of JSON for each row"),
  },
);

const TRANSPORTS = ["tcp", "tls", "wss", "unix", "unix-mtls"] as const;
type TransportName = (typeof TRANSPORTS)[number];

/** What is asked. */
export interface TlsWork {
  /** Payload of each message, in bytes. */
  readonly size: number;
  /** Requests in flight. */
  readonly inflight: number;
}

const CASES: readonly TlsWork[] = [
  { size: 65_536, inflight: 32 },
  { size: 512, inflight: 64 },
  { size: 64, inflight: 1_024 },
  { size: 64, inflight: 1 },
];

/** What was measured in one round over one transport. */
export interface TlsSample {
  /** Requests answered in each second. */
  readonly perSecond: number;
  /** The middle of their times, in microseconds. */
  readonly p50Us: number;
  /** Processor time of both processes for each request. */
  readonly cpuUs: number;
  /** How many times a second the floor carries as many bytes; one at a time: how many round trips in the middle. */
  readonly floorPerSecond: number;
  /** Processor time of both processes for as many bytes. */
  readonly floorCpuUs: number;
}

/** One line of the table; all are medians of the rounds. */
export interface TlsRow extends TlsWork, TlsSample {
  /** Over what. */
  readonly transport: TransportName;
  /** `perSecond` in the slowest and in the fastest round. */
  readonly range: readonly [number, number];
  /** `perSecond` to that over plain TCP in the same round. */
  readonly toTcp: number;
  /** `cpuUs` to that over plain TCP in the same round. */
  readonly cpuToTcp: number;
  /** To the floor of its own transport in the same round: one at a time the time as a multiple, else the bytes as a part. */
  readonly toFloor: number;
  /** The floor of its transport to that of TCP, as requests a second are. */
  readonly floorToTcp: number;
}

async function measureOnce(
  transport: TransportName,
  pair: RpcPair,
  { size, inflight }: TlsWork,
  seconds: number,
): Promise<TlsSample> {
  const options = { ...defaultRpcOptions(transport), size, inflight };
  const { perSecond, p50Us, clientCpuUs, serverCpuUs } = await pair.measure(options, seconds);
  const own = { perSecond, p50Us, cpuUs: clientCpuUs + serverCpuUs };
  if (inflight === 1) {
    const { p50Us, cpuUs } = await pair.roundTrips(size, seconds / 2);
    return { ...own, floorPerSecond: 1e6 / p50Us, floorCpuUs: cpuUs };
  }
  const { bytesPerSecond, cpuUsPerByte } = await pair.floor({ seconds: seconds / 2 });
  return { ...own, floorPerSecond: bytesPerSecond / size, floorCpuUs: cpuUsPerByte * size };
}

/** One case over all transports, so many times. */
async function measureCase(
  pairs: ReadonlyMap<TransportName, RpcPair>,
  work: TlsWork,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<TlsRow[]> {
  const samples = new Map<TransportName, TlsSample[]>();
  for (const [transport, pair] of pairs) {
    await measureOnce(transport, pair, work, seconds);
    samples.set(transport, []);
  }
  for (let round = 0; round < rounds; round++) {
    for (const [transport, pair] of pairs) {
      samples.get(transport)!.push(await measureOnce(transport, pair, work, seconds));
    }
  }
  return TRANSPORTS.map((transport) => row(transport, work, samples));
}

function row(
  transport: TransportName,
  work: TlsWork,
  samples: ReadonlyMap<TransportName, readonly TlsSample[]>,
): TlsRow {
  const own = samples.get(transport)!, tcp = samples.get("tcp")!;
  const middle = (of: (sample: TlsSample, tcp: TlsSample) => number): number =>
    Number(median(own.map((sample, round) => of(sample, tcp[round]!))).toPrecision(3));
  const rates = own.map(({ perSecond }) => perSecond);
  return {
    transport,
    ...work,
    perSecond: median(rates),
    range: [Math.min(...rates), Math.max(...rates)],
    p50Us: middle((sample) => sample.p50Us),
    cpuUs: middle((sample) => sample.cpuUs),
    floorPerSecond: middle((sample) => sample.floorPerSecond),
    floorCpuUs: middle((sample) => sample.floorCpuUs),
    toTcp: middle((sample, tcp) => sample.perSecond / tcp.perSecond),
    cpuToTcp: middle((sample, tcp) => sample.cpuUs / tcp.cpuUs),
    toFloor: middle(({ perSecond, p50Us, floorPerSecond }) =>
      work.inflight === 1 ? p50Us * floorPerSecond / 1e6 : perSecond / floorPerSecond
    ),
    floorToTcp: middle((sample, tcp) => sample.floorPerSecond / tcp.floorPerSecond),
  };
}

function shown({ transport, size, inflight, ...row }: TlsRow) {
  const count = (value: number): string => Math.round(value).toLocaleString("en");
  const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;
  return {
    transport,
    size,
    inflight,
    "per second": count(row.perSecond),
    "range": row.range.map(count).join("–"),
    "to TCP": times(row.toTcp),
    "p50 µs": row.p50Us,
    "CPU µs": row.cpuUs,
    "CPU to TCP": times(row.cpuToTcp),
    "to its floor": inflight === 1
      ? `${times(row.toFloor)} its time`
      : `${(100 * row.toFloor).toFixed(1)} %`,
    "floor's CPU µs": row.floorCpuUs,
    "its floor to TCP's": times(row.floorToTcp),
  };
}

if (import.meta.main) {
  const { json, ...effort } = readLine(LINE);
  await using stack = new AsyncDisposableStack();
  const launcher = stack.use(await launcherFor([]));
  const pairs = new Map<TransportName, RpcPair>();
  for (const transport of TRANSPORTS) {
    pairs.set(transport, stack.use(await RpcPair.start(defaultRpcOptions(transport), launcher)));
  }
  const rows: TlsRow[] = [];
  for (const work of CASES) rows.push(...await measureCase(pairs, work, effort));
  if (json) { for (const row of rows) console.log(JSON.stringify(row)); }
  else console.table(rows.map(shown));
}
