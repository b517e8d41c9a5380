/**
 * What callers and handlers of a history have seen, and whether it can be true together.
 *
 * @module
 */

import { InternodeError } from "@internode/grid";
import type { SeededRandom } from "@internode/grid/testing";

/** What becomes of one call. */
export interface Plan {
  /** Whose plan it is. */
  readonly id: number;
  readonly kind: "single" | "stream";
  /** Whether it may run more than once. */
  readonly idempotent: boolean;
  /** How many messages its caller and its handler send, if nothing comes between. */
  readonly inputs: number;
  readonly outputs: number;
  /** How large each message is. */
  readonly bytes: number;
  /** How its handler ends by itself: it may wait until it is told to end, by its signal or by its iterator's `return`. */
  readonly ends: "returns" | "throws" | "waits";
  /** How inputs and outputs are read. */
  readonly inputReader: ReaderKind;
  readonly outputReader: ReaderKind;
  /** What gives the outputs. */
  readonly source: "generator" | "iterator" | "readable";
  /** How long its time is; `undefined`: for ever. */
  readonly timeoutMs: number | undefined;
  /** After how long its caller ends it; `undefined`: never. */
  readonly cancelAfterMs: number | undefined;
  /** Chance of its own, for its caller and its handler each. */
  readonly random: { readonly caller: SeededRandom; readonly handler: SeededRandom };
}

/** How a stream's messages are read: once, by two at a time, again after a failure, and only some of them. */
export const READER_KINDS = ["one", "two", "again", "some", "pipe"] as const;
/** See {@linkcode READER_KINDS}. */
export type ReaderKind = typeof READER_KINDS[number];

/** One direction of a stream: what its sender knows, and its readers have seen. */
export class Direction {
  /** How many messages the sender has handed over. */
  sent = 0;
  /** How many there were when the sender ended the direction well; `null`: it has not. */
  ended: number | null = null;
  /** How many were read. */
  read = 0;
}

/** One call and all that is known of it. */
export class CallRecord {
  readonly plan: Plan;
  readonly inputs: Direction = new Direction();
  readonly outputs: Direction = new Direction();
  /** How often a handler has begun, has returned what it was to, and has thrown of itself. */
  runs = 0;
  returned = 0;
  threw = 0;
  /** How often the call has ended for its caller. */
  endings = 0;
  /** What it ended with; `undefined`: well. */
  failure: unknown = undefined;
  /** What its caller has ended it with. */
  reason: unknown = undefined;

  constructor(plan: Plan) {
    this.plan = plan;
  }
}

/** Everything that happened in one history. */
export class Ledger {
  readonly calls: CallRecord[] = [];
  /** What must not have happened. */
  readonly faults: string[] = [];
  /** Parts of callers and handlers that go on. */
  busy = 0;
  /** Iterators and streams of handlers that were neither read to the end nor told that nobody reads on. */
  openSources = 0;

  /** Something that must not be. */
  fault(record: CallRecord, what: string): void {
    const { id, kind } = record.plan;
    this.faults.push(`${kind} ${id}: ${what}`);
  }

  /** Does a part of the work, which {@linkcode Ledger.busy} counts. */
  async during(work: () => Promise<void>): Promise<void> {
    this.busy++;
    try {
      await work();
    } finally {
      this.busy--;
    }
  }

  /** A message was read: they come in order, none is left out. */
  onRead(record: CallRecord, direction: Direction, at: number, which: string): void {
    if (at !== direction.read) {
      this.fault(record, `${which} ${at} was read where ${direction.read} came next`);
    }
    direction.read = at + 1;
  }

  /** A reader sees the clean end. */
  onCleanEnd(record: CallRecord, { ended, sent, read }: Direction, which: string): void {
    if (ended === read) return;
    const truth = ended === null ? `no end, and ${sent} sent` : `${ended} sent`;
    this.fault(record, `a clean end after ${read} ${which}: ${truth}`);
  }

  /** A call has ended for its caller. */
  onEnded(record: CallRecord, failure: unknown): void {
    if (++record.endings > 1) this.fault(record, "it has ended twice");
    record.failure = failure;
  }

  /** Judges what only the end can tell: to be called when nothing goes on any more. */
  judge(): void {
    for (const record of this.calls) this.#judge(record);
    if (this.openSources > 0) {
      this.faults.push(`${this.openSources} iterators of handlers were never told to end`);
    }
    if (this.faults.length > 0) throw new Error(this.faults.join("\n"));
  }

  #judge(record: CallRecord): void {
    const { plan, failure, reason, runs, returned, threw } = record;
    if (record.endings === 0) this.fault(record, "it has never ended");
    if (runs > 1 && !plan.idempotent) this.fault(record, `it ran ${runs} times`);
    if (failure === undefined) {
      if (returned === 0) this.fault(record, "it ended well, and no handler has");
      return;
    }
    if (reason !== undefined && failure === reason) return;
    if (!(failure instanceof InternodeError)) {
      this.fault(record, `it ended with a strange error: ${failure}`);
      return;
    }
    const told = `it ended with ${failure.code}, ${failure.outcome}`;
    const { outcome } = failure;
    if ((outcome === "notSent" || outcome === "notExecuted") && runs > 0) {
      this.fault(record, `${told}, and ran ${runs} times: ${failure.message}`);
    }
    if (outcome === "executed" && runs === 0) this.fault(record, `${told}, and never ran`);
    if (failure.code === "HandlerFailed" && threw === 0 && record.reason === undefined) {
      this.fault(record, `${told}, and no handler threw: ${failure.message}`);
    }
  }
}
