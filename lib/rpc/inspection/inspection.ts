/**
 * What can be looked at and steered in a node, client or server.
 *
 * @module
 */

import type { EventLogger, LogLevel } from "../../foreign/log_event.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { CloseOptions } from "../connecting/close_options.ts";
import type { ConnectionStats, TrafficStats } from "../connecting/connection_stats.ts";
import type { AnyContract } from "../contract/contract.ts";
import type { FaceFigures } from "../metering/face_figures.ts";
import type { CallTrace } from "../tracing/call_trace.ts";
import type { CallInFlight, CallsOptions } from "../contract/call_in_flight.ts";
import type { LoopDelay } from "./loop_delay.ts";

/** A setting that is no secret: numbers (`Infinity` among them), flags, texts, lists of texts, and groups of these. */
export type PlainOption = number | boolean | string | readonly string[] | PlainOptions;

/** Settings by their names. */
export type PlainOptions = { readonly [name: string]: PlainOption };

/** Who is at the other end: a peer of a node, a replica of a client, a client of a server. */
export interface Remote {
  /** A peer's URL, a replica's address, a client's name. */
  readonly host: string;
  /** Where the other end is, while it is connected; `""` otherwise. */
  readonly address: string;
  /** The state of the connection: a `ConnectionState`, or a `ReplicaState`. */
  readonly state: string;
  /** The other process: its name for one life; `""` while it is not connected. */
  readonly instance: string;
  /** Who the other side has proven to be by its certificate; `undefined` without mutual TLS, or while it is not connected. */
  readonly identity: PeerIdentity | undefined;
  /** How far its wall clock is ahead, in milliseconds; `NaN` while that is not known. */
  readonly clockSkewMs: number;
  /** Why there is no connection, in words; `""` if that is not known or there is one. */
  readonly lastFailure: string;
  /** How many handlers run for it, those included whose calls have ended. */
  readonly runningHandlers: number;
  /** How many more bytes of messages it takes now; `NaN` while it is not connected. */
  readonly sendWindowBytes: number;
  /** How many bytes that it has sent are not consumed yet. */
  readonly heldBytes: number;
  /** What is known of it as a replica; `null` for all others. */
  readonly replica: ReplicaFacts | null;
  /** All counters. */
  readonly stats: ConnectionStats;
}

/** What a client knows of a replica. */
export interface ReplicaFacts {
  /** How many calls it has. */
  readonly callsInFlight: number;
  /** How long its recent calls took, in milliseconds, as a moving average; `NaN` before the first. */
  readonly latencyMs: number;
  /** Whether it is set aside for a while because it kept failing. */
  readonly isSetAside: boolean;
  /** Its share of the calls, beside those of the others. */
  readonly weight: number;
  /** Its zone; `""` if it has none. */
  readonly zone: string;
}

/** A handler, as it was registered. */
export interface RegisteredHandler {
  /** The contract's name. */
  readonly name: string;
  /** The subroutes that it serves; `[""]` for none. */
  readonly subroutes: readonly string[];
  /** What both sides agreed on. */
  readonly contract: AnyContract;
  /** The name on the wire: the fingerprint of a service's method, else the contract's name. */
  readonly wireName: string;
  /** How many of its calls may run at a time; `Infinity` without a limit. */
  readonly concurrency: number;
  /** How many of them run, where there is a limit; 0 otherwise. */
  readonly running: number;
  /** How many calls wait for a place. */
  readonly waiting: number;
  /** Whether an `allow` rule decides who may call it. */
  readonly isGuarded: boolean;
}

/** Until when a certificate is valid. */
export interface CertificateEnd {
  /** Whose it is: this side's own, the last of the authorities that it trusts, the first of the lists of revoked certificates to run out, or that of the remote at `host`. */
  readonly whose: "own" | "authorities" | "revocations" | "remote";
  /** The remote's name; `""` for all others. */
  readonly host: string;
  /** The certificate's subject; `""` for lists. */
  readonly subject: string;
  /** In milliseconds since 1970. */
  readonly expiresMs: number;
}

/** The counters of a whole node, client or server. */
export interface FaceStats extends TrafficStats {
  /** How many connections are open, those in their handshake included where this side accepts. */
  readonly connections: number;
  /** How many handlers run, those included whose calls have ended; 0 for a client. */
  readonly runningCalls: number;
  /** How many calls wait for a connection or a replica. */
  readonly waitingCalls: number;
}

/**
 * What can be looked at and steered in a node, client or server. Nothing is
 * counted or kept for it: each answer is put together when it is asked for.
 */
export interface Inspection {
  /** What it is: `Manager`, `ServiceConnection`, or the server of `serve` and `serveOn`. */
  readonly kind: "grid" | "client" | "server";
  /** A node's canonical URL; the name of a client or server. */
  readonly name: string;
  /** Its source of time. */
  readonly clock: Clock;
  /** What is counted of its calls, once somebody wants that. */
  readonly figures: FaceFigures;
  /** Its logger, for lines of its own. */
  readonly logger: EventLogger;
  /** The settings in force, by their names as options: no secrets, keys or functions. Where a function or object of the user decides, whether there is one (`true`). */
  readonly options: PlainOptions;
  /** How long ago it was made, in milliseconds. */
  readonly uptimeMs: number;
  /** Whether it takes new calls, finishes those under way, or is closed. */
  readonly phase: "open" | "closing" | "closed";
  /** Where it listens at the moment; none for a client. */
  readonly addresses: readonly string[];
  /** From which level on log lines are passed to the user's logger. May be set at any time. */
  logLevel: LogLevel;
  /** The counters. */
  stats(): FaceStats;
  /** Who is at the other ends: peers in their order, replicas, clients. */
  remotes(): readonly Remote[];
  /** A node's guests, such as tools that ask for its status; none for all others. */
  guests(): readonly Remote[];
  /** The handlers; none for a client. */
  handlers(): readonly RegisteredHandler[];
  /** The calls that have not ended, the oldest first. */
  calls(options?: CallsOptions): readonly CallInFlight[];
  /** Until when its own certificates and those of its remotes are valid; none without mutual TLS. */
  certificates(): readonly CertificateEnd[];
  /** How late the event loop was lately. Measuring begins with the first question, and ends when nobody has asked for a while. */
  loopDelay(): LoopDelay;
  /** Calls back with each call that has ended; the function returned ends that. */
  trace(subscriber: (call: CallTrace) => void): () => void;
  /** Takes it out of service: what `close` of the node, client or server does. Calls under way have the grace time. */
  drain(options?: CloseOptions): Promise<void>;
}
