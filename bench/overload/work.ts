/**
 * What the bench of overload calls, and what its processes tell each other.
 *
 * @module
 */

import { method, type Service, service, type SingleMethod } from "@internode/grid/call";
import * as t from "@internode/grid/codec";

/** A handler that keeps the processor, and one that waits for something of which there are few. */
export const WORK_KINDS = ["compute", "wait"] as const;
/** One of them. */
export type WorkKind = typeof WORK_KINDS[number];

/** No limit, the number that is right, and a limit that follows how long calls take. */
export const LIMITS = ["none", "fixed", "adaptive"] as const;
/** One of them. */
export type LimitKind = typeof LIMITS[number];

/** How long `compute` keeps the processor, in milliseconds. */
export const COMPUTE_MS = 0.2;
/** How long `wait` has something of which there are {@linkcode POOL}, in milliseconds. */
export const WAIT_MS = 10;
/** How many there are. */
export const POOL = 20;

/** What is called: 64 bytes there and back. */
export const Work: Service<{ work: SingleMethod<Uint8Array, Uint8Array> }> = service("work", {
  work: method({ request: t.raw(), response: t.raw() }),
});

/** So many calls a second, for so long. */
export interface Stage {
  /** How many calls come in a second, on average. */
  readonly perSecond: number;
  /** How long. */
  readonly seconds: number;
}

/** As many calls as are answered, so many at a time. */
export interface FullLoad {
  readonly inFlight: number;
  readonly seconds: number;
}

/** What a client is to do. */
export interface Order {
  /** One after the other. */
  readonly stages: readonly Stage[];
  /** How long each call may take, in milliseconds. */
  readonly timeoutMs: number;
  /** What arrivals are drawn from. */
  readonly seed: number;
}

/** What came of the calls that were due in one stage. */
export interface StageResult {
  /** How many were due. */
  sent: number;
  /** How many were answered in time, counted from when they were due. */
  good: number;
  /** How many were refused, which leaves their callers time to go elsewhere. */
  refused: number;
  /** How many had no answer in time. */
  late: number;
  /** How many failed in another way. */
  failed: number;
  /** How long the good ones took, in milliseconds. */
  readonly tookMs: number[];
}

/** What came of all of them. */
export interface Outcome {
  /** By stage. */
  readonly stages: readonly StageResult[];
  /** Of each tenth of a second, how many were due and how many of these were good. */
  readonly tenths: readonly { sent: number; good: number }[];
}

/** The most that a server has held. */
export interface Held {
  /** Heap and buffers, in bytes. */
  readonly heapBytes: number;
  /** All that was resident, in bytes. */
  readonly residentBytes: number;
}
