/**
 * Node and Bun beside Deno, in turns in the same run: `deno task bench:runtimes`.
 *
 * @module
 */

import {
  CommandLine,
  flag,
  list,
  oneOf,
  readLine,
  seconds,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";
import { median } from "../support/median.ts";
import { defaultRpcOptions, type RpcOptions } from "./options.ts";
import { launcherFor, type PairMeasured, RpcPair } from "./peer.ts";

/** What is called. */
export interface RuntimesWork {
  /** Payload of each request, in bytes. */
  readonly size: number;
  /** Requests in flight. */
  readonly inflight: number;
}

/** The runtimes of one pair of processes, as they are asked for. */
export interface Pairing {
  /** As it was asked for. */
  readonly name: string;
  readonly clientRuntime: string;
  readonly serverRuntime: string;
}

type Transport = RpcOptions["transport"];

const TRANSPORTS: readonly Transport[] = ["tcp", "unix", "ws", "tls", "wss", "unix-mtls"];

const LINE = new CommandLine(
  "deno task bench:runtimes",
  "Measures Node and Bun beside Deno, in turns in the same run, in about four minutes.",
  {
    runtimes: list(
      "what both processes run on, or CLIENT:SERVER; the first is what the others are compared " +
        "with. A runtime is deno, node, bun, what npx brings such as node@26.10.0, or the path " +
        "of a program",
      "NAME,…",
      ["deno", "node", "bun"],
      pairingOf,
    ),
    transports: list(
      TRANSPORTS.join(", "),
      "NAME,…",
      ["tcp", "unix", "ws", "tls"],
      oneOf(TRANSPORTS),
    ),
    work: list(
      "bytes x requests in flight",
      "64x1,…",
      ["64x1024", "65536x32", "64x1"],
      workOf,
    ),
    seconds: seconds("how long each round of each of them is", 0.5),
    rounds: whole("how many rounds, of which the middle counts", { from: 1, fallback: 9 }),
    json: flag("one line of JSON for each row"),
  },
);

function pairingOf(name: string): Pairing {
  const [clientRuntime, serverRuntime = clientRuntime, ...more] = name.split(":");
  if (!clientRuntime || !serverRuntime || more.length > 0) {
    throw new UsageError(`${JSON.stringify(name)} is neither a runtime nor CLIENT:SERVER`);
  }
  return { name, clientRuntime, serverRuntime };
}

function workOf(text: string): RuntimesWork {
  const [, size, inflight] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (size !== undefined && Number(inflight) > 0) {
    return { size: Number(size), inflight: Number(inflight) };
  }
  throw new UsageError(`${JSON.stringify(text)} is not bytes x requests in flight, such as 64x1`);
}

/** One line of the table; all are medians of the rounds. */
export interface RuntimesRow extends RuntimesWork {
  /** On what. */
  readonly runtimes: string;
  /** Over what. */
  readonly transport: string;
  /** Requests answered in each second. */
  readonly perSecond: number;
  /** To those of the first pair in the same round. */
  readonly perSecondRatio: number;
  /** The middle of their times, in microseconds. */
  readonly p50Us: number;
  /** To that of the first pair in the same round. */
  readonly p50Ratio: number;
  /** Processor time of the process that asks for each, in microseconds. */
  readonly clientCpuUs: number;
  /** The same of the process that answers. */
  readonly serverCpuUs: number;
  /** Of both, to that of the first pair in the same round. */
  readonly cpuRatio: number;
}

/**
 * Makes a row of what was measured in each round.
 *
 * @param own Of this pair.
 * @param first Of the pair that it is compared with, in the same rounds.
 */
export function runtimesRow(
  what: RuntimesWork & Pick<RuntimesRow, "runtimes" | "transport">,
  own: readonly PairMeasured[],
  first: readonly PairMeasured[],
): RuntimesRow {
  const middle = (of: (round: PairMeasured) => number): number =>
    Number(median(own.map(of)).toPrecision(3));
  const ratio = (of: (round: PairMeasured) => number): number =>
    Number(median(own.map((round, index) => of(round) / of(first[index]!))).toPrecision(3));
  const cpuUs = (round: PairMeasured): number => round.clientCpuUs + round.serverCpuUs;
  return {
    ...what,
    perSecond: median(own.map(({ perSecond }) => perSecond)),
    perSecondRatio: ratio(({ perSecond }) => perSecond),
    p50Us: middle(({ p50Us }) => p50Us),
    p50Ratio: ratio(({ p50Us }) => p50Us),
    clientCpuUs: middle(({ clientCpuUs }) => clientCpuUs),
    serverCpuUs: middle(({ serverCpuUs }) => serverCpuUs),
    cpuRatio: ratio(cpuUs),
  };
}

/** One work over one transport; every other round the other way round, so that nobody always comes first. */
async function measureWork(
  transport: Transport,
  work: RuntimesWork,
  pairs: ReadonlyMap<string, RpcPair>,
  { seconds, rounds }: { readonly seconds: number; readonly rounds: number },
): Promise<RuntimesRow[]> {
  const options = { ...defaultRpcOptions(transport), ...work };
  const measured = new Map<string, PairMeasured[]>();
  for (const [name, pair] of pairs) {
    await pair.measure(options, 2 * seconds);
    measured.set(name, []);
  }
  for (let round = 0; round < rounds; round++) {
    const inTurn = [...pairs];
    for (const [name, pair] of round % 2 === 0 ? inTurn : inTurn.reverse()) {
      measured.get(name)!.push(await pair.measure(options, seconds));
    }
  }
  const [first] = measured.values();
  return [...measured].map(([runtimes, own]) =>
    runtimesRow({ runtimes, transport, ...work }, own, first!)
  );
}

function shown({ size, inflight, ...row }: RuntimesRow) {
  const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;
  return {
    over: row.transport,
    work: `${size.toLocaleString("en")} B × ${inflight.toLocaleString("en")}`,
    on: row.runtimes,
    "per second": Math.round(row.perSecond).toLocaleString("en"),
    "to the first": times(row.perSecondRatio),
    "p50 µs": row.p50Us,
    "p50 to the first": times(row.p50Ratio),
    "CPU µs, client": row.clientCpuUs,
    server: row.serverCpuUs,
    "CPU to the first": times(row.cpuRatio),
  };
}

if (import.meta.main) {
  const { json, runtimes, transports, work, ...effort } = readLine(LINE);
  await using launcher = await launcherFor(runtimes);
  const rows: RuntimesRow[] = [];
  for (const transport of transports) {
    await using stack = new AsyncDisposableStack();
    const pairs = new Map<string, RpcPair>();
    for (const { name, ...on } of runtimes) {
      const options = { ...defaultRpcOptions(transport), ...on };
      pairs.set(name, stack.use(await RpcPair.start(options, launcher)));
    }
    for (const each of work) rows.push(...await measureWork(transport, each, pairs, effort));
  }
  if (json) { for (const row of rows) console.log(JSON.stringify(row)); }
  else console.table(rows.map(shown));
}
