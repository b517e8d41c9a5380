/**
 * How long handlers keep the server's event loop: while other connections
 * flood it with calls, how late its timers are, a request on a connection
 * that is not flooding, and a cancel on it. The column `handlers` behind each is
 * for how long handlers ran meanwhile, which holds on a busy machine too.
 *
 *     deno task bench:turn --transport tcp --flooding 32 --us 5 --seconds 3
 *
 * @module
 */

import {
  choice,
  CommandLine,
  list,
  readLine,
  seconds,
  UsageError,
  whole,
} from "../../tools/command_line/command_line.ts";
import { client, connect, constantResolver, parseNetEndpoint } from "@internode/grid/call";
import { epochMs, type Lateness, latenessOf, Turn } from "./turn_server.ts";

const LINE = new CommandLine(
  "deno task bench:turn",
  "How late a server's timers, requests and cancels are while other connections flood it.",
  {
    transport: choice("what it goes over", ["tcp", "ws"], "tcp"),
    flooding: list("how many connections flood", "N,…", ["1", "4", "32"], countOf),
    inflight: whole("calls in flight on each of them", { from: 1, fallback: 256 }),
    us: list("how long a handler of theirs runs, in microseconds", "N,…", ["0", "100"], countOf),
    seconds: seconds("how long each line is measured", 3),
  },
);

function countOf(given: string, name: string): number {
  if (/^\d+$/.test(given)) return Number(given);
  throw new UsageError(`${name} must be whole numbers, not ${JSON.stringify(given)}.`);
}

/** The pause between two probes, in milliseconds. */
const PAUSE_MS = 5;

/** A process of the bench. */
interface Child extends AsyncDisposable {
  /** What it said first. */
  readonly said: string;
}

async function start(...args: readonly string[]): Promise<Child> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL("./turn_server.ts", import.meta.url).href, ...args],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value, done } = await reader.read();
  if (done) throw new Error(`${args[0]} did not start`);
  return {
    said: value.trim(),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

/** What was measured: in time, and in time that handlers had run meanwhile. */
interface Measured {
  readonly timers: readonly Lateness[];
  readonly requests: readonly Lateness[];
  readonly cancels: readonly Lateness[];
}

/** Requests and cancels, by turns. */
async function probe(address: string, seconds: number): Promise<Measured> {
  await using connection = await connect(constantResolver(parseNetEndpoint(address)));
  const turn = client(Turn, connection);
  await turn.timers(undefined);
  const requests: [number[], number[]] = [[], []], cancels: [number[], number[]] = [[], []];
  const endMs = performance.now() + seconds * 1_000;
  const note = async (into: [number[], number[]], sentMs: number): Promise<void> => {
    let heard = { atMs: 0, workMs: 0 };
    while (heard.atMs < sentMs) heard = await turn.heardAt(sentMs);
    into[0].push(heard.atMs - sentMs);
    into[1].push(heard.workMs);
  };
  while (performance.now() < endMs) {
    const askedMs = epochMs();
    await turn.burn(0);
    await note(requests, askedMs);
    const stop = new AbortController();
    const holding = turn.hold(undefined, { signal: stop.signal }).catch(() => {});
    await pause();
    const stoppedMs = epochMs();
    stop.abort();
    await holding;
    await note(cancels, stoppedMs);
  }
  const { timers, work } = await turn.timers(undefined);
  return {
    timers: [timers, work],
    requests: requests.map(latenessOf),
    cancels: cancels.map(latenessOf),
  };
}

if (import.meta.main) {
  const values = readLine(LINE);
  const show = (cells: readonly string[]): void =>
    console.log(cells.map((cell) => cell.padStart(20)).join(""));
  const cell = ({ p50Ms, p99Ms, maxMs }: Lateness): string =>
    [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1)).join(" / ");
  console.log("p50 / p99 / max, in milliseconds");
  show([
    "flooding",
    "µs each",
    ...["timers", "requests", "cancels"].flatMap((w) => [w, "handlers"]),
  ]);
  for (const us of values.us) {
    for (const flooding of [0, ...values.flooding]) {
      await using server = await start("serve", `${values.transport}://127.0.0.1:0`);
      await using _flood = flooding === 0
        ? null
        : await start("flood", server.said, ...[flooding, values.inflight, us].map(String));
      const measured = await probe(server.said, values.seconds);
      show([`${flooding}`, `${us}`, ...Object.values(measured).flat().map(cell)]);
    }
  }
}
