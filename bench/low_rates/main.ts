/**
 * What requests cost when there are few, and what connections cost that nobody uses:
 * `deno task bench:low-rates`.
 *
 * @module
 */

import {
  choice,
  CommandLine,
  flag,
  list,
  readLine,
  seconds,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";
import { defaultRpcOptions } from "../rpc/options.ts";
import { launcherFor, RpcPair } from "../rpc/peer.ts";
import { median } from "../support/median.ts";
import type { Load } from "./at_rate.ts";
import { measureIdle } from "./idle.ts";

const LINE = new CommandLine(
  "deno task bench:low-rates",
  "Measures the processor time of requests at low rates, beside raw messages at the same rates, " +
    "and how often a node wakes up whose connections nobody uses.",
  {
    transport: choice("tcp, unix, ws or tls", ["tcp", "unix", "ws", "tls"], "tcp"),
    rates: list("requests a second", "N,…", ["100", "1000", "10000"], rateOf),
    size: whole("payload of each message, in bytes", { from: 1, fallback: 64 }),
    seconds: seconds("how long each round of each of them is", 2),
    rounds: whole("how many rounds, of which the middle counts", { from: 1, fallback: 3 }),
    idle: whole("how many connections are idle; 0: that is not measured", {
      from: 0,
      fallback: 100,
    }),
    "idle-seconds": seconds("for how long they are looked at", 60),
    json: flag("one line of JSON for each row"),
  },
);

function rateOf(text: string): number {
  const rate = Number(text);
  if (rate > 0 && rate <= 100_000) return rate;
  throw new UsageError(`${JSON.stringify(text)} is no rate`);
}

/** Processor time for each message, in microseconds. */
interface Cost {
  readonly clientUserUs: number;
  readonly clientSystemUs: number;
  readonly serverUserUs: number;
  readonly serverSystemUs: number;
}

const KEYS = ["clientUserUs", "clientSystemUs", "serverUserUs", "serverSystemUs"] as const;

const sum = (cost: Cost): number => KEYS.reduce((total, key) => total + cost[key], 0);

/** One line of the table. */
interface Row {
  readonly perSecond: number;
  /** Of requests; the timer's part is taken off. */
  readonly request: Cost;
  /** Of raw messages; the timer's part is taken off. */
  readonly raw: Cost;
  /** Of the timer that sends them, for each message. */
  readonly timer: Cost;
  /** Both sides of a request to both of a raw message, in the middle round. */
  readonly ratio: number;
}

function less(one: Cost, other: Cost): Cost {
  const entries = KEYS.map((key) => [key, one[key] - other[key]]);
  return Object.fromEntries(entries) as unknown as Cost;
}

function middle(costs: readonly Cost[]): Cost {
  const entries = KEYS.map((key) => [key, median(costs.map((cost) => cost[key]))]);
  return Object.fromEntries(entries) as unknown as Cost;
}

async function measureRate(
  pair: RpcPair,
  perSecond: number,
  { size, seconds, rounds }: { size: number; seconds: number; rounds: number },
): Promise<Row> {
  const once = async (load: Load, forSeconds = seconds): Promise<Cost> => {
    const { client, server, count } = await pair.atRate({
      load,
      perSecond,
      size,
      seconds: forSeconds,
    });
    return {
      clientUserUs: client.userUs / count,
      clientSystemUs: client.systemUs / count,
      serverUserUs: server.userUs / count,
      serverSystemUs: server.systemUs / count,
    };
  };
  const requests: Cost[] = [], raws: Cost[] = [], timers: Cost[] = [], ratios: number[] = [];
  await once("request", seconds / 2);
  await once("raw", seconds / 2);
  for (let round = 0; round < rounds; round++) {
    const timer = await once("nothing");
    const request = less(await once("request"), timer), raw = less(await once("raw"), timer);
    timers.push(timer);
    requests.push(request);
    raws.push(raw);
    ratios.push(sum(request) / sum(raw));
  }
  return {
    perSecond,
    request: middle(requests),
    raw: middle(raws),
    timer: middle(timers),
    ratio: median(ratios),
  };
}

function shown({ perSecond, request, raw, timer, ratio }: Row) {
  const text = (cost: Cost): string => KEYS.map((key) => cost[key].toFixed(1)).join(" / ");
  return {
    "per second": perSecond.toLocaleString("en"),
    "request: client user / system / server user / system, µs": text(request),
    "raw": text(raw),
    "timer": sum(timer).toFixed(1),
    "request, both sides": sum(request).toFixed(1),
    "to raw": `${ratio.toFixed(2)} ×`,
  };
}

if (import.meta.main) {
  const { transport, rates, idle, "idle-seconds": idleSeconds, json, ...effort } = readLine(LINE);
  if (rates.length > 0) {
    await using stack = new AsyncDisposableStack();
    const options = defaultRpcOptions(transport);
    const launcher = stack.use(await launcherFor([options]));
    const pair = stack.use(await RpcPair.start(options, launcher));
    const rows: Row[] = [];
    for (const rate of rates) rows.push(await measureRate(pair, rate, effort));
    if (json) { for (const row of rows) console.log(JSON.stringify(row)); }
    else console.table(rows.map(shown));
  }
  if (idle > 0) {
    const measured = await measureIdle(idle, idleSeconds);
    console.log(
      json
        ? JSON.stringify(measured)
        : `${idle} idle connections: ${measured.wakesPerConnection.toFixed(3)} wake-ups a second ` +
          `each, ${measured.wakesPerSecond.toFixed(1)} together, ` +
          `${measured.cpuMsPerSecond.toFixed(2)} ms of processor time a second; a process that ` +
          `does nothing: ${measured.baseWakesPerSecond.toFixed(1)}`,
    );
  }
}
