/**
 * The settings that nodes, clients and servers have in common.
 *
 * @module
 */

import {
  fields,
  flag,
  invalidOption,
  notNegative,
  positive,
  withMethods,
} from "../../foreign/option_checks.ts";
import { canGenerate } from "../../codec/format/generate.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import type { LinkSettings } from "../../driver/link_maker.ts";
import { clockOf, randomOf } from "../../runtime/given_clock.ts";
import type { Authenticator } from "../../session/frames/authenticator.ts";
import { DEFAULT_TIMES, type SessionTimes } from "../../session/frames/session_options.ts";
import { type Limits, resolveLimits } from "../../wire/limits.ts";
import { authenticatorOf } from "../proof/guarded_authenticator.ts";
import { tracerOf } from "../tracing/guarded_tracer.ts";
import { type Logger, loggerOf } from "../contract/logger.ts";
import type { Tracer } from "../contract/tracer.ts";

/** What nodes, clients and servers take alike. */
export interface ConnectionOptions extends Partial<SessionTimes> {
  /** Proves the secret that both sides share, or one for each peer, see `sharedSecret`. Default: none; anyone who can connect is accepted. */
  readonly auth?: Authenticator | undefined;
  /** What this side takes from each peer. Default: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits> | undefined;
  /** How long handlers may run in one turn before the event loop gets its own, over all connections of this process, in microseconds; one handler that takes longer is not interrupted. Default: 1,000. */
  readonly inlineHandlerUs?: number | undefined;
  /**
   * How long to poll the socket before the runtime is left to wait, in
   * microseconds: after a request for its answer, and after an answer for the
   * next request. That spares most of the time that waking up takes, and keeps
   * a core busy meanwhile; where it catches nothing it is given up, and tried
   * again now and then. It needs FFI permission (`--allow-ffi`), which is never
   * asked for, on Linux or macOS, over TCP or a Unix socket; elsewhere it does
   * nothing. Default: 0, never.
   */
  readonly spinUs?: number | undefined;
  /** Pieces of messages above this many bytes are written from where they lie instead of being copied into the batch (TCP, TLS, Unix). Default: 262,144, up to which copying has proven to be cheaper; no piece is so large while the peer's `maxFragmentBytes` has its default. */
  readonly writeFlattenLimit?: number | undefined;
  /** Whether batches carry checksums where the transport has none of its own. Default: `true`; both sides must want them. */
  readonly checksums?: boolean | undefined;
  /**
   * How old a connection may grow before it is renewed, in milliseconds: a new
   * one is made, new calls go there, and what runs finishes on the old one. The
   * side that dials begins up to 10 % early, at random; the other one asks it to
   * when the time has come. Soon after certificates have changed connections
   * are renewed too, whatever their age. Default: 3,600,000 (an hour) where the
   * peer has shown a certificate, else `Infinity`.
   */
  readonly maxConnectionAgeMs?: number | undefined;
  /** How long what runs may go on when its connection was renewed, in milliseconds; then it ends as `GoingAway`. A connection that cannot be renewed grows older than `maxConnectionAgeMs` by as much. Default: 300,000 (5 minutes). */
  readonly renewalGraceMs?: number | undefined;
  /** Where log lines go. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
  /** Begins a span for each call made and served, and carries the trace's context from one to the other; see `Tracer`. Default: none, at no cost. */
  readonly tracer?: Tracer | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
  /** The source of random numbers. Default: the system. */
  readonly random?: Random | undefined;
}

/** The same with everything filled in. */
export interface ConnectionSettings extends LinkSettings {
  /** See {@linkcode ConnectionOptions}; `undefined`: it depends on the peer. */
  readonly maxConnectionAgeMs: number | undefined;
  /** See {@linkcode ConnectionOptions}. */
  readonly renewalGraceMs: number;
  /** See {@linkcode ConnectionOptions}. */
  readonly logger: EventLogger;
  /** See {@linkcode ConnectionOptions}. */
  readonly tracer: Tracer | null;
}

let toldOfInterpreter = false;

/** Says once in a process that codecs are slower than they could be. */
function tellOfInterpreter(logger: EventLogger): void {
  if (canGenerate || toldOfInterpreter) return;
  toldOfInterpreter = true;
  logger.warn(
    "Codecs are interpreted, which is two to four times slower: this runtime does not allow code " +
      "generation from strings (--disallow-code-generation-from-strings). Everything else works the same.",
    { event: "codecs_interpreted" },
  );
}

/**
 * Fills in what is missing and checks the numbers.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveConnectionOptions(given: ConnectionOptions): ConnectionSettings {
  const logger = loggerOf(given.logger), clock = clockOf(given.clock);
  tellOfInterpreter(logger);
  const settings: ConnectionSettings = {
    auth: authenticatorOf(given.auth, logger, clock),
    handshakeTimeoutMs: positive(
      "handshakeTimeoutMs",
      given.handshakeTimeoutMs,
      DEFAULT_TIMES.handshakeTimeoutMs,
    ),
    pingIntervalMs: positive("pingIntervalMs", given.pingIntervalMs, DEFAULT_TIMES.pingIntervalMs),
    livenessTimeoutMs: positive(
      "livenessTimeoutMs",
      given.livenessTimeoutMs,
      DEFAULT_TIMES.livenessTimeoutMs,
    ),
    maxClockSkewMs: positive("maxClockSkewMs", given.maxClockSkewMs, DEFAULT_TIMES.maxClockSkewMs),
    maxConnectionAgeMs: given.maxConnectionAgeMs === undefined
      ? undefined
      : positive("maxConnectionAgeMs", given.maxConnectionAgeMs, Infinity),
    renewalGraceMs: positive("renewalGraceMs", given.renewalGraceMs, 300_000),
    limits: resolveLimits(fields("limits", given.limits)),
    inlineHandlerUs: positive("inlineHandlerUs", given.inlineHandlerUs, 1_000),
    spinUs: notNegative("spinUs", given.spinUs, 0),
    writeFlattenLimit: positive("writeFlattenLimit", given.writeFlattenLimit, 262_144),
    checksums: flag("checksums", given.checksums, true),
    logger,
    tracer: given.tracer === undefined
      ? null
      : tracerOf(withMethods("tracer", given.tracer, "startSpan")),
    clock,
    random: randomOf(given.random),
  };
  if (settings.livenessTimeoutMs <= settings.pingIntervalMs) {
    throw invalidOption(
      "livenessTimeoutMs",
      `(${settings.livenessTimeoutMs}) must exceed pingIntervalMs (${settings.pingIntervalMs})`,
    );
  }
  return settings;
}
