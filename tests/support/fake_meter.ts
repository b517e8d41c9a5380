/**
 * A meter that notes what it is told.
 *
 * @module
 */

import type { CallMeter, Measurement, Meter, MeteredCalls, MeteredOutcome } from "@internode/grid";

/** One call that has ended. */
export interface Recorded extends MeteredCalls {
  readonly durationMs: number;
  readonly outcome: MeteredOutcome;
}

/** Notes all calls, in their order. */
export class FakeMeter implements Meter {
  /** What has ended. */
  readonly calls: Recorded[] = [];
  /** What can be read; `null` before a node has begun and after it has ended. */
  read: (() => readonly Measurement[]) | null = null;

  meterCalls(calls: MeteredCalls): CallMeter {
    return {
      record: (durationMs, outcome) => void this.calls.push({ ...calls, durationMs, outcome }),
    };
  }

  watch(read: () => readonly Measurement[]): () => void {
    this.read = read;
    return () => this.read = null;
  }

  /** What it was told since the last time, a line each: side, handler, outcome, and milliseconds rounded down to tens, as messages take some time. */
  told(): string[] {
    const lines = this.calls.map(({ side, handler, outcome, durationMs }) =>
      `${side} ${handler}: ${outcome ?? "OK"} ${Math.floor(durationMs / 10) * 10}`
    );
    this.calls.length = 0;
    return lines;
  }
}
