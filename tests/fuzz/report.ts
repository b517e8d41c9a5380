/**
 * A run of the fuzzer for people and programs to read.
 *
 * @module
 */

import type { FuzzResult } from "./fuzzer.ts";
import { FRAME_NAMES, STATES, type Tally } from "./tally.ts";

const MOST_LINES = 12;
/** A run of all targets as long as this must have been everywhere. */
const ENOUGH_FRAMES = 400_000;

/** States by what they have in common. */
const COLUMNS: readonly (readonly [title: string, states: readonly number[]])[] = [
  ["dialler, handshake", [0, 1]],
  ["acceptor, handshake", [2, 3]],
  ["dialler, open", [4, 5]],
  ["acceptor, open", [6, 7]],
  ["after the end", [8]],
];

/** Frames of each type and in each kind of state, as lines of text. */
export function frameTable(tally: Tally): string[] {
  const lines = ["frames taken      " + COLUMNS.map(([title]) => title.padStart(20)).join("")];
  FRAME_NAMES.forEach((name, type) => {
    const counts = COLUMNS.map(([, states]) =>
      states.reduce((sum, state) => sum + tally.byState[state * 40 + type]!, 0)
    );
    if (counts.every((count) => count === 0)) return;
    lines.push(name.padEnd(18) + counts.map((count) => String(count).padStart(20)).join(""));
  });
  return lines;
}

/** How many frames came in each state. */
export function stateCounts(tally: Tally): Record<string, number> {
  return Object.fromEntries(
    STATES.map((name, state) =>
      [name, sum(tally.byState.subarray(state * 40, state * 40 + 40))] as const
    ),
  );
}

/** How many frames of each type open sessions took. */
export function openCounts(tally: Tally): Record<string, number> {
  return Object.fromEntries(
    FRAME_NAMES.map((name, type) =>
      [
        name,
        [4, 5, 6, 7].reduce((all, state) => all + tally.byState[state * 40 + type]!, 0),
      ] as const
    ).filter(([name]) => !name.startsWith("type ")),
  );
}

/** What a long run of all targets has missed. */
export function missed(tally: Tally): string[] {
  if (tally.total < ENOUGH_FRAMES || Object.values(tally.frames).some((count) => count === 0)) {
    return [];
  }
  const gaps = [...Object.entries(stateCounts(tally)), ...Object.entries(openCounts(tally))]
    .filter(([, count]) => count === 0).map(([name]) => `nothing came of or in: ${name}`);
  if (tally.pastHandshake * 2 < tally.total) gaps.push("less than half came past the handshake");
  return gaps;
}

/** All of it as lines of text. */
export function report(seed: number, { tally, heap, seconds, failure }: FuzzResult): string[] {
  const lines = [...frameTable(tally), ""];
  for (const [state, count] of Object.entries(stateCounts(tally))) {
    lines.push(`${state.padEnd(28)}${String(count).padStart(12)}`);
  }
  for (const [group, keys] of [...tally.groups].sort(([a], [b]) => a < b ? -1 : 1)) {
    const sorted = [...keys].sort(([, a], [, b]) => b - a);
    lines.push("", `${group} (${keys.size} kinds)`);
    for (const [key, count] of sorted.slice(0, MOST_LINES)) {
      lines.push(`${String(count).padStart(12)}  ${key}`);
    }
    if (sorted.length > MOST_LINES) {
      lines.push(`              and ${sorted.length - MOST_LINES} more`);
    }
  }
  const { framer, codec, session, pair } = tally.frames;
  lines.push(
    "",
    `seed ${seed}: ${tally.total} frames in ${seconds.toFixed(1)} s, ` +
      `${Math.round(tally.total / seconds)} each second, ` +
      `${(100 * tally.pastHandshake / Math.max(1, tally.total)).toFixed(1)} % past the handshake`,
    `framer ${framer}, codec ${codec}, session ${session}, pair ${pair}; ${heap}`,
  );
  if (failure !== null) {
    lines.push(
      "",
      `FOUND by ${failure.target}, run ${failure.iteration} of seed ${seed}: ${failure.message}`,
      failure.stack,
      `Again: deno task fuzz --seed ${seed} --target ${failure.target} --iteration ${failure.iteration}`,
      "The least that fails, as a case of the corpus:",
      JSON.stringify(failure.minimal),
    );
  }
  return lines;
}

/** All of it in one object. */
export function summary(seed: number, problems: readonly string[], result: FuzzResult): unknown {
  const { tally, heap, seconds, failure } = result;
  return {
    seed,
    seconds,
    frames: tally.total,
    framesPerSecond: Math.round(tally.total / seconds),
    pastHandshake: tally.pastHandshake,
    byTarget: tally.frames,
    runs: tally.runs,
    byState: stateCounts(tally),
    openByType: openCounts(tally),
    groups: Object.fromEntries(
      [...tally.groups].map(([group, keys]) => [group, Object.fromEntries(keys)]),
    ),
    heapBytes: heap.samples,
    problems,
    failure,
  };
}

function sum(counts: Float64Array): number {
  return counts.reduce((all, count) => all + count, 0);
}
