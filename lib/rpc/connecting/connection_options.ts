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
import type { Meter } from "../contract/meter.ts";
import type { Tracer } from "../contract/tracer.ts";
import { GuardedMeter } from "../metering/guarded_meter.ts";

/** Options of nodes, clients and servers. */
export interface ConnectionOptions extends Partial<SessionTimes> {
  /** Proves the secret that both sides share, or one for each peer, see `sharedSecret`. Default: none; anyone who can connect is accepted. */
  readonly auth?: Authenticator | undefined;
  /** The limits of this side for each peer. Default: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits> | undefined;
  /** How long handlers may run before the event loop gets a turn, over all connections of this process, in microseconds. A handler that takes longer is not interrupted. Default: 1,000. */
  readonly inlineHandlerUs?: number | undefined;
  /**
   * How long to poll the socket before the runtime waits for it, in
   * microseconds: after a request for its response, and after a response for
   * the next request. This saves most of the time of waking up, and keeps a
   * core busy meanwhile. If polls find nothing, polling pauses, and is tried
   * again now and then. It needs FFI permission (`--allow-ffi`), for which the
   * user is never prompted, on Linux or macOS, over TCP or a Unix socket;
   * elsewhere it does nothing. Default: 0, no polling.
   */
  readonly spinUs?: number | undefined;
  /** Fragments of streams' messages above this many bytes are written without a copy into the batch (TCP, TLS, Unix), unless their memory is lent. Default: 131,072. */
  readonly writeFlattenLimit?: number | undefined;
  /** Whether batches carry checksums over TCP. Default: `true`; both sides must have it on. */
  readonly checksums?: boolean | undefined;
  /**
   * The age at which a connection is renewed, in milliseconds: a new one is
   * made for new calls, and running calls finish on the old one. The side that
   * dials begins up to 10 % early, at random; the other side asks for it when
   * the time has come. Connections are also renewed soon after certificates
   * have changed. Default: 3,600,000 (an hour) if the peer has shown a
   * certificate, or else `Infinity`.
   */
  readonly maxConnectionAgeMs?: number | undefined;
  /** How long running calls may go on after their connection was renewed, in milliseconds; then they end with `GoingAway`. A connection that cannot be renewed may be older than `maxConnectionAgeMs` by this much. Default: 300,000 (5 minutes). */
  readonly renewalGraceMs?: number | undefined;
  /** Receives log lines. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
  /** Begins a span for each call made and served, and sends the trace's context along; see `Tracer`. Default: none, at no cost. */
  readonly tracer?: Tracer | undefined;
  /** Receives how long each call took, made and served, and further figures; see `Meter`. Default: none, at no cost. */
  readonly meter?: Meter | undefined;
  /** The source of time. Default: the system. */
  readonly clock?: Clock | undefined;
  /** The source of random numbers. Default: the system. */
  readonly random?: Random | undefined;
}

/** The same options, complete. */
export interface ConnectionSettings extends LinkSettings {
  /** See {@linkcode ConnectionOptions}; `undefined` if it depends on the peer. */
  readonly maxConnectionAgeMs: number | undefined;
  /** See {@linkcode ConnectionOptions}. */
  readonly renewalGraceMs: number;
  /** See {@linkcode ConnectionOptions}. */
  readonly logger: EventLogger;
  /** See {@linkcode ConnectionOptions}. */
  readonly tracer: Tracer | null;
  /** See {@linkcode ConnectionOptions}. */
  readonly meter: GuardedMeter | null;
}

let toldOfInterpreter = false;

/** Logs once per process that codecs are slower than they could be. */
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
 * Fills in defaults and checks the values.
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
    writeFlattenLimit: positive("writeFlattenLimit", given.writeFlattenLimit, 131_072),
    checksums: flag("checksums", given.checksums, true),
    logger,
    tracer: given.tracer === undefined
      ? null
      : tracerOf(withMethods("tracer", given.tracer, "startSpan")),
    meter: given.meter === undefined
      ? null
      : new GuardedMeter(withMethods("meter", given.meter, "meterCalls"), logger),
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
