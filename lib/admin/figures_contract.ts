/**
 * Calls by handler and other side, as admin counts them.
 *
 * @module
 */

import type { Codec } from "../codec/format/codec.ts";
import { uint } from "../codec/format/integer.ts";
import { list } from "../codec/values/list.ts";
import { map } from "../codec/values/map.ts";
import { float, string } from "../codec/values/scalars.ts";
import { record } from "../codec/records/record.ts";
import { optional } from "../codec/values/presence.ts";
import { single, type SingleContract } from "../rpc/contract/contract.ts";

/** Which calls are counted up. */
export interface FiguresRequest {
  /** Only those of the handler of this name. Default: all but those of admin. */
  readonly handler?: string | undefined;
}

/** The calls of one handler with one other side, in one direction, since counting began. */
export interface AdminFigures {
  /** `"client"` for calls that the node has made, `"server"` for those that it has served. */
  readonly side: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The contract's name; `"_other"` for names that no handler has, and beyond 2,000 rows. */
  readonly handler: string;
  /** The other side; `""` for calls that reached none, `"_other"` as for `handler`. */
  readonly host: string;
  /** How many have ended. */
  readonly ended: number;
  /** How long they took together, in milliseconds. */
  readonly totalMs: number;
  /** How many of them took how long: see `FiguresResponse.boundsMs`. */
  readonly buckets: readonly number[];
  /** How many of them failed, by the errors' codes, or `"Aborted"`. */
  readonly failed: ReadonlyMap<string, number>;
  /** How many have not ended. */
  readonly inFlight: number;
}

/** What was counted. */
export interface FiguresResponse {
  /** The node's monotonic clock at that moment, in milliseconds: rates need two readings. */
  readonly atMs: number;
  /** Its wall clock, in milliseconds since 1970. */
  readonly timeMs: number;
  /** Its process: totals of another one begin at 0. */
  readonly instance: string;
  /** The upper bounds of the buckets, in milliseconds, each still within. There is one more bucket, for all that took longer. */
  readonly boundsMs: readonly number[];
  /** One row for each handler, other side and direction. */
  readonly rows: readonly AdminFigures[];
}

/** What tells the rows of a reading apart. */
export function figuresKey({ side, kind, handler, host }: AdminFigures): string {
  return `${side} ${kind} ${handler}\n${host}`;
}

const row: Codec<AdminFigures> = record({
  side: string(),
  kind: string(),
  handler: string(),
  host: string(),
  ended: uint(),
  totalMs: float(),
  buckets: list(uint()),
  failed: map(uint()),
  inFlight: uint(),
});

/** Asks for the calls by handler and other side. Counting begins with the first question. */
export const figuresContract: SingleContract<FiguresRequest, FiguresResponse> = single(
  "internode.figures",
  {
    docs: "Calls by handler and other side since counting began.",
    request: record({ handler: optional(string()) }),
    response: record({
      atMs: float(),
      timeMs: float(),
      instance: string(),
      boundsMs: list(float()),
      rows: list(row),
    }),
  },
);
