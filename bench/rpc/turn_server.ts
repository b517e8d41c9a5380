/**
 * The server of `bench/rpc/turn.ts`, and the process that floods it.
 *
 * @module
 */

import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  method,
  parseNetEndpoint,
  serve,
  type Service,
  service,
  type SingleMethod,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";

/** How late something was, in milliseconds. */
export interface Lateness {
  /** The middle. */
  readonly p50Ms: number;
  /** The slowest hundredth. */
  readonly p99Ms: number;
  /** The worst. */
  readonly maxMs: number;
  /** How often it was measured. */
  readonly count: number;
}

const lateness = t.record({
  p50Ms: t.float(),
  p99Ms: t.float(),
  maxMs: t.float(),
  count: t.uint(),
});

/** What the bench asks of its server. */
export const Turn: Service<{
  burn: SingleMethod<number, void>;
  hold: SingleMethod<void, void>;
  heardAt: SingleMethod<number, { atMs: number; workMs: number }>;
  timers: SingleMethod<void, { timers: Lateness; work: Lateness }>;
}> = service("turn", {
  /** Runs, inline, for so many microseconds. */
  burn: method({ request: t.uint(), response: t.nothing() }),
  /** Runs until it is cancelled. */
  hold: method({ request: t.nothing(), response: t.nothing() }),
  /** When a call of `burn` for no time, or a cancel of `hold`, was heard of last, in milliseconds since 1970, and how long handlers had run between the time given and then. */
  heardAt: method({
    request: t.float(),
    response: t.record({ atMs: t.float(), workMs: t.float() }),
  }),
  /** How late timers were since it was asked last, and for how long handlers had run meanwhile that time, each counted with what it was asked for: that is the same however many processes want this core. */
  timers: method({
    request: t.nothing(),
    response: t.record({ timers: lateness, work: lateness }),
  }),
});

/** The time in milliseconds since 1970, as fine as the monotonic clock. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Sorts and counts. */
export function latenessOf(lates: number[]): Lateness {
  lates.sort((a, b) => a - b);
  const at = (part: number): number => lates[Math.floor((lates.length - 1) * part)] ?? 0;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), count: lates.length };
}

/** A timer is set for this long, again and again. */
const TIMER_MS = 2;

async function beServer(address: string): Promise<void> {
  let heardMs = 0;
  /** When handlers of the last while ended, and how long they had to run. */
  let ends: { readonly atMs: number; readonly workMs: number }[] = [];
  let lates: number[] = [], works: number[] = [], workedMs = 0;
  const setTimer = (): void => {
    const dueMs = performance.now() + TIMER_MS, beforeMs = workedMs;
    setTimeout(() => {
      lates.push(performance.now() - dueMs);
      works.push(Math.max(0, workedMs - beforeMs - TIMER_MS));
      setTimer();
    }, TIMER_MS);
  };
  const handlers = implement(Turn, {
    burn: (durationUs) => {
      if (durationUs === 0) return void (heardMs = epochMs());
      workedMs += durationUs / 1_000;
      const untilMs = performance.now() + durationUs / 1_000;
      while (performance.now() < untilMs);
      ends.push({ atMs: epochMs(), workMs: durationUs / 1_000 });
      if (ends.length > 20_000) ends = ends.slice(10_000);
    },
    hold: (_, { cancelled }) =>
      new Promise((_, reject) => {
        cancelled.addEventListener("abort", () => {
          heardMs = epochMs();
          reject(cancelled.reason);
        }, { once: true });
      }),
    heardAt: (fromMs) => ({
      atMs: heardMs,
      workMs: ends.reduce(
        (sum, { atMs, workMs }) => atMs > fromMs && atMs <= heardMs ? sum + workMs : sum,
        0,
      ),
    }),
    timers: () => {
      const told = { timers: latenessOf(lates), work: latenessOf(works) };
      lates = [];
      works = [];
      return told;
    },
  });
  const listener = await listen(address, handlers);
  setTimer();
  console.log(listener.address);
  await serve(listener).finished;
}

async function beFlood(
  address: string,
  connections: number,
  inflight: number,
  durationUs: number,
): Promise<void> {
  const connection = await connect(constantResolver(parseNetEndpoint(address)), { connections });
  const turn = client(Turn, connection);
  while (connection.replicas.some(({ state }) => state !== "connected")) await turn.burn(0);
  const ask = async (): Promise<never> => {
    for (;;) await turn.burn(durationUs, { timeoutMs: 600_000 });
  };
  console.log("ready");
  await Promise.all(Array.from({ length: connections * inflight }, ask));
}

if (import.meta.main) {
  const [role, address, ...numbers] = Deno.args;
  if (role === "serve") await beServer(address!);
  else await beFlood(address!, ...numbers.map(Number) as [number, number, number]);
}
