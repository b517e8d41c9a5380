/**
 * One client of a server, or guest of a node.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { sentence } from "../../foreign/text_of.ts";
import { callRateOf, CallSource } from "./call_source.ts";
import { type ConnectionStats, ConnectionTotals } from "../connecting/connection_stats.ts";
import type { ServerConnection } from "../connecting/server.ts";
import { drainLink } from "../connecting/link_closing.ts";
import { maxAgeMs, type RenewalDelegate, RenewalSchedule } from "../connecting/renewal_schedule.ts";
import { goingAway } from "../connecting/retired_links.ts";
import type { Serving } from "./serving.ts";
import type { ConnectionState } from "../contract/connection_state.ts";
import type { ListenerLog } from "../connecting/listener_log.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { Link, LinkDelegate } from "../../driver/link.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { Peer } from "../../session/frames/session_options.ts";
import type { ConnectionSettings } from "../connecting/connection_options.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** The factor of the last measured round trip that a client may take to send more of a large call. */
const QUIET_ROUND_TRIPS = 4;
const QUIET_MS = 20;

/** A client of a server that `serve` or `serveOn` has started. */
export interface ServedClient extends ServerConnection {
  /** The address of the client's connection, such as `"tcp://10.0.0.7:51234"`; for messages. */
  readonly remote: string;
}

/** Finds what serves the calls of a connection under one name, or refuses them. */
export type FindTarget = (name: string, subroute: string, source: CallSource) => HandlerTarget;

/** What connections need of their server. */
export interface ServerOfConnection {
  /** The settings. */
  readonly settings: ConnectionSettings;
  /** What handlers need of their server. */
  readonly serving: Serving;
  /** The counts of all connections. */
  readonly totals: ConnectionTotals;
  /** Logs breaches of the protocol. */
  readonly log: ListenerLog;
  /** How often credentials have changed, so that new connections differ from older ones. */
  readonly changes: number;
  /** A connection is gone. */
  forget(connection: ServedConnection): void;
}

/**
 * A client, or a guest of a node, whose handshake is done.
 *
 * ```text
 *   serving --> draining --> closed --> gone
 *      |                       ^
 *      +-----------------------+
 * ```
 *
 * - `serving`: calls are answered
 * - `draining`: running calls may finish, new ones are refused without having
 *   run
 * - `closed`: the session has ended, its goodbye may still be in flight
 * - `gone`: the channel is closed
 */
export class ServedConnection implements LinkDelegate, RenewalDelegate {
  /** Its state; see the class. */
  state: "serving" | "draining" | "closed" | "gone" = "serving";
  /** Its link. */
  readonly link: Link;
  /** The client for users. */
  readonly client: ServedClient;
  /** Ends it as soon as it is open, before its first call, which may have come already. */
  refusal: InternodeError | null = null;

  readonly #server: ServerOfConnection;
  readonly #find: FindTarget;
  readonly #source: CallSource;
  /** Absent if connections have no maximum age, until credentials change. */
  #schedule: RenewalSchedule | null = null;
  /** Its counts. */
  readonly #totals = new ConnectionTotals(() =>
    this.link.session.state === "open" ? [this.link] : []
  );
  /** The last ping that was answered when draining began. */
  #pingBefore: unknown = null;
  /** How many bytes had arrived at the last check, and since when. */
  #bytesSeen = NaN;
  #quietSinceMs: number = DOUBLE_ZERO;

  /**
   * @param find Finds the handlers of its calls.
   * @param changes The `changes` of the server when the connection was accepted.
   */
  constructor(
    server: ServerOfConnection,
    find: FindTarget,
    link: Link,
    { name }: Peer,
    changes: number,
  ) {
    this.#server = server;
    this.#find = find;
    this.link = link;
    const { settings: { limits }, totals } = server;
    const onRefused = (): void => {
      this.#totals.refusedCalls++;
      totals.refusedCalls++;
    };
    const rate = callRateOf(limits);
    this.#source = new CallSource(name, link, onRefused, this.#totals, limits.maxCalls, rate);
    this.#totals.connects++;
    this.client = new Client(name, link, () => this.#stats());
    if (maxAgeMs(server.settings, link.identity !== undefined) < Infinity) this.#startSchedule();
    if (changes !== server.changes) this.onChange();
  }

  /** How many handlers run for the client, those included whose calls have ended. */
  get running(): number {
    return this.#totals.running;
  }

  /** The client was checked before. */
  checkPeer(): null {
    return null;
  }

  /** See {@linkcode LinkDelegate}. */
  onOpen({ remote }: Link, { name, instance }: Peer): void {
    this.#server.settings.logger.debug(`${name} has connected.`, {
      event: "client_up",
      caller: this.#source.host,
      remote,
      instance,
    });
    if (this.refusal !== null) this.close(this.refusal);
  }

  /** See {@linkcode LinkDelegate.resolve}. */
  resolve(_link: Link, name: string, subroute: string): HandlerTarget {
    return this.#find(name, subroute, this.#source);
  }

  /** Credentials have changed: a new connection would differ from this one. */
  onChange(): void {
    if (this.state === "serving") (this.#schedule ?? this.#startSchedule()).onChange();
  }

  /** See {@linkcode RenewalDelegate}: asks the client for a newer connection. */
  onRenewalDue(): void {
    const { link } = this;
    if (this.state === "serving") link.session.sendDrain("renewal", link.beginTurn());
  }

  /** See {@linkcode RenewalDelegate}. */
  onOverage(): void {
    this.close(goingAway());
  }

  /** Ignored: a server makes no calls to its clients. */
  onDraining(): void {}

  /** The session has ended. */
  onClosed(link: Link, error: InternodeError): void {
    this.#schedule?.stop();
    this.#totals.add(link);
    this.#server.totals.add(link);
    const caller = this.#source.host, { answers } = link.session.incoming;
    const text = `The connection from ${caller} has ended: ${sentence(error.message)}`;
    const fields = {
      caller,
      remote: link.remote,
      reason: error.message,
      code: error.code,
      answered: answers.shown(),
      refusedCalls: this.#totals.refusedCalls,
    };
    if (error.code === "ProtocolError") this.#server.log.onBreach(text, fields);
    else this.#server.settings.logger.debug(text, { event: "client_down", ...fields });
    this.state = "closed";
  }

  /** The channel is closed. */
  onGone(): void {
    this.state = "gone";
    this.#server.forget(this);
  }

  /**
   * The server stops: asks the client to send its calls elsewhere, asks
   * handlers to end soon, and ends calls whose handlers have not begun.
   */
  drain(reason: InternodeError): void {
    const { link } = this;
    if (this.state !== "serving") return this.close(reason);
    this.state = "draining";
    drainLink(link, reason);
    const { session } = link;
    this.#pingBefore = session.keepalive.lastPing;
    session.ping(link.beginTurn());
  }

  /**
   * In how many milliseconds draining is done if nothing happens until then; 0
   * for now, `Infinity` for not without an event. The client usually ends the
   * connection itself after its last call. Otherwise it is done when the client
   * knows that calls are refused, every call is answered, every response has
   * arrived, and nothing was received for so long that no earlier large call
   * can be in flight.
   */
  idleInMs(nowMs: number): number {
    const { link } = this, { session } = link;
    if (link.bytesReceived !== this.#bytesSeen) {
      this.#bytesSeen = link.bytesReceived;
      this.#quietSinceMs = nowMs;
    }
    const { lastPing } = session.keepalive;
    if (!link.checkDrained() || session.heldBytes > 0) return Infinity;
    if (lastPing === null || lastPing === this.#pingBefore) return Infinity;
    const quietMs = QUIET_ROUND_TRIPS * lastPing.roundTripMs + QUIET_MS;
    return Math.max(0, this.#quietSinceMs + quietMs - nowMs);
  }

  #stats(): ConnectionStats {
    const isOpen = this.state === "serving" || this.state === "draining";
    const state = isOpen ? "connected" : "closed";
    return this.#totals.snapshot(state, isOpen ? this.link : null, this.#server.settings.clock);
  }

  #startSchedule(): RenewalSchedule {
    const { settings } = this.#server, { identity } = this.link, nowMs = settings.clock.now();
    const schedule = this.#schedule = new RenewalSchedule(settings, false, this);
    schedule.start(identity !== undefined, nowMs, nowMs);
    return schedule;
  }

  /** Ends it and sends the reason to the client. */
  close(reason: InternodeError): void {
    if (this.state !== "closed" && this.state !== "gone") this.link.close(reason);
  }
}

/** A connection for users; its counters can also be read after it has ended. */
class Client implements ServedClient {
  readonly host: string;
  readonly remote: string;
  readonly identity: PeerIdentity | undefined;
  readonly stats: () => ConnectionStats;

  constructor(host: string, { remote, identity }: Link, stats: () => ConnectionStats) {
    this.host = host;
    this.remote = remote;
    this.identity = identity;
    this.stats = stats;
  }

  get state(): ConnectionState {
    return this.stats().state;
  }
}
