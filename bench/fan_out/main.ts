/**
 * One node on many connections, beside as many raw ones: `deno task bench:fan-out`.
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
import { freePorts } from "../../tools/network/free_ports.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import { median } from "../support/median.ts";
import type { Asked, Askers, AskOrder, FanOutPlan } from "./side.ts";

const LINE = new CommandLine(
  "deno task bench:fan-out",
  "Measures one node that calls many peers, and many clients that call one server at a low rate " +
    "each, beside as many raw connections that do the same.",
  {
    peers: whole("how many peers one node calls", { from: 1, fallback: 100 }),
    inflight: whole("requests in flight over all of these", { from: 1, fallback: 256 }),
    clients: whole("how many clients call one server", { from: 1, fallback: 1_000 }),
    rate: whole("requests a second of each of these", { from: 1, fallback: 10 }),
    size: whole("payload of each message, in bytes", { from: 1, fallback: 64 }),
    seconds: seconds("how long each round of each of them is", 2),
    rounds: whole("how many rounds, of which the middle counts", { from: 1, fallback: 3 }),
    json: flag("one line of JSON for each row"),
  },
);

/** One line of the table; all are medians of the rounds. */
interface Row {
  readonly what: string;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** For each message, in microseconds. */
  readonly askingCpuUs: number;
  /** For each message, in microseconds. */
  readonly answeringCpuUs: number;
  /** What the process that answers has taken for each connection, in KiB; `null` where it has nodes of its own. */
  readonly residentKiB: number | null;
}

const KEYS = ["perSecond", "p50Us", "p99Us", "askingCpuUs", "answeringCpuUs"] as const;

/** One way to be connected, in a process that asks of its own. */
class Candidate {
  readonly rows: Row[] = [];
  readonly #what: string;
  readonly #asking: ToldProcess;
  readonly #answering: ToldProcess;
  readonly #residentKiB: number | null;

  constructor(
    what: string,
    asking: ToldProcess,
    answering: ToldProcess,
    residentKiB: number | null,
  ) {
    this.#what = what;
    this.#asking = asking;
    this.#answering = answering;
    this.#residentKiB = residentKiB;
  }

  async measure(order: AskOrder): Promise<Row> {
    const beforeUs = await this.#answering.ask<number>("cpuUs");
    const { count, seconds, cpuUs, p50Us, p99Us } = await this.#asking.ask<Asked>("ask", order);
    const answeringUs = await this.#answering.ask<number>("cpuUs") - beforeUs;
    return {
      what: this.#what,
      perSecond: count / seconds,
      p50Us,
      p99Us,
      askingCpuUs: cpuUs / count,
      answeringCpuUs: answeringUs / count,
      residentKiB: this.#residentKiB,
    };
  }

  middle(): Row {
    const entries = KEYS.map((key) => [key, median(this.rows.map((row) => row[key]))]);
    return { ...this.rows[0]!, ...Object.fromEntries(entries) };
  }
}

function start(role: "ask" | "answer", plan: FanOutPlan): ToldProcess {
  const module = new URL("side.ts", import.meta.url).href;
  const command = [Deno.execPath(), "run", "-A", "--quiet", module, role, JSON.stringify(plan)];
  return new ToldProcess(command as [string, ...string[]], { what: role });
}

/** Connects a process to another, which both are started for it, and nothing else runs meanwhile. */
async function candidate(
  stack: AsyncDisposableStack,
  plan: FanOutPlan,
  what: string,
  askers: Askers,
  connections: number,
): Promise<Candidate> {
  const answering = stack.use(start("answer", plan)), asking = stack.use(start("ask", plan));
  await answering.ask("cpuUs");
  const beforeBytes = await answering.ask<number>("residentBytes");
  if (plan.hosts.length > 1) await answering.ask("peers");
  await asking.ask("connect", { askers, connections });
  const takenBytes = await answering.ask<number>("residentBytes") - beforeBytes;
  const residentKiB = plan.hosts.length > 1 ? null : takenBytes / 1024 / connections;
  return new Candidate(what, asking, answering, residentKiB);
}

/** Measures each in turns, and gives the middle of each. */
async function measured(
  candidates: readonly Candidate[],
  order: AskOrder,
  rounds: number,
): Promise<Row[]> {
  for (const one of candidates) await one.measure({ ...order, seconds: order.seconds / 2 });
  for (let round = 0; round < rounds; round++) {
    for (const one of candidates) one.rows.push(await one.measure(order));
  }
  return candidates.map((one) => one.middle());
}

function planOf(peers: number, clients: number, size: number): FanOutPlan {
  const urls = freePorts(peers + 3).map((port) => `tcp://127.0.0.1:${port}`);
  return { hosts: urls.slice(2), service: urls[0]!, floor: urls[1]!, clients, size };
}

function shown(row: Row, raw: Row) {
  const beside = (key: typeof KEYS[number], digits: number): string =>
    row === raw
      ? row[key].toFixed(digits)
      : `${row[key].toFixed(digits)}, ${(row[key] / raw[key]).toFixed(2)} ×`;
  return {
    "what": row.what,
    "per second": beside("perSecond", 0),
    "p50 µs": beside("p50Us", 0),
    "p99 µs": beside("p99Us", 0),
    "CPU µs, asking": beside("askingCpuUs", 1),
    "answering": beside("answeringCpuUs", 1),
    "resident KiB each": row.residentKiB?.toFixed(1) ?? "",
  };
}

if (import.meta.main) {
  const { peers, inflight, clients, rate, size, seconds, rounds, json } = readLine(LINE);
  const tables: Row[][] = [];
  {
    await using stack = new AsyncDisposableStack();
    const what = `${peers} peers, ${inflight} in flight`;
    const all = [
      await candidate(stack, planOf(peers, 0, size), what, "node", peers),
      await candidate(stack, planOf(0, 0, size), `${what}, raw`, "raw", peers),
    ];
    tables.push(await measured(all, { seconds, inflight }, rounds));
  }
  {
    await using stack = new AsyncDisposableStack();
    const what = `${clients} clients, ${rate} a second each`;
    const all = [
      await candidate(stack, planOf(0, clients, size), what, "clients", clients),
      await candidate(stack, planOf(0, clients, size), `${what}, raw`, "raw", clients),
    ];
    tables.push(await measured(all, { seconds, perSecond: clients * rate }, rounds));
  }
  for (const rows of tables) {
    if (json) { for (const row of rows) console.log(JSON.stringify(row)); }
    else console.table(rows.map((row) => shown(row, rows[1]!)));
  }
}
