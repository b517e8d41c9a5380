/**
 * A client of `bench/overload/main.ts`: calls come when they come, whether or
 * not earlier ones were answered.
 *
 * @module
 */

import type { InternodeError } from "@internode/grid";
import { client, connect, constantResolver, parseNetEndpoint } from "@internode/grid/call";
import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { type FullLoad, type Order, type Outcome, type StageResult, Work } from "./work.ts";

const [address, connections] = Deno.args as [string, string];
const REQUEST = new Uint8Array(64);
const TENTH_MS = 100;

const connection = await connect(constantResolver(parseNetEndpoint(address)), {
  connections: Number(connections),
  retry: false,
  outliers: false,
  limits: { sendBudgetBytes: 64 * 1024 * 1024 },
});
const work = client(Work, connection);

async function run({ stages, timeoutMs, seed }: Order): Promise<Outcome> {
  const random = new SeededRandom(seed), options = { timeoutMs };
  const results = stages.map((): StageResult => ({
    sent: 0,
    good: 0,
    refused: 0,
    late: 0,
    failed: 0,
    tookMs: [],
  }));
  const tenths: { sent: number; good: number }[] = [];
  const startMs = performance.now();
  const call = async (dueMs: number, result: StageResult): Promise<void> => {
    const tenth = tenths[Math.floor((dueMs - startMs) / TENTH_MS)] ??= { sent: 0, good: 0 };
    result.sent++;
    tenth.sent++;
    try {
      await work.work(REQUEST, options);
      const tookMs = performance.now() - dueMs;
      if (tookMs > timeoutMs) return void result.late++;
      result.good++;
      tenth.good++;
      result.tookMs.push(tookMs);
    } catch (error) {
      const { code, outcome } = error as InternodeError;
      if (code === "DeadlineExceeded" || outcome === "notSent") result.late++;
      else if (code === "Overloaded" && outcome === "notExecuted") result.refused++;
      else result.failed++;
    }
  };
  const calls: Promise<void>[] = [];
  let nextMs = startMs, endMs = startMs;
  for (const [index, { perSecond, seconds }] of stages.entries()) {
    endMs += seconds * 1_000;
    while (nextMs < endMs) {
      const nowMs = performance.now();
      if (nextMs > nowMs) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        continue;
      }
      calls.push(call(nextMs, results[index]!));
      nextMs -= Math.log(1 - random.next()) * 1_000 / perSecond;
    }
  }
  await Promise.all(calls);
  return { stages: results, tenths };
}

async function warm(): Promise<void> {
  while (connection.replicas.some(({ state }) => state !== "connected")) await work.work(REQUEST);
  for (let round = 0; round < 200; round++) {
    await Promise.allSettled(Array.from({ length: 10 }, () => work.work(REQUEST)));
  }
}

/** How many are answered in a second where each answer is followed by the next call. */
async function saturate({ inFlight, seconds }: FullLoad): Promise<number> {
  const startMs = performance.now(), endMs = startMs + seconds * 1_000;
  let answered = 0;
  await Promise.all(Array.from({ length: inFlight }, async () => {
    for (; performance.now() < endMs; answered++) await work.work(REQUEST);
  }));
  return answered * 1_000 / (performance.now() - startMs);
}

await answerCommands({ warm, saturate, run });
await connection.close({ graceMs: 0 });
