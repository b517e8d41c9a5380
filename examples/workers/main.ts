/**
 * The example: a service on one worker, two, and so on, and how many calls a
 * second that makes.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import {
  CommandLine,
  flag,
  readLine,
  seconds,
  whole,
} from "../../tools/command_line/command_line.ts";
import { serveWorkers } from "@internode/grid/workers";
import type { Answered, Load } from "./load.ts";

const LINE = new CommandLine(
  "deno task workers",
  "Serves on 1, 2, … workers and shows how many calls a second that makes.",
  {
    workers: whole("up to so many workers", {
      from: 1,
      to: 1_024,
      fallback: navigator.hardwareConcurrency,
    }),
    below: whole(
      "each call counts the primes below it, which is work for a core; 10000 takes about 0.2 ms, " +
        "with 0 all the work is the connection's",
      { from: 0, fallback: 10_000 },
    ),
    clients: whole("so many processes that call", { from: 1, to: 1_024, fallback: 2 }),
    inflight: whole("calls under way in each of them", { from: 1, fallback: 32 }),
    seconds: seconds("how long each line is measured", 4),
    own: flag(
      "each worker listens at a Unix socket of its own; without it they share a port, for which " +
        "Deno must be started with --unstable-net",
    ),
  },
);

/** Connections of each client for each worker: the system spreads them by chance, and of few some workers would get none. */
const CONNECTIONS_PER_WORKER = 8;

interface Line {
  readonly workers: number;
  readonly perSecond: number;
  /** What the busiest and the idlest worker had of all calls, to an even share. */
  readonly spread: readonly [most: number, least: number];
  /** The processor's time that the server took for each call, in microseconds. */
  readonly cpuUs: number;
}

/** Starts the server and its clients, and counts. */
async function measure(
  workers: number,
  clients: number,
  load: Omit<Load, "addresses" | "connections">,
  address: string | ((worker: number) => string),
): Promise<Line> {
  const shared = typeof address === "string";
  await using server = await serveWorkers(new URL("./worker.ts", import.meta.url), {
    workers,
    address,
  });
  const { addresses } = server;
  const given: Load = {
    ...load,
    addresses,
    connections: shared ? workers * CONNECTIONS_PER_WORKER : 1,
  };
  const before = cpuUsage();
  const answers = await Promise.all(Array.from({ length: clients }, () => ask(given)));
  const used = cpuUsage(before);
  const each = Array.from(
    { length: workers },
    (_, at) => answers.reduce((sum, answered) => sum + (answered[at + 1] ?? 0), 0),
  );
  const calls = each.reduce((sum, count) => sum + count, 0);
  return {
    workers,
    perSecond: calls / load.durationMs * 1_000,
    spread: [Math.max(...each) / calls * workers, Math.min(...each) / calls * workers],
    cpuUs: (used.user + used.system) / calls,
  };
}

/** One client, a process of its own. */
async function ask(load: Load): Promise<Answered> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("./load.ts", import.meta.url).href, JSON.stringify(load)],
    stdin: "null",
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`A client ended with status ${code}.`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

function show(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(14)).join(""));
}

async function main(): Promise<void> {
  const values = readLine(LINE);
  const load = {
    below: values.below,
    inflight: values.inflight,
    durationMs: values.seconds * 1_000,
  };
  const folder = values.own ? await Deno.makeTempDir({ prefix: "internode-" }) : null;
  const address = folder === null
    ? "tcp://127.0.0.1:0"
    : (worker: number): string => `unix://${folder}/${worker}.sock`;
  try {
    show(["workers", "calls/s", "to one worker", "most : least", "CPU per call"]);
    let one = 0;
    for (let workers = 1; workers <= values.workers; workers++) {
      const line = await measure(workers, values.clients, load, address);
      if (workers === 1) one = line.perSecond;
      show([
        String(workers),
        Math.round(line.perSecond).toLocaleString("en"),
        `${(line.perSecond / one).toFixed(2)} ×`,
        line.spread.map((share) => share.toFixed(2)).join(" : "),
        `${line.cpuUs.toFixed(line.cpuUs < 10 ? 1 : 0)} µs`,
      ]);
    }
  } finally {
    if (folder !== null) await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await main();
