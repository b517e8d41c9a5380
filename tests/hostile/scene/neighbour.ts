/**
 * A well-behaved peer of the victim's, which calls it all the time.
 *
 * @module
 */

import process from "node:process";
import { Manager, sharedSecret } from "@internode/grid";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import { answerCommands } from "../../../tools/processes/answer_commands.ts";
import * as contracts from "./contracts.ts";
import type { VictimConfig } from "./victim.ts";

/** How its calls fared. */
export interface Service {
  readonly calls: number;
  readonly failures: readonly string[];
  readonly p99Ms: number;
  readonly slowestMs: number;
}

const PAUSE_MS = 1;

async function run({ local, hosts, secret, tls }: VictimConfig): Promise<void> {
  const auth = secret === null ? undefined : sharedSecret(secret);
  await using node = new Manager({ local, hosts, auth, tls });
  await node.listen();
  const victim = node.connection(hosts[0]!);
  let timesMs: number[] = [], failures: string[] = [], ended = false;
  let waiting: (() => void)[] = [], beganMs = 0;
  const payload = new Uint8Array(64);
  const calling = (async () => {
    while (!ended) {
      const startMs = beganMs = performance.now();
      try {
        await victim.request(contracts.echo, payload, { timeoutMs: 5_000 });
        timesMs.push(performance.now() - startMs);
      } catch (error) {
        failures.push(String(error));
      }
      beganMs = Infinity;
      for (const tell of waiting) tell();
      waiting = [];
      await new Promise<void>((resolve) => systemClock.setTimer(PAUSE_MS, resolve));
    }
  })();
  const served = (): Service => {
    timesMs.sort((a, b) => a - b);
    return {
      calls: timesMs.length,
      failures,
      p99Ms: timesMs[Math.floor(timesMs.length * 0.99)] ?? 0,
      slowestMs: timesMs.at(-1) ?? 0,
    };
  };
  await answerCommands({
    begin: () => {
      timesMs = [];
      failures = [];
    },
    served,
    /** How long the slowest call took so far, the one under way among them. */
    longestMs: () => Math.max(performance.now() - beganMs, ...timesMs),
    /** The same, the call under way among them. */
    settled: async (): Promise<Service> => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return served();
    },
  });
  ended = true;
  await node.close({ graceMs: 0 });
  await calling;
}

if (import.meta.main) await run(JSON.parse(process.argv[2]!));
