/**
 * Measures how many calls a host answers.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import { MAX_PING_BYTES } from "../../admin/steering_contract.ts";
import { gridMethod } from "../../call/service/grid_method.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { SingleContract } from "../../rpc/contract/contract.ts";
import { type Command, command } from "../arguments/command.ts";
import { duration, text, whole } from "../arguments/option.ts";
import { UsageError } from "../arguments/usage_error.ts";
import { countText, timeText } from "../output/figures.ts";
import type { Column } from "../output/table.ts";
import { NO, OK } from "../world/exit_status.ts";
import type { World } from "../world/world.ts";
import { prepareCall } from "./called_handler.ts";
import { HOST_OPTIONS, withTools } from "./host_command.ts";

/** What was measured; times are in milliseconds. */
export interface BenchResult {
  readonly handler: string;
  readonly calls: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

/** The most times that are kept; of more, the first ones are written over. */
const MAX_TIMES = 1_000_000;

const COLUMNS: readonly Column<BenchResult>[] = [
  { title: "HANDLER", of: ({ handler }) => handler, mayBeCut: true },
  { title: "CALLS", of: ({ calls }) => countText(calls), isNumber: true },
  { title: "CALLS/S", of: ({ callsPerSecond }) => countText(callsPerSecond), isNumber: true },
  { title: "P50", of: ({ p50Ms }) => timeText(p50Ms), isNumber: true },
  { title: "P90", of: ({ p90Ms }) => timeText(p90Ms), isNumber: true },
  { title: "P99", of: ({ p99Ms }) => timeText(p99Ms), isNumber: true },
  { title: "MOST", of: ({ mostMs }) => timeText(mostMs), isNumber: true },
  {
    title: "FAILED",
    of: ({ failed }) => {
      const text = Object.entries(failed).map(([code, count]) => `${count} ${code}`).join(", ");
      return { text: text || "0", tone: text === "" ? "plain" : "bad" };
    },
  },
];

/** `internode bench`. */
export const benchCommand: Command = command({
  name: "bench",
  about: "Measures how many calls a host answers in a second, and how long they take.",
  details:
    "Without --handler it is ping of admin, which does nothing but answer. It puts load on the host and on the machine that it runs on; a client of your own program is faster than this tool.",
  operands: [{ name: "HOST", about: "whom to call, by URL" }],
  options: {
    handler: text("the handler that is called, of single requests", "NAME", undefined),
    request: text("its request", "JSON", undefined),
    bytes: whole("how many bytes a ping has", { from: 0, to: MAX_PING_BYTES, fallback: 64 }),
    concurrency: whole("how many calls run at a time", { from: 1, to: 1_024, fallback: 16 }),
    for: duration("how long", "5s"),
    ...HOST_OPTIONS,
  },
  examples: [
    { line: "bench tcp://10.0.0.1:9000", about: "Pings of 64 bytes, 16 at a time" },
    {
      line: `bench tcp://10.0.0.1:9000 --handler disk.free --request '{"disk": "sda"}' --for 30s`,
      about: "A handler of the application",
    },
  ],
  async run({ operands: [host], options }, world) {
    const { handler, request, bytes, concurrency, json } = options;
    if (request !== undefined && handler === undefined) {
      throw new UsageError("--request needs --handler.");
    }
    return await withTools([host!], options, world, async ({ tools }) => {
      await using client = await tools.connect(host!);
      // The first one also connects.
      await client.ping();
      const one = handler === undefined
        ? () => client.ping(bytes)
        : await callerOf(client, handler, request, tools.timeoutMs, world);
      const result = await measure(handler ?? "ping", one, concurrency, options.for, world);
      if (json) await world.printer.json(result);
      else await world.printer.table(COLUMNS, [result]);
      return Object.keys(result.failed).length === 0 ? OK : NO;
    });
  },
});

async function callerOf(
  client: AdminClient,
  name: string,
  json: string | undefined,
  timeoutMs: number,
  world: World,
): Promise<() => Promise<unknown>> {
  const { method, request } = await prepareCall(client, name, json, world);
  if (method.kind !== "single") {
    throw new UsageError(`${name} is a stream; bench calls single requests.`);
  }
  const called = gridMethod(method as SingleContract<unknown, unknown>);
  return () => client.connection.request(called, request, { timeoutMs, waitForReady: false });
}

/** Calls until the time is over, so many at a time. */
async function measure(
  handler: string,
  one: () => Promise<unknown>,
  concurrency: number,
  forMs: number,
  { clock, signal }: World,
): Promise<BenchResult> {
  const times = new Float64Array(MAX_TIMES), failed: Record<string, number> = {};
  let calls = 0;
  const startMs = clock.now(), endMs = startMs + forMs;
  const worker = async (): Promise<void> => {
    while (clock.now() < endMs && !signal.aborted) {
      const begunMs = clock.now();
      try {
        await one();
        times[calls++ % MAX_TIMES] = clock.now() - begunMs;
      } catch (error) {
        const code = isOwnError(error) ? error.code : "Error";
        failed[code] = (failed[code] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const sorted = times.subarray(0, Math.min(calls, MAX_TIMES)).sort();
  const percentile = (share: number): number =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
  return {
    handler,
    calls,
    failed,
    callsPerSecond: calls / (clock.now() - startMs) * 1_000,
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p99Ms: percentile(0.99),
    mostMs: percentile(1),
  };
}
