/**
 * What all connections of one server share, and how they end together.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { type AuditTrail, auditTrailOf } from "../../rpc/connecting/audit_trail.ts";
import { ConnectionTotals, type ServerStats } from "../../rpc/connecting/connection_stats.ts";
import { isReservedName } from "../../rpc/contract/handler_bundle.ts";
import type { CallSource } from "../../rpc/serving/call_source.ts";
import { HandlerTable } from "../../rpc/serving/handler_table.ts";
import { type Serving, servingOf } from "../../rpc/serving/serving.ts";
import { TakenBundles } from "../../rpc/bundles/taken_bundles.ts";
import { targetIn } from "../../rpc/serving/unknown_target.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import { noHandler } from "../../session/frames/wire_error.ts";
import { tellGivenUp } from "../../rpc/connecting/link_closing.ts";
import { PendingConnections, type TakeOver } from "../../rpc/connecting/pending_connections.ts";
import { type TokenBearer, TokenJudge } from "../../rpc/connecting/token_judge.ts";
import { UsedTokens } from "../../rpc/proof/used_tokens.ts";
import { ListenerLog } from "../../rpc/connecting/listener_log.ts";
import type { TokenJudgement } from "../../transport/channel/authorization.ts";
import type { Link } from "../../driver/link.ts";
import type { HandshakeSlot } from "../../transport/channel/handshake_limiter.ts";
import { LinkMaker } from "../../driver/link_maker.ts";
import { ListenerLimiter } from "../../transport/channel/listener_limiter.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import { servedChainOf } from "../../rpc/interceptors/served_chain.ts";
import { QuietWait } from "../../rpc/connecting/quiet_wait.ts";
import { within } from "../../runtime/within.ts";
import {
  type FindTarget,
  type ServedClient,
  ServedConnection,
  type ServerOfConnection,
} from "../../rpc/serving/served_connection.ts";
import { type HandlerMap, methodTarget } from "./handler_map.ts";
import type { ServeSettings } from "./server_options.ts";

/** How many tokens are remembered until they expire, enough for 200 a second; beyond that, older tokens are refused. */
const MAX_USED_TOKENS = 65_536;
/** How long goodbyes and closing may take, in milliseconds; a link ends its own after 1,900. */
const CLOSING_MS = 2_000;

/** One server: its settings and its connections. */
export class ServiceServer implements ServerOfConnection {
  /** The settings. */
  readonly settings: ServeSettings;
  /** What handlers need of their server. */
  readonly serving: Serving;
  /** The counts of all connections. */
  readonly totals: ConnectionTotals = new ConnectionTotals(() =>
    this.#links().filter(({ session }) => session.state === "open")
  );

  /** Logs connections whose handshake fails. */
  readonly log: ListenerLog;
  /** The limiter of connections whose handshake is not done. */
  readonly limiter: ListenerLimiter;
  /** The bundles that it serves beside what its maps have. */
  readonly bundles: TakenBundles;
  /** See {@linkcode ServerOfConnection}. */
  changes = 0;
  /** The handlers of all connections; `null` if each connection has its own. */
  handlers: HandlerMap | null = null;

  /** The handlers of bundles. */
  readonly #reserved = new HandlerTable();
  readonly #audit: AuditTrail | null;
  readonly #tokens: TokenJudge;
  readonly #pending: PendingConnections;
  /** Each with its handlers. */
  readonly #connections = new Map<ServedConnection, HandlerMap>();
  #onForgotten: () => void = () => {};

  /**
   * @param settings The settings.
   * @param limiter The limiter of its listener. Default: one of its own.
   */
  constructor(settings: ServeSettings, limiter?: ListenerLimiter) {
    this.settings = settings;
    const { auth, clock, logger, handshakeTimeoutMs } = settings;
    this.#audit = auditTrailOf(settings.audit, settings.name, logger, clock);
    this.bundles = new TakenBundles(this.#reserved, this.#audit);
    this.limiter = limiter ?? new ListenerLimiter({ clock });
    this.limiter.handshakeTimeoutMs = handshakeTimeoutMs;
    this.serving = servingOf(settings, this.#audit, servedChainOf(settings.chain));
    const log = this.log = new ListenerLog(settings.name, logger, clock, this.#audit);
    const used = new UsedTokens(MAX_USED_TOKENS);
    this.#tokens = new TokenJudge({ auth, clock, local: "", log, used, among: () => "clients" });
    const maker = new LinkMaker(settings.name, settings);
    this.#pending = new PendingConnections({
      limiter: this.limiter,
      log,
      makeLink: (channel, delegate, usedMs) =>
        maker.make(channel, "acceptor", "", delegate, { usedMs }),
      onGone: () => this.#onForgotten(),
    });
  }

  /** Its connections whose handshake is done. */
  get served(): readonly ServedConnection[] {
    return [...this.#connections.keys()];
  }

  /** The handlers of all its connections: those of the listener, and those that were chosen for a connection. */
  get handlerMaps(): readonly HandlerMap[] {
    const given = this.handlers === null ? [] : [this.handlers];
    return [...new Set([...given, ...this.#connections.values()])];
  }

  /** The clients that have completed their handshake. */
  get clients(): readonly ServedClient[] {
    return this.served.map(({ client }) => client);
  }

  /** Counters over all connections. */
  stats(): ServerStats {
    const connections = this.#count, runningCalls = this.serving.running;
    return { ...this.totals.traffic(), connections, runningCalls };
  }

  /** Checks the token of a WebSocket upgrade request: every client with the secret is accepted. */
  authorize(token: string | null, bearer: TokenBearer): TokenJudgement {
    return this.#tokens.judge(token, bearer, () => null);
  }

  /**
   * Serves a connection, which the server owns from then on.
   *
   * @param channel The connection.
   * @param handlers The handlers of its calls.
   * @param name The name that its token is valid for, if it came with one.
   * @param given Its slot of the handshake limiter, if it has one.
   * @throws What the channel throws; the connection is then not served.
   */
  take(channel: Channel, handlers: HandlerMap, name?: string, given?: HandshakeSlot): void {
    const { changes } = this;
    const find: FindTarget = (name, subroute, source) =>
      isReservedName(name)
        ? this.#reservedTarget(name, subroute, source)
        : methodTarget(handlers, name, subroute, this.serving, source);
    const takeOver: TakeOver = (link, peer) => {
      const connection = new ServedConnection(this, find, link, peer, changes);
      this.#connections.set(connection, handlers);
      return connection;
    };
    // Any client may come by the name that it gives itself; the session judges whether it knows the secret.
    this.#pending.accept(channel, () => takeOver, name, given);
  }

  /** Connections that come from now on differ from those there are: clients are asked for newer ones, by and by. */
  onChange(): void {
    this.changes++;
    for (const connection of this.#connections.keys()) connection.onChange();
  }

  /** Nothing is left of a connection. */
  forget(connection: ServedConnection): void {
    this.#connections.delete(connection);
    this.#onForgotten();
  }

  /** Resolves when there is no connection. */
  async whenEmpty(): Promise<void> {
    const { clock } = this.settings;
    const empty = new QuietWait(
      clock,
      Infinity,
      [],
      () => this.#count === 0 ? 0 : Infinity,
    );
    this.#onForgotten = empty.look;
    await empty.ended;
  }

  /**
   * Ends everything: calls under way get the grace time, each connection that
   * has none is closed, and at the end of that time all others.
   *
   * @param graceMs The grace time, in milliseconds.
   * @param listenerClosed The listener's end, waited for as well.
   */
  async stop(graceMs: number, listenerClosed: Promise<void>): Promise<void> {
    const { clock, name, logger } = this.settings;
    const reason = new InternodeError("Closed", `The server ${name} is stopping.`, {
      origin: "remote",
      outcome: "maybeExecuted",
    });
    this.serving.closing.abort(reason);
    this.#pending.close(reason);
    for (const connection of this.#connections.keys()) connection.drain(reason);
    const links = [...this.#pending.links, ...this.#links()];
    const wait = new QuietWait(clock, graceMs, links, () => this.#look(reason));
    this.serving.onLeft = wait.look;
    if (!await wait.ended) tellGivenUp(logger, name, graceMs, links, this.serving.running);
    this.serving.onLeft = null;
    for (const connection of this.served) connection.close(reason);
    const ended = Promise.all([this.whenEmpty(), listenerClosed]);
    const isOver = await within(clock, CLOSING_MS, ended), answered = this.totals.answers().shown();
    this.bundles.close();
    this.#audit?.close();
    if (isOver) {
      return logger.info(`The server ${name} has stopped.`, {
        event: "server_down",
        name,
        answered,
      });
    }
    logger.error(
      `The server ${name} has stopped, but its listener or ${this.#count} of its connections did not end within ${CLOSING_MS} ms.`,
      { event: "server_down", name, count: this.#count, limit: CLOSING_MS, answered },
    );
  }

  #reservedTarget(name: string, subroute: string, source: CallSource): HandlerTarget {
    const called = { name, subroute, message: noHandler(name, subroute) };
    return targetIn(this.#reserved, called, this.serving, source);
  }

  /** Closes the connections that have nothing to do any more, and says when to look again; 0: nothing is left. */
  #look(reason: InternodeError): number {
    const nowMs = this.settings.clock.now();
    let againMs = Infinity;
    for (const connection of this.served) {
      if (connection.state !== "draining") continue;
      const idleInMs = connection.idleInMs(nowMs);
      if (idleInMs <= 0) connection.close(reason);
      else againMs = Math.min(againMs, idleInMs);
    }
    return this.#count === 0 && this.serving.running === 0 ? 0 : againMs;
  }

  #links(): Link[] {
    return this.served.map(({ link }) => link);
  }

  /** Those whose handshake is not done included. */
  get #count(): number {
    return this.#pending.count + this.#connections.size;
  }
}
