/**
 * The settings of a node.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { Clock, Random } from "../net/clock.ts";
import { systemClock } from "../net/system_clock.ts";
import { systemRandom } from "../net/system_random.ts";
import type { Transports } from "../net/transport.ts";
import { systemTransports } from "../net/transports.ts";
import type { Authenticator } from "../session/authenticator.ts";
import { DEFAULT_TIMES, type SessionTimes } from "../session/session_options.ts";
import { type Limits, resolveLimits } from "../wire/limits.ts";
import { type BackOffOptions, DEFAULT_BACK_OFF } from "./back_off.ts";
import { consoleLogger, type Logger } from "./logger.ts";

/** What a `Manager` is made from. */
export interface ManagerOptions extends Partial<SessionTimes> {
  /** This host's URL, by which its peers know it: `tcp://10.0.0.1:9000`, `ws://…`, `unix:///run/grid.sock`. */
  readonly local: string;
  /** All hosts of the grid, `local` among them once. */
  readonly hosts: Iterable<string>;
  /** Proves the secret that all nodes share, see `sharedSecret`. Default: none; anyone who can connect is let in. */
  readonly auth?: Authenticator | undefined;
  /** The request path of WebSocket hosts. Default: `"/internode"`. */
  readonly path?: string | undefined;
  /** How long a request may take unless it says otherwise, in milliseconds. Default: 60,000. */
  readonly defaultTimeoutMs?: number | undefined;
  /** How long one attempt to connect may take, in milliseconds; also how long the first calls wait for a peer that dials. Default: 10,000. */
  readonly dialTimeoutMs?: number | undefined;
  /** How reconnecting slows down. Default: from 20 ms by 1.6 up to 2,000 ms, less up to 40 %. */
  readonly reconnect?: Partial<BackOffOptions> | undefined;
  /** What this node takes from each peer. Default: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits> | undefined;
  /** How long handlers may run in one turn before the event loop gets its own, in microseconds. Default: 1,000. */
  readonly inlineHandlerUs?: number | undefined;
  /** Pieces of messages above this many bytes are written from where they lie instead of being copied into the batch (TCP, TLS, Unix). Default: 65,536, which no piece exceeds while the peer's `maxFragmentBytes` has its default too. */
  readonly writeFlattenLimit?: number | undefined;
  /** Whether batches carry checksums where the transport has none of its own. Default: `true`; both sides must want them. */
  readonly checksums?: boolean | undefined;
  /** Where log lines go. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
  /** Where chance comes from. Default: the system. */
  readonly random?: Random | undefined;
  /** How hosts are reached. Default: `systemTransports()`. */
  readonly transports?: Transports | undefined;
}

/** The same with everything filled in. */
export interface NodeOptions extends SessionTimes {
  /** See {@linkcode ManagerOptions}. */
  readonly auth: Authenticator | null;
  /** See {@linkcode ManagerOptions}. */
  readonly path: string;
  /** See {@linkcode ManagerOptions}. */
  readonly defaultTimeoutMs: number;
  /** See {@linkcode ManagerOptions}. */
  readonly dialTimeoutMs: number;
  /** See {@linkcode ManagerOptions}. */
  readonly reconnect: BackOffOptions;
  /** See {@linkcode ManagerOptions}. */
  readonly limits: Limits;
  /** See {@linkcode ManagerOptions}. */
  readonly inlineHandlerUs: number;
  /** See {@linkcode ManagerOptions}. */
  readonly writeFlattenLimit: number;
  /** See {@linkcode ManagerOptions}. */
  readonly checksums: boolean;
  /** See {@linkcode ManagerOptions}. */
  readonly logger: Logger;
  /** See {@linkcode ManagerOptions}. */
  readonly clock: Clock;
  /** See {@linkcode ManagerOptions}. */
  readonly random: Random;
  /** See {@linkcode ManagerOptions}. */
  readonly transports: Transports;
}

/**
 * Fills in what is missing and checks the numbers.
 *
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveOptions(given: ManagerOptions): NodeOptions {
  const options: NodeOptions = {
    auth: given.auth ?? null,
    path: given.path ?? "/internode",
    defaultTimeoutMs: positive("defaultTimeoutMs", given.defaultTimeoutMs ?? 60_000),
    dialTimeoutMs: positive("dialTimeoutMs", given.dialTimeoutMs ?? 10_000),
    handshakeTimeoutMs: positive(
      "handshakeTimeoutMs",
      given.handshakeTimeoutMs ?? DEFAULT_TIMES.handshakeTimeoutMs,
    ),
    pingIntervalMs: positive(
      "pingIntervalMs",
      given.pingIntervalMs ?? DEFAULT_TIMES.pingIntervalMs,
    ),
    livenessTimeoutMs: positive(
      "livenessTimeoutMs",
      given.livenessTimeoutMs ?? DEFAULT_TIMES.livenessTimeoutMs,
    ),
    maxClockSkewMs: positive(
      "maxClockSkewMs",
      given.maxClockSkewMs ?? DEFAULT_TIMES.maxClockSkewMs,
    ),
    reconnect: resolveBackOff(given.reconnect),
    limits: resolveLimits(given.limits),
    inlineHandlerUs: positive("inlineHandlerUs", given.inlineHandlerUs ?? 1_000),
    writeFlattenLimit: positive("writeFlattenLimit", given.writeFlattenLimit ?? 65_536),
    checksums: given.checksums ?? true,
    logger: given.logger ?? consoleLogger,
    clock: given.clock ?? systemClock,
    random: given.random ?? systemRandom,
    transports: given.transports ?? systemTransports(),
  };
  if (!options.path.startsWith("/")) {
    throw invalid("path", `must begin with "/", not ${JSON.stringify(options.path)}`);
  }
  if (options.livenessTimeoutMs <= options.pingIntervalMs) {
    throw invalid(
      "livenessTimeoutMs",
      `(${options.livenessTimeoutMs}) must exceed pingIntervalMs (${options.pingIntervalMs})`,
    );
  }
  return options;
}

function resolveBackOff(given: Partial<BackOffOptions> = {}): BackOffOptions {
  const { initialMs, factor, maxMs, jitter } = { ...DEFAULT_BACK_OFF, ...given };
  positive("reconnect.initialMs", initialMs);
  positive("reconnect.maxMs", maxMs);
  if (!(factor >= 1)) throw invalid("reconnect.factor", `must be at least 1, not ${factor}`);
  if (!(jitter >= 0 && jitter <= 1)) {
    throw invalid("reconnect.jitter", `must be from 0 to 1, not ${jitter}`);
  }
  return { initialMs, factor, maxMs, jitter };
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw invalid(name, `must be a number above 0, not ${value}`);
}

function invalid(name: string, why: string): InternodeError {
  return new InternodeError("InvalidArgument", `Option ${name} ${why}.`, { origin: "caller" });
}
