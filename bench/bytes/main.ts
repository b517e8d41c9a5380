/**
 * Streams of raw bytes beside a raw transfer that goes one way, over the same
 * transport, in the same two processes, in turns in the same run: `deno task
 * bench:bytes`.
 *
 * @module
 */

import {
  choice,
  CommandLine,
  flag,
  readLine,
  seconds,
  whole,
} from "../../tools/command_line/command_line.ts";
import { median } from "../support/median.ts";
import { defaultRpcOptions, type RpcOptions, runtime } from "../rpc/options.ts";
import { launcherFor, RpcPair } from "../rpc/peer.ts";
import { CHUNK_SIZES, type Direction } from "./one_way.ts";

const TRANSPORTS = ["tcp", "unix", "ws", "tls", "all"] as const;
type TransportName = Exclude<(typeof TRANSPORTS)[number], "all">;

const LINE = new CommandLine(
  "deno task bench:bytes",
  "Measures streams of raw bytes beside a raw transfer that goes one way, in turns in the same run.",
  {
    transport: choice("what it goes over; tls is mutual TLS", TRANSPORTS, "all"),
    "client-runtime": runtime("what the process runs on that opens the streams"),
    "server-runtime": runtime("what the process runs on that serves them"),
    size: whole("how many bytes are handed over at a time", { from: 1, fallback: 262_144 }),
    inflight: whole("the capacity of the streams", { from: 1, fallback: 64 }),
    seconds: seconds("how long each round of each kind is", 1),
    rounds: whole("how many rounds, of which the middle counts", { from: 1, fallback: 5 }),
    json: flag("one line of JSON for each row"),
  },
);

/** What moves the bytes, and in which direction. */
const KINDS: readonly { readonly mode: RpcOptions["mode"]; readonly direction: Direction }[] = [
  { mode: "stream-in", direction: "in" },
  { mode: "stream-out", direction: "out" },
  { mode: "bytes-in", direction: "in" },
  { mode: "bytes-out", direction: "out" },
  { mode: "bytes-byob", direction: "out" },
];

/** One line of the table; all are medians of the rounds. */
export interface BytesRow {
  /** Over what. */
  readonly transport: TransportName;
  /** What moves the bytes. */
  readonly mode: RpcOptions["mode"];
  /** How many bytes a second. */
  readonly bytesPerSecond: number;
  /** The same of the raw transfer. */
  readonly floorBytesPerSecond: number;
  /** The size of its writes and reads, of some the fastest. */
  readonly floorChunkBytes: number;
  /** The first as a part of the second, in the same round. */
  readonly toFloor: number;
  /** Processor time of both processes for each MiB, in microseconds. */
  readonly cpuUsPerMiB: number;
  /** The same of the raw transfer. */
  readonly floorCpuUsPerMiB: number;
}

interface Effort {
  readonly seconds: number;
  readonly rounds: number;
}

const MIB = 1024 * 1024;
/** The first round is for the compiler, the windows and the pools. */
const WARM_UP_SECONDS = 1.5;

async function fastest(pair: RpcPair, direction: Direction, seconds: number): Promise<number> {
  let best = { chunkBytes: 0, rate: 0 };
  for (const chunkBytes of CHUNK_SIZES) {
    const { bytesPerSecond: rate } = await pair.oneWay({ direction, chunkBytes, seconds });
    if (rate > best.rate) best = { chunkBytes, rate };
  }
  return best.chunkBytes;
}

async function measureAll(
  pair: RpcPair,
  options: RpcOptions & { readonly transport: TransportName },
  { seconds, rounds }: Effort,
): Promise<BytesRow[]> {
  const floorSizes = new Map<Direction, number>();
  for (const direction of ["in", "out"] as const) {
    floorSizes.set(direction, await fastest(pair, direction, seconds / 2));
  }
  const samples = new Map(KINDS.map(({ mode }) => [mode, [] as BytesRow[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const [direction, chunkBytes] of floorSizes) {
      const isWarmUp = round === 0, lasts = isWarmUp ? Math.max(seconds, WARM_UP_SECONDS) : seconds;
      const order = { direction, chunkBytes, seconds: lasts };
      const floor = await pair.oneWay(order);
      for (const { mode } of KINDS.filter((kind) => kind.direction === direction)) {
        const measured = await pair.measure({ ...options, mode }, lasts);
        if (isWarmUp) continue;
        const bytesPerSecond = measured.perSecond * options.size;
        const cpuUs = measured.clientCpuUs + measured.serverCpuUs;
        samples.get(mode)!.push({
          transport: options.transport,
          mode,
          bytesPerSecond,
          floorBytesPerSecond: floor.bytesPerSecond,
          floorChunkBytes: chunkBytes,
          toFloor: bytesPerSecond / floor.bytesPerSecond,
          cpuUsPerMiB: cpuUs * MIB / options.size,
          floorCpuUsPerMiB: floor.cpuUsPerByte * MIB,
        });
      }
    }
  }
  return KINDS.map(({ mode }) => middle(samples.get(mode)!));
}

function middle(rows: readonly BytesRow[]): BytesRow {
  const of = (pick: (row: BytesRow) => number, digits = 3): number =>
    Number(median(rows.map(pick)).toPrecision(digits));
  return {
    ...rows[0]!,
    bytesPerSecond: of((row) => row.bytesPerSecond, 4),
    floorBytesPerSecond: of((row) => row.floorBytesPerSecond, 4),
    toFloor: of((row) => row.toFloor),
    cpuUsPerMiB: of((row) => row.cpuUsPerMiB),
    floorCpuUsPerMiB: of((row) => row.floorCpuUsPerMiB),
  };
}

function shown(row: BytesRow) {
  const megabytes = (value: number): string => Math.round(value / 1e6).toLocaleString("en");
  return {
    transport: row.transport,
    mode: row.mode,
    "MB/s": megabytes(row.bytesPerSecond),
    "floor MB/s": megabytes(row.floorBytesPerSecond),
    "floor's writes": row.floorChunkBytes,
    "to its floor": `${(100 * row.toFloor).toFixed(1)} %`,
    "CPU µs/MiB": row.cpuUsPerMiB,
    "floor's CPU": row.floorCpuUsPerMiB,
  };
}

if (import.meta.main) {
  const { json, transport, size, inflight, seconds, rounds, ...runtimes } = readLine(LINE);
  const clientRuntime = runtimes["client-runtime"], serverRuntime = runtimes["server-runtime"];
  const names = transport === "all" ? TRANSPORTS.filter((name) => name !== "all") : [transport];
  await using launcher = await launcherFor([{ clientRuntime, serverRuntime }]);
  const rows: BytesRow[] = [];
  for (const name of names) {
    const defaults = { ...defaultRpcOptions(name), transport: name };
    const options = { ...defaults, clientRuntime, serverRuntime, size, inflight };
    await using pair = await RpcPair.start(options, launcher);
    rows.push(...await measureAll(pair, options, { seconds, rounds }));
  }
  if (json) { for (const row of rows) console.log(JSON.stringify(row)); }
  else console.table(rows.map(shown));
}
