/**
 * Sleeping for less than a millisecond.
 *
 * @module
 */

/** Waits without holding up the event loop; a time in milliseconds that is already over waits for a turn of it. */
export type Sleep = (ms: number) => Promise<unknown>;

/** Timers of the runtime drop fractions of milliseconds, and come one to two milliseconds later. */
const timer: Sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the event loop has looked at its sockets; that takes 1 to 2 ms. */
export const rest: () => Promise<unknown> = () => timer(0);

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
