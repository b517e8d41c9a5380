/**
 * The interface to systems of metrics.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";

/** Which calls a {@linkcode CallMeter} is for: those of one handler with one host, in one direction. */
export interface MeteredCalls {
  /** Whether this side makes the calls or serves them. */
  readonly side: "client" | "server";
  /** The contract's kind. */
  readonly kind: "single" | "stream";
  /** The contract's name; `"_other"` for names that no handler has, and beyond 2,000 of these objects for each node, client or server. */
  readonly handler: string;
  /** The other side: a peer's URL, a replica's address, a client's name; `""` for calls that reached none, `"_other"` as for `handler`. */
  readonly host: string;
}

/** How a metered call has ended: `null` for success, or the error's code, or `"Aborted"` if the caller's signal ended it. */
export type MeteredOutcome = ErrorCode | "Aborted" | null;

/** Takes the calls of one handler with one host. */
export interface CallMeter {
  /**
   * A call has ended, or one attempt of it. It runs within the call, so it must be quick.
   *
   * @param durationMs How long it took, in milliseconds.
   * @param outcome How it ended.
   */
  record(durationMs: number, outcome: MeteredOutcome): void;
}

/** What can be measured at any time. */
export interface Measurement {
  /** The name, such as `"internode.connection.sent"`: see the table of docs/observing.md. */
  readonly name: string;
  /** Whether it only grows, or goes up and down. */
  readonly kind: "counter" | "gauge";
  /** Its unit, as in UCUM: `"s"`, `"By"`, or what is counted, such as `"{call}"`. */
  readonly unit: string;
  /** What it is, in one sentence. */
  readonly description: string;
  /** The values, each with the attributes that tell it from the others; empty if there are none now. */
  readonly points: readonly MeasuredPoint[];
}

/** One value of a {@linkcode Measurement}. */
export interface MeasuredPoint {
  /** The value. */
  readonly value: number;
  /** What tells it from the others. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What figures are of. */
export interface MeteredFace {
  /** A `Manager`, a client of `connect`, or a server of `serve`. */
  readonly kind: "grid" | "client" | "server";
  /** A node's URL; the name of a client or server. */
  readonly name: string;
}

/** Receives figures. If it or one of its parts throws, calls go on. */
export interface Meter {
  /**
   * Makes what takes the calls of one handler with one host; called once for
   * each of them, and again when such calls come after they were none for long.
   *
   * @param calls Which calls.
   */
  meterCalls(calls: MeteredCalls): CallMeter;
  /**
   * A node, client or server has begun: its further figures can be read from now on.
   *
   * @param read Gives them, those without values among them. Each reading has a cost.
   * @param face What they are of.
   * @returns A function that is called when it has ended.
   */
  watch?(read: () => readonly Measurement[], face: MeteredFace): () => void;
}
