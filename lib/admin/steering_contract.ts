/**
 * Pings, health, and what admin changes: log level, drain.
 *
 * @module
 */

import { list } from "../codec/values/list.ts";
import { nullable, optional } from "../codec/values/presence.ts";
import { boolean, bytes, float, string } from "../codec/values/scalars.ts";
import { record } from "../codec/records/record.ts";
import type { Codec } from "../codec/format/codec.ts";
import type { Health, HealthOptions, HealthVerdict } from "../operations/health.ts";
import { single, type SingleContract } from "../rpc/contract/contract.ts";

/** How many bytes a ping carries at most. */
export const MAX_PING_BYTES = 1_048_576;

/** A ping. */
export interface PingRequest {
  /** What comes back: at most 1 MiB. */
  readonly payload: Uint8Array;
}

/** The answer to a ping. */
export interface PingResponse {
  /** What was sent. */
  readonly payload: Uint8Array;
  /** The node's wall clock, in milliseconds since 1970. */
  readonly timeMs: number;
}

/** Asks for an answer, with as many bytes as are sent. */
export const pingContract: SingleContract<PingRequest, PingResponse> = single("internode.ping", {
  docs: "Answers with as many bytes as were sent.",
  request: record({ payload: bytes({ maxBytes: MAX_PING_BYTES }) }),
  response: record({ payload: bytes(), timeMs: float() }),
});

const verdict: Codec<HealthVerdict> = record({ ok: boolean(), problems: list(string()) });

/** Asks whether a node or server can do its work; see `health` of the export `./operations`. */
export const healthContract: SingleContract<HealthOptions, Health> = single("internode.health", {
  docs: "Whether calls should be sent here, and whether the process works.",
  request: record({
    minPeers: optional(float()),
    minReplicas: optional(float()),
    listening: optional(boolean()),
    maxLoopDelayMs: optional(float()),
  }),
  response: record({ ready: verdict, alive: verdict }),
});

/** How the log level changes. */
export interface LogLevelRequest {
  /** `"debug"`, `"info"`, `"warn"` or `"error"`; `"reset"` for the one that the node has begun with. Default: it stays, and is only told. */
  readonly level?: string | undefined;
  /** For how long, in milliseconds; it is reset then. Default: until it is reset. */
  readonly forMs?: number | undefined;
}

/** The log level. */
export interface AdminLogLevel {
  /** From which level on lines are passed to the node's logger. */
  readonly level: string;
  /** The level that the node has begun with. */
  readonly usual: string;
  /** When it is reset, in milliseconds since 1970; `null` if not by itself. */
  readonly untilMs: number | null;
}

/** Asks for the log level, or changes it. */
export const logLevelContract: SingleContract<LogLevelRequest, AdminLogLevel> = single(
  "internode.logLevel",
  {
    docs: "From which level on lines are logged; changes that, too.",
    request: record({ level: optional(string()), forMs: optional(float()) }),
    response: record({ level: string(), usual: string(), untilMs: nullable(float()) }),
  },
);

/** How a node or server is drained. */
export interface DrainRequest {
  /** How long calls under way may take, in milliseconds. Default: as for `close`. */
  readonly graceMs?: number | undefined;
}

/** The answer to drain. */
export interface DrainResponse {
  /** How many calls in flight have the grace time. */
  readonly calls: number;
}

/** Takes a node or server out of service: it does what its `close` does, and answers when it begins. */
export const drainContract: SingleContract<DrainRequest, DrainResponse> = single(
  "internode.drain",
  {
    docs: "Takes it out of service.",
    request: record({ graceMs: optional(float()) }),
    response: record({ calls: float() }),
  },
);
