/**
 * A sequence that grows, its replicas, and whoever follows it: what a reader of
 * a resumed stream must have seen.
 *
 * @module
 */

import { InternodeError, stream, type StreamContract } from "@internode/grid";
import * as t from "@internode/grid/codec";
import {
  GapError,
  type LoggedOutput,
  loggedOutput,
  type OutputLog,
  outputLog,
  resume,
} from "@internode/grid/patterns";
import type { SeededRandom } from "@internode/grid/testing";
import type { Clock } from "../../../lib/runtime/clock.ts";
import { pause } from "../../support/pause.ts";

/** A fault put in on purpose, which the checker must find. */
export type Fault = "none" | "skips" | "repeats" | "says nothing of gaps";

/** What a call that follows is made of. */
export const followParts = {
  initial: t.record({ from: t.optional(t.string()) }),
  output: loggedOutput(t.uint()),
  inputCapacity: 0,
  outputCapacity: 3,
} as const;

/** Follows a sequence behind a position. */
export const follow: StreamContract<{ from?: string }, never, LoggedOutput<number>> = stream(
  "follow",
  followParts,
);

const NAME = "sequence";
/** So many outputs at most a replica gives again. */
const MAX_BACK = 2;

/** What all replicas have in the end: 1, 2, 3 and so on. */
export class Sequence {
  /** The last number. */
  last = 0;
  /** Up to here some replica has dropped its outputs. */
  dropped = 0;
  /** Whether replicas take no more. */
  stopped = false;
  readonly #random: SeededRandom;
  readonly #fault: Fault;

  constructor(random: SeededRandom, fault: Fault) {
    this.#random = random;
    this.#fault = fault;
  }

  /** A replica that takes what there is, now and then, for as long as its node runs. */
  replica(clock: Clock): OutputLog<number> {
    const random = this.#random, maxItems = random.pick([2, 5, 1_000]);
    const from = Math.max(1, this.last - random.int(0, maxItems));
    const log = outputLog<number>({ id: NAME, first: from, maxItems });
    let next = from;
    const take = (): void => {
      while (next <= this.last) log.append(next++);
      this.dropped = Math.max(this.dropped, next - 1 - log.length);
    };
    const takeLater = (): void => {
      clock.setTimer(random.float(1, 40), () => {
        take();
        if (!this.stopped) takeLater();
      });
    };
    take();
    takeLater();
    return log;
  }

  /** Where a replica begins: as a server may that keeps its outputs in pieces. */
  begin(log: OutputLog<number>, from: string | undefined): string | undefined {
    if (from === undefined) return undefined;
    const at = numberOf(from), oldest = numberOf(log.position) - log.length;
    const back = Math.min(this.#random.int(0, MAX_BACK), Math.max(0, at - oldest));
    if (this.#fault === "skips") return positionOf(at + 1);
    if (this.#fault === "says nothing of gaps" && at < oldest) return positionOf(oldest);
    return positionOf(at - back);
  }
}

/** What a follower has seen, in all its lives. */
export class Seen {
  /** The last number read; `null`: none. */
  last: number | null = null;
  /** What must not have happened. */
  readonly faults: string[] = [];
  /** How many gaps it was told of. */
  gaps = 0;
  /** How many losses there were. */
  losses = 0;
  /** How many duplicates were dropped. */
  duplicates = 0;
}

/** One that follows the sequence over all losses, and looks closely. */
export class Follower {
  readonly #seen: Seen;
  readonly #sequence: Sequence;
  readonly #open: (from: string | undefined) => AsyncIterable<LoggedOutput<number>>;
  readonly #random: SeededRandom;
  readonly #clock: Clock;
  readonly #fault: Fault;
  readonly #leaving = new AbortController();

  constructor(
    seen: Seen,
    sequence: Sequence,
    open: (from: string | undefined) => AsyncIterable<LoggedOutput<number>>,
    random: SeededRandom,
    clock: Clock,
    fault: Fault,
  ) {
    this.#seen = seen;
    this.#sequence = sequence;
    this.#open = open;
    this.#random = random;
    this.#clock = clock;
    this.#fault = fault;
  }

  /** Stops following. */
  leave(): void {
    this.#leaving.abort(new Error("enough"));
  }

  /** Follows until it is left: after each end it begins anew where it was, after a gap behind it. */
  async run(): Promise<void> {
    const seen = this.#seen;
    while (!this.#leaving.signal.aborted) {
      try {
        await this.#follow();
      } catch (error) {
        if (this.#leaving.signal.aborted) return;
        if (error instanceof GapError) {
          seen.gaps++;
          // What a replica gives again may be dropped meanwhile: it does not know what is needed of that.
          if (numberOf(String(error.after)) - MAX_BACK >= this.#sequence.dropped) {
            seen.faults.push(`a gap where nothing was dropped: ${error.message}`);
          }
          seen.last = null;
        } else if (!(error instanceof InternodeError)) {
          seen.faults.push(`it ended with a strange error: ${error}`);
          return;
        } else if (!this.#mayEnd(error)) {
          seen.faults.push(`it ended with ${error.code}: ${error.message}`);
          return;
        }
      }
      await pause(this.#clock, 5);
    }
  }

  async #follow(): Promise<void> {
    const random = this.#random, seen = this.#seen, { last } = seen, { signal } = this.#leaving;
    const watch = resume((from) => this.#open(from), {
      position: ({ position }: LoggedOutput<number>) => position,
      compare: this.#fault === "repeats"
        ? () => 1
        : (a: string, b: string) => numberOf(a) - numberOf(b),
      from: last === null ? undefined : positionOf(last),
      previous: this.#fault === "none" && random.chance(0.5)
        ? ({ value }) => positionOf(value - 1)
        : undefined,
      endless: true,
      maxGapMs: random.pick([200, 5_000, 100_000]),
      clock: this.#clock,
      random,
      signal,
      onLoss: () => seen.losses++,
    });
    let many = random.pick([3, 20, 1_000_000]);
    for await (const { value, position } of watch) {
      if (positionOf(value) !== position) seen.faults.push(`${value} came at ${position}`);
      const expected = seen.last === null ? value : seen.last + 1;
      if (value !== expected) seen.faults.push(`${value} came where ${expected} was next`);
      seen.last = value;
      if (watch.duplicates > 0 && watch.attempts === 1 && last === null) {
        seen.faults.push("a duplicate in the first attempt");
      }
      if (many-- === 0) break;
      if (random.chance(0.2)) await pause(this.#clock, random.float(0, 50));
    }
  }

  /** What the stream may end with when it went without progress for too long. */
  #mayEnd({ code, message }: InternodeError): boolean {
    return code !== "HandlerFailed" && message.includes("could not be resumed within");
  }
}

function positionOf(number: number): string {
  return `${NAME}:${number}`;
}

function numberOf(position: string): number {
  return Number(position.slice(position.lastIndexOf(":") + 1));
}
