/**
 * Asking resolvers, within bounds.
 *
 * @module
 */

import type { Resolution, Resolver, Version } from "../../lib/discovery/resolver/resolver.ts";

/** Nothing in these tests takes longer, unless it hangs. */
const LIMIT_MS = 10_000;

/** Does something that must end in time. */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  limitMs: number = LIMIT_MS,
): Promise<T> {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  // deno-lint-ignore internode/no-sleep -- a limit, not a wait
  const timer = setTimeout(() => {
    const error = new Error(`this took over ${limitMs} ms`);
    controller.abort(error);
    late.reject(error);
  }, limitMs);
  try {
    return await Promise.race([work(controller.signal), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks for what there is, or for what is newer. */
export function ask(
  resolver: Resolver,
  version: Version | null = null,
  limitMs: number = LIMIT_MS,
): Promise<Resolution> {
  return inTime((signal) => resolver.resolve(version, signal), limitMs);
}

/** Asks again and again until the addresses are these. */
export async function untilAddresses(
  resolver: Resolver,
  from: Version | null,
  expected: readonly string[],
): Promise<Resolution> {
  return await inTime(async (signal) => {
    let resolution = await resolver.resolve(from, signal);
    while (addressesOf(resolution).join() !== expected.join()) {
      resolution = await resolver.resolve(resolution.version, signal);
    }
    return resolution;
  });
}

/** The addresses, in their order. */
export function addressesOf(resolution: Resolution): string[] {
  return resolution.endpoints.map(({ address }) => address);
}
