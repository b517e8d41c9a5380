/**
 * Connections that come in by a transport, taken one by one.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { Authorize, TokenJudgement } from "../net/admission.ts";
import { promiseOf } from "../foreign/thenable.ts";
import type { EventLogger } from "../foreign/log_event.ts";
import { textOf } from "../foreign/text_of.ts";
import { closeQuietly } from "../net/close_quietly.ts";
import type { PeerIdentity } from "../net/peer_identity.ts";
import { RepeatedLines, times } from "../net/repeated_lines.ts";
import { systemClock } from "../net/system_clock.ts";
import type { Channel, Listener, Transport } from "../net/transport.ts";
import { Fifo } from "../wire/fifo.ts";
import type { HandlerMap } from "./handler_map.ts";
import type { AcceptedConnection, ServiceListener } from "./service_listener.ts";

/** So many connections wait for `accept`; newcomers beyond them are closed. */
export const MAX_WAITING = 1024;

/** A channel that came in, and the name that its token is good for. */
interface Arrived {
  readonly channel: Channel;
  readonly name: string | undefined;
}

interface Waiting {
  resolve(accepted: AcceptedConnection): void;
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
  readonly #handlers: (channel: Channel) => HandlerMap;
  readonly #logger: EventLogger;
  readonly #queue = new Fifo<Arrived>();
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
   */
  constructor(
    address: string,
    handlers: (channel: Channel) => HandlerMap,
    logger: EventLogger,
    guarded: boolean,
    transport: Transport,
  ) {
    this.address = address;
    this.guarded = guarded;
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
   */
  take(channel: Channel, name?: string): void {
    if (this.#closed !== undefined) return closeQuietly(channel);
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      const accepted = this.#choose({ channel, name });
      if (accepted === null) return;
      this.#waiting = undefined;
      return waiting.resolve(accepted);
    }
    if (this.#queue.length < MAX_WAITING) return this.#queue.push({ channel, name });
    closeQuietly(channel);
    const count = this.#lines.note("full", systemClock.now());
    this.#logger[count > 0 ? "warn" : "debug"](
      `The listener at ${this.address} turns connections away: ${MAX_WAITING} wait to be ` +
        `accepted.${times(count)}`,
      { event: "visitors_turned_away", local: this.address, limit: MAX_WAITING, count },
    );
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

  accept(): Promise<AcceptedConnection> {
    this.#judge.resolve(null);
    if (this.#waiting !== undefined) {
      return Promise.reject(
        new InternodeError(
          "InvalidArgument",
          `The listener at ${this.address} is asked for a connection already. ` +
            "Wait for it before asking for the next.",
          { origin: "caller" },
        ),
      );
    }
    while (this.#queue.length > 0) {
      const accepted = this.#choose(this.#queue.shift()!);
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
    while (this.#queue.length > 0) closeQuietly(this.#queue.shift()?.channel);
    return closing ?? Promise.resolve();
  }

  #finish(error: unknown): void {
    this.#end ??= { error };
    this.#waiting?.reject(this.#end.error);
    this.#waiting = undefined;
  }

  /** What the user throws harms one connection only. */
  #choose({ channel, name }: Arrived): AcceptedConnection | null {
    try {
      return { channel, handlers: this.#handlers(channel), name };
    } catch (error) {
      closeQuietly(channel);
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

function closedError(address: string): InternodeError {
  return new InternodeError("Closed", `The listener at ${address} is closed.`, {
    origin: "caller",
  });
}
