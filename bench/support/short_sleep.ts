/**
 * Sleeping for less than a millisecond.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** Waits without holding up the event loop; a time in milliseconds that is already over waits for a turn of it. */
export type Sleep = (ms: number) => Promise<unknown>;

/** Timers of the runtime drop fractions of milliseconds, and come one to two milliseconds later. */
const timer: Sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** In so many turns with nothing to do Deno's event loop looks at its sockets, and other loops do so in each. */
const EMPTY_TURNS = 64;

/** Waits until the event loop has looked at its sockets; on Deno that takes 50 to 60 µs. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < EMPTY_TURNS; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** How late such a sleep usually ends, in milliseconds: the way to another thread and back. */
const USUALLY_LATE_MS = 0.08;

/**
 * A sleep that ends some 80 µs late instead of 1 to 2 ms, where there is one:
 * `usleep` of the C library in a thread of the runtime's pool, on Linux with
 * Deno. Elsewhere it is a timer.
 */
export function shortSleep(): Sleep {
  return found ??= findSleep();
}

let found: Sleep | null = null;

function findSleep(): Sleep {
  if (!("Deno" in globalThis) || Deno.build.os !== "linux") return timer;
  const { symbols } = Deno.dlopen("libc.so.6", {
    usleep: { parameters: ["u32"], result: "i32", nonblocking: true },
  });
  return (ms) => symbols.usleep(Math.max(1, Math.round((ms - USUALLY_LATE_MS) * 1000)));
}
