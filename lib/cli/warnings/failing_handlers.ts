/**
 * Handlers whose calls fail.
 *
 * @module
 */

import type { Answered } from "../asking/ask_all.ts";
import { callsBetween, type CountedCalls } from "../asking/counted_calls.ts";
import { countText } from "../output/figures.ts";
import type { HostLook } from "./host_look.ts";
import type { Warning } from "./warning.ts";

/** From this share of the calls on failures are a warning. */
const LEAST_SHARE = 0.1;
/** A limit that was reached is one in any case. */
const LIMIT = "Overloaded";
/** How calls end whose callers want no answer any more. */
const GIVEN_UP: ReadonlySet<string> = new Set(["Aborted", "Cancelled"]);

/** How the calls of one handler of one host ended while they were counted. */
interface Tally {
  readonly host: string;
  readonly handler: string;
  readonly seconds: number;
  ended: number;
  /** How many failed, by code. */
  readonly failed: Map<string, number>;
  /** And by caller. */
  readonly callers: Map<string, number>;
}

/**
 * Finds the handlers of which many calls fail, or some for a limit: at the hosts
 * that have said so, and at others, as far as their callers know.
 *
 * @param silent The hosts that do not answer, of which calls fail of course.
 */
export function failingHandlers(
  looks: readonly Answered<HostLook>[],
  silent: ReadonlySet<string>,
): Warning[] {
  const known = new Set([
    ...looks.flatMap(({ host, value }) => [host, value.status.name]),
    ...silent,
  ]);
  const tallies = new Map<string, Tally>();
  for (const { host, value: { figures } } of looks) {
    if (figures === null) continue;
    const [before, after] = figures, seconds = (after.atMs - before.atMs) / 1_000;
    if (seconds <= 0) continue;
    for (const counted of callsBetween(before, after)) {
      const { row } = counted, isServed = row.side === "server", at = isServed ? host : row.host;
      // The side that served a call counts it best. A call that reached no host has none.
      if (!isServed && (known.has(at) || at === "")) continue;
      const key = `${at}\n${row.handler}`;
      const tally = tallies.get(key) ??
        {
          host: at,
          handler: row.handler,
          seconds,
          ended: 0,
          failed: new Map(),
          callers: new Map(),
        };
      tallies.set(key, tally);
      add(tally, counted, isServed ? row.host : host);
    }
  }
  return [...tallies.values()].flatMap(warningOf);
}

function add(tally: Tally, { ended, failed }: CountedCalls, caller: string): void {
  tally.ended += ended;
  for (const [code, count] of failed) {
    if (GIVEN_UP.has(code)) continue;
    tally.failed.set(code, (tally.failed.get(code) ?? 0) + count);
    tally.callers.set(caller, (tally.callers.get(caller) ?? 0) + count);
  }
}

function warningOf({ host, handler, seconds, ended, failed, callers }: Tally): Warning[] {
  const count = failed.values().reduce((sum, each) => sum + each, 0), share = count / ended;
  if (count === 0 || (share < LEAST_SHARE && !failed.has(LIMIT))) return [];
  const codes = [...failed].sort(([, one], [, other]) => other - one)
    .map(([code, times]) => `${code} (${countText(times / seconds)})`);
  const from = callers.size === 1
    ? `all from ${[...callers.keys()][0]}`
    : `from ${callers.size} hosts`;
  const text = `${countText(count / seconds)} of ${countText(ended / seconds)} calls a second ` +
    `fail, ${from}: ${codes.join(", ")}.`;
  return [{ host, handler, text }];
}
