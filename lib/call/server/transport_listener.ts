/**
 * Accepts the connections of a transport one by one.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import type { Authorize, TokenJudgement } from "../../transport/channel/authorization.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { textOf } from "../../foreign/text_of.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import { credentialsOf, withCredentials } from "../../transport/certificates/known_credentials.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { HandshakeSlot } from "../../transport/channel/handshake_limiter.ts";
import type { ListenerLimiter } from "../../transport/channel/listener_limiter.ts";
import { RepeatedLines, times } from "../../driver/repeated_lines.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import type { Channel, Listener, Transport } from "../../transport/channel/transport.ts";
import type { HandlerMap } from "./handler_map.ts";
import type { AcceptedConnection, ServiceListener } from "./service_listener.ts";

/** A connection, its handlers, and its slot until it has proven itself. */
export interface SlottedConnection extends AcceptedConnection {
  /** Its slot of the limiter of its listener. */
  readonly slot: HandshakeSlot;
}

/** An accepted channel, the only name that its token is valid for, and its slot. */
interface Arrived {
  readonly channel: Channel;
  readonly name: string | undefined;
  /** Its slot of the limiter. */
  readonly slot: HandshakeSlot;
}

interface Waiting {
  resolve(accepted: SlottedConnection): void;
  reject(error: unknown): void;
}

/**
 * Turns a {@linkcode Listener}, which pushes its channels, into one whose
 * `accept` returns them.
 */
export class TransportListener implements ServiceListener {
  address: string;
  readonly guarded: boolean;
  /** Whether all of them are known by a certificate, or come from this process. */
  readonly mutualTls: boolean;
  readonly onChange?: (listener: () => void) => () => void;
  /** The handlers of all connections; `null` if a function chooses those of each. */
  readonly handlers: HandlerMap | null;
  /** Limits connections that have not finished their handshake. */
  readonly limiter: ListenerLimiter;
  readonly #choose: (channel: Channel) => HandlerMap;
  readonly #logger: EventLogger;
  /** Connections that wait to be accepted. */
  readonly #queue = new Map<Channel, Omit<Arrived, "channel">>();
  readonly #judge = Promise.withResolvers<Authorize | null>();
  #listener: Listener | undefined;
  #waiting: Waiting | undefined;
  /** Why there will be no more connections. */
  #end: { readonly error: unknown } | undefined;
  #closed: Promise<void> | undefined;
  readonly #lines = new RepeatedLines();

  /**
   * @param address The address to listen at, as clients write it.
   * @param handlers The handlers of all connections, or what chooses those of a connection.
   * @param logger Logs refused connections.
   * @param guarded Whether all connections are authenticated.
   * @param transport Reports changes of credentials, if it can; may authenticate all connections by itself.
   * @param limiter Gives slots to connections.
   */
  constructor(
    address: string,
    handlers: HandlerMap | ((channel: Channel) => HandlerMap),
    logger: EventLogger,
    guarded: boolean,
    transport: Transport,
    limiter: ListenerLimiter,
  ) {
    this.address = address;
    this.guarded = guarded;
    this.mutualTls = transport.guarded === true;
    this.limiter = limiter;
    if (transport.onChange !== undefined) {
      this.onChange = (listener) => transport.onChange!(listener);
    }
    this.handlers = typeof handlers === "function" ? null : handlers;
    this.#choose = typeof handlers === "function" ? handlers : () => handlers;
    withCredentials(this, credentialsOf(transport));
    this.#logger = logger;
  }

  /**
   * Sets the listener whose channels are passed to `take`.
   *
   * @param listener The listener, owned from now on.
   * @param address The actual address, as clients write it.
   */
  start(listener: Listener, address: string): void {
    this.#listener = listener;
    this.address = address;
    promiseOf<void>(() => listener.finished).then(
      () => this.#finish(closedError(address)),
      (error) => this.#finish(error),
    );
  }

  /**
   * Takes a new channel; it is closed if there is no slot for it.
   *
   * @param channel The channel, owned from now on.
   * @param name The name that its token is valid for, if it came with one.
   * @param given Its slot, if its transport uses the limiter.
   */
  take(channel: Channel, name?: string, given?: HandshakeSlot): void {
    const slot = given ?? this.limiter.acquire(null, () => {});
    if (typeof slot === "string") return this.#turnAway(channel);
    if (this.#closed !== undefined) return drop(channel, slot);
    slot.onTimeout = () => this.#giveUp(channel, slot);
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#queue.set(channel, { name, slot });
      return;
    }
    const accepted = this.#prepare({ channel, name, slot });
    if (accepted === null) return;
    this.#waiting = undefined;
    waiting.resolve(accepted);
  }

  judgeTokens(judge: Authorize | null): void {
    this.#judge.resolve(judge);
  }

  /** Checks a token by the function of the caller of `accept`; without one, no token is required. */
  async authorize(
    token: string | null,
    identity: PeerIdentity | undefined,
    remote?: string,
  ): Promise<TokenJudgement> {
    const judge = await this.#judge.promise;
    return judge === null ? null : await judge(token, identity, remote);
  }

  /** For a user's server, which counts its connections itself. */
  async accept(): Promise<AcceptedConnection> {
    const { slot, ...accepted } = await this.next();
    slot.release();
    return accepted;
  }

  /** The same, with the connection's slot. */
  next(): Promise<SlottedConnection> {
    this.#judge.resolve(null);
    if (this.#waiting !== undefined) {
      return Promise.reject(
        invalidArgument(
          `The listener at ${this.address} was already asked for a connection. ` +
            "Wait for it before you ask for the next.",
        ),
      );
    }
    for (const [channel, arrived] of this.#queue) {
      this.#queue.delete(channel);
      const accepted = this.#prepare({ channel, ...arrived });
      if (accepted !== null) return Promise.resolve(accepted);
    }
    if (this.#end !== undefined) return Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => this.#waiting = { resolve, reject });
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  #close(): Promise<void> {
    const closing = this.#listener?.close();
    // After `close`, the failure of a listener no longer matters.
    this.#end = undefined;
    this.#finish(closedError(this.address));
    for (const [channel, { slot }] of [...this.#queue]) this.#giveUp(channel, slot);
    return closing ?? Promise.resolve();
  }

  #finish(error: unknown): void {
    this.#end ??= { error };
    this.#waiting?.reject(this.#end.error);
    this.#waiting = undefined;
  }

  /** Nobody has accepted it in time. */
  #giveUp(channel: Channel, slot: HandshakeSlot): void {
    this.#queue.delete(channel);
    drop(channel, slot);
  }

  #turnAway(channel: Channel): void {
    closeQuietly(channel);
    const { maxUnproven } = this.limiter;
    const count = this.#lines.note("full", systemClock.now());
    this.#logger[count > 0 ? "warn" : "debug"](
      `The listener at ${this.address} refuses connections: ${maxUnproven} are in ` +
        `their handshake already (maxUnproven).${times(count)}`,
      { event: "listener_overloaded", local: this.address, limit: maxUnproven, count },
    );
  }

  /** What the user throws harms one connection only. */
  #prepare({ channel, name, slot }: Arrived): SlottedConnection | null {
    try {
      return { channel, handlers: this.#choose(channel), name, slot };
    } catch (error) {
      drop(channel, slot);
      const reason = textOf(error), count = this.#lines.note(reason, systemClock.now());
      this.#logger[count > 0 ? "error" : "debug"](
        `The listener at ${this.address} closed the connection of ${channel.remote}, ` +
          `because choosing its handlers failed.${times(count)}`,
        {
          event: "callback_failed",
          what: "handlers",
          local: this.address,
          remote: channel.remote,
          reason,
          error,
          count,
        },
      );
      return null;
    }
  }
}

function drop(channel: Channel, slot: HandshakeSlot): void {
  slot.release();
  closeQuietly(channel);
}

function closedError(address: string): InternodeError {
  return new InternodeError("Closed", `The listener at ${address} is closed.`, {
    origin: "caller",
  });
}
