/**
 * What is known of every call in a simulated cluster, and what must never be.
 *
 * @module
 */

import { InternodeError } from "@internode/grid";
import { History, type SimulatedCluster } from "@internode/grid/testing";

/** By how much a call may be late beside the time its node stood still, in milliseconds. */
const SLACK_MS = 100;
/** How much faster or slower than true time a node's clock may run, with something to spare. */
const CLOCK_TOLERANCE = 1.03;

/** One call. */
export interface CallRecord {
  readonly tag: string;
  readonly host: string;
  readonly life: number;
  readonly startMs: number;
  readonly timeoutMs: number;
  /** Why its caller would abort it. */
  readonly abortReason: string;
  /** How long the caller itself let what it had received wait, in milliseconds. */
  idleMs: number;
  ended: boolean;
}

/** How a call may end that is not answered. */
const FATES = new Set([
  "Unreachable notSent",
  "Disconnected notSent",
  "Disconnected notExecuted",
  "Disconnected maybeExecuted",
  "GoingAway notSent",
  "GoingAway notExecuted",
  "GoingAway maybeExecuted",
  // As many handlers of cancelled calls still run as the peer may have.
  "Overloaded notExecuted",
  "DeadlineExceeded notSent",
  "DeadlineExceeded notExecuted",
  "DeadlineExceeded maybeExecuted",
  "DeadlineExceeded executed",
]);

/** All calls of a run, and the violations among them. */
export class Ledger {
  /** What must never be, as texts. */
  readonly violations: string[] = [];
  /** How often calls ended in each way. */
  readonly fates: Record<string, number> = {};
  /** Tells runs apart by how every call ended. */
  readonly history: History = new History();
  /** How many inputs the callers of streams have ended after. */
  readonly ends = new Map<string, number>();
  readonly #pending = new Map<string, CallRecord>();
  readonly #executed = new Set<string>();
  readonly #notRun: string[] = [];
  readonly #frozenSinceMs = new Map<string, number>();
  readonly #frozen = new Map<string, [fromMs: number, toMs: number][]>();
  readonly #nowMs: () => number;
  #calls = 0;

  /** Follows a cluster whose nodes write into this ledger. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** How many calls were made. */
  get calls(): number {
    return this.#calls;
  }

  /** How many calls have not ended. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Notes when nodes stand still, and forgets what crashed ones had under way. */
  follow(cluster: Pick<SimulatedCluster<never>, "history">): void {
    cluster.history.subscribe(({ kind, from }) => {
      if (kind === "freeze") this.#frozenSinceMs.set(from, this.#nowMs());
      if (kind === "thaw" || kind === "crash") this.#onThaw(from);
      if (kind !== "crash") return;
      for (const record of this.#pending.values()) {
        if (record.host === from) this.#pending.delete(record.tag);
      }
    });
  }

  /** A call begins. */
  begin(host: string, life: number, timeoutMs: number, abortReason: string): CallRecord {
    const tag = `${host}/${life}/${++this.#calls}`;
    const startMs = this.#nowMs();
    const record = { tag, host, life, startMs, timeoutMs, abortReason, idleMs: 0, ended: false };
    this.#pending.set(tag, record);
    return record;
  }

  /** A handler runs for a call. */
  run(tag: string): void {
    this.check(!this.#executed.has(tag), tag, "was run twice");
    this.#executed.add(tag);
  }

  /** A call was answered. */
  succeed(record: CallRecord): void {
    this.#end(record, "ok");
    this.check(this.#executed.has(record.tag), record.tag, "was answered without having been run");
  }

  /** A call has failed. */
  fail(record: CallRecord, error: unknown, planned: boolean): void {
    if (error === record.abortReason) return this.#end(record, "aborted");
    if (!(error instanceof InternodeError)) {
      this.#end(record, "?");
      return this.violate(record.tag, `failed with ${error}`);
    }
    const fate = `${error.code} ${error.outcome}`;
    this.#end(record, fate);
    if (planned && fate === "HandlerFailed executed") return;
    this.check(FATES.has(fate), record.tag, `ended as ${fate}: ${error.message}`);
    if (error.outcome === "notSent" || error.outcome === "notExecuted") {
      this.#notRun.push(record.tag);
    }
  }

  /** Notes a violation unless the condition holds. */
  check(condition: boolean, tag: string, what: string): void {
    if (!condition) this.violate(tag, what);
  }

  /** Notes a violation. */
  violate(tag: string, what: string): void {
    this.violations.push(`${this.#nowMs()} ms: ${tag} ${what}`);
  }

  /** When all is quiet: everything has ended, and what was said not to have run has not. */
  finish(): void {
    for (const record of this.#pending.values()) this.violate(record.tag, "never ended");
    for (const tag of this.#notRun) {
      this.check(
        !this.#executed.has(tag),
        tag,
        "was run, though its caller was told that it was not",
      );
    }
  }

  #end(record: CallRecord, fate: string): void {
    const { tag, host, startMs, timeoutMs, idleMs } = record;
    const nowMs = this.#nowMs();
    this.check(!record.ended, tag, `ended twice, the second time as ${fate}`);
    record.ended = true;
    this.#pending.delete(tag);
    this.fates[fate] = (this.fates[fate] ?? 0) + 1;
    this.history.add(nowMs, fate, tag);
    const boundMs = (timeoutMs + idleMs) * CLOCK_TOLERANCE + SLACK_MS +
      this.#stoodStillMs(host, startMs);
    const tookMs = nowMs - startMs;
    this.check(tookMs <= boundMs, tag, `took ${tookMs} ms of ${timeoutMs} and ended as ${fate}`);
  }

  #onThaw(host: string): void {
    const sinceMs = this.#frozenSinceMs.get(host);
    if (sinceMs === undefined) return;
    this.#frozenSinceMs.delete(host);
    const spans = this.#frozen.get(host) ?? [];
    spans.push([sinceMs, this.#nowMs()]);
    this.#frozen.set(host, spans);
  }

  /** How long a node has stood still since then. */
  #stoodStillMs(host: string, sinceMs: number): number {
    let sumMs = 0;
    for (const [fromMs, toMs] of this.#frozen.get(host) ?? []) {
      sumMs += Math.max(0, toMs - Math.max(fromMs, sinceMs));
    }
    return sumMs;
  }
}
