/**
 * Connections that come in by a transport, taken one by one.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import type { Authorize, TokenJudgement } from "../../transport/channel/authorization.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { textOf } from "../../foreign/text_of.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { DoorPlace } from "../../transport/channel/door.ts";
import type { ListenerDoor } from "../../transport/channel/listener_door.ts";
import { RepeatedLines, times } from "../../driver/repeated_lines.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import type { Channel, Listener, Transport } from "../../transport/channel/transport.ts";
import type { HandlerMap } from "./handler_map.ts";
import type { AcceptedConnection, ServiceListener } from "./service_listener.ts";

/** A connection, what serves it, and the place that it has until it has proven itself. */
export interface PlacedConnection extends AcceptedConnection {
  /** Its place at the door of its listener. */
  readonly place: DoorPlace;
}

/** A channel that came in, the name that its token is good for, and its place. */
interface Arrived {
  readonly channel: Channel;
  readonly name: string | undefined;
  /** Its place at the door. */
  readonly place: DoorPlace;
}

interface Waiting {
  resolve(accepted: PlacedConnection): void;
  reject(error: unknown): void;
}

/**
 * Turns a {@linkcode Listener}, which pushes its channels, into one that is
 * asked for them.
 */
export class TransportListener implements ServiceListener {
  address: string;
  readonly guarded: boolean;
  readonly onChange?: (listener: () => void) => () => void;
  /** Where its connections have places until they have proven themselves. */
  readonly door: ListenerDoor;
  readonly #handlers: (channel: Channel) => HandlerMap;
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
   * @param address Where it is to listen, as clients write it.
   * @param handlers Chooses what serves a connection.
   * @param logger Hears of connections that are turned away.
   * @param guarded Whether no stranger comes in.
   * @param transport Tells of changes, if it does.
   * @param door Where connections have their places.
   */
  constructor(
    address: string,
    handlers: (channel: Channel) => HandlerMap,
    logger: EventLogger,
    guarded: boolean,
    transport: Transport,
    door: ListenerDoor,
  ) {
    this.address = address;
    this.guarded = guarded;
    this.door = door;
    if (transport.onChange !== undefined) {
      this.onChange = (listener) => transport.onChange!(listener);
    }
    this.#handlers = handlers;
    this.#logger = logger;
  }

  /**
   * Names the listener whose channels `take` gets.
   *
   * @param listener The listener, owned from now on.
   * @param address Where it really listens, as clients write it.
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
   * Takes a new channel; it is closed if there is no place for it.
   *
   * @param channel The channel, owned from now on.
   * @param name The name that its token is good for, if it came with one.
   * @param given Its place, if its transport knows of doors.
   */
  take(channel: Channel, name?: string, given?: DoorPlace): void {
    const place = given ?? this.door.enter(null, () => {});
    if (typeof place === "string") return this.#turnAway(channel);
    if (this.#closed !== undefined) return drop(channel, place);
    place.onLate = () => this.#giveUp(channel, place);
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#queue.set(channel, { name, place });
      return;
    }
    const accepted = this.#choose({ channel, name, place });
    if (accepted === null) return;
    this.#waiting = undefined;
    waiting.resolve(accepted);
  }

  judgeTokens(judge: Authorize | null): void {
    this.#judge.resolve(judge);
  }

  /** Judges a token as whoever accepts says; who accepts without a word asks for none. */
  async authorize(
    token: string | null,
    identity: PeerIdentity | undefined,
    remote?: string,
  ): Promise<TokenJudgement> {
    const judge = await this.#judge.promise;
    return judge === null ? null : await judge(token, identity, remote);
  }

  /** For a server of one's own, which counts its connections itself. */
  async accept(): Promise<AcceptedConnection> {
    const { place, ...accepted } = await this.next();
    place.leave();
    return accepted;
  }

  /** The same for whoever goes on with the connection's place. */
  next(): Promise<PlacedConnection> {
    this.#judge.resolve(null);
    if (this.#waiting !== undefined) {
      return Promise.reject(
        invalidArgument(
          `The listener at ${this.address} is asked for a connection already. ` +
            "Wait for it before asking for the next.",
        ),
      );
    }
    for (const [channel, arrived] of this.#queue) {
      this.#queue.delete(channel);
      const accepted = this.#choose({ channel, ...arrived });
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
    // What a failed listener has failed with is of no more use to anybody who closes it.
    this.#end = undefined;
    this.#finish(closedError(this.address));
    for (const [channel, { place }] of [...this.#queue]) this.#giveUp(channel, place);
    return closing ?? Promise.resolve();
  }

  #finish(error: unknown): void {
    this.#end ??= { error };
    this.#waiting?.reject(this.#end.error);
    this.#waiting = undefined;
  }

  /** Nobody has accepted it in time. */
  #giveUp(channel: Channel, place: DoorPlace): void {
    this.#queue.delete(channel);
    drop(channel, place);
  }

  #turnAway(channel: Channel): void {
    closeQuietly(channel);
    const { maxUnproven } = this.door;
    const count = this.#lines.note("full", systemClock.now());
    this.#logger[count > 0 ? "warn" : "debug"](
      `The listener at ${this.address} turns connections away: ${maxUnproven} that have not ` +
        `proven themselves are there already.${times(count)}`,
      { event: "visitors_turned_away", local: this.address, limit: maxUnproven, count },
    );
  }

  /** What the user throws harms one connection only. */
  #choose({ channel, name, place }: Arrived): PlacedConnection | null {
    try {
      return { channel, handlers: this.#handlers(channel), name, place };
    } catch (error) {
      drop(channel, place);
      const reason = textOf(error), count = this.#lines.note(reason, systemClock.now());
      this.#logger[count > 0 ? "error" : "debug"](
        `The listener at ${this.address} closed the connection of ${channel.remote}, ` +
          `as choosing its handlers failed.${times(count)}`,
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

function drop(channel: Channel, place: DoorPlace): void {
  place.leave();
  closeQuietly(channel);
}

function closedError(address: string): InternodeError {
  return new InternodeError("Closed", `The listener at ${address} is closed.`, {
    origin: "caller",
  });
}
