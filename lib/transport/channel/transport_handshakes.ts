/**
 * Listeners of transports that have a handshake of their own: TLS, or the WebSocket upgrade.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { isError } from "../../foreign/own_error.ts";
import type { HandshakeLimiter, HandshakeSlot } from "./handshake_limiter.ts";
import {
  handOver,
  type Prepared,
  refusedConnection,
  type RefusedConnectionCode,
} from "./hand_over.ts";
import { type HostAddress, networkAddress } from "../../runtime/host_address.ts";
import { ListenerLimiter } from "./listener_limiter.ts";
import { HandshakeTimeout, hasLeft } from "./peer_left.ts";
import type { ByteChannel, Channel, Listener, ListenOptions, Transport } from "./transport.ts";

/** The handshake of a transport, on the accepting side. */
export interface TransportHandshakeOptions {
  /** Runs the handshake on an accepted channel. It ends when that channel is closed or the slot is released. Must call `onHeard` when the other side has sent everything: any later delay is caused by this side. */
  readonly prepare: (
    channel: ByteChannel,
    slot: HandshakeSlot,
    onHeard: () => void,
  ) => Promise<Prepared>;
  /** Whether a failure was reported already. Default: no. */
  readonly isReported?: (failure: unknown) => boolean;
  /** Why no further handshake may begin while that many run; `null` if one may. Default: always `null`. */
  readonly refuses?: (present: number) => string | null;
  /** The error code of a failed handshake. Default: `PermissionDenied`. */
  readonly refusal?: RefusedConnectionCode;
  /** The text of a failure. Default: its message. */
  readonly describe?: (failure: unknown) => string;
}

/**
 * Listens by another transport and hands connections over after a handshake.
 * A connection keeps its slot meanwhile. If the handshake fails or takes too
 * long, the connection is closed and `onError` is called: with `Disconnected`
 * if the other side left or was silent, as probes are, else with the code of the
 * handshake.
 *
 * @param inner The transport; its channels carry bytes.
 * @param address Where to listen.
 * @param options What to call with channels and failures.
 * @param handshake The handshake.
 * @returns The listener.
 */
export async function listenThrough(
  inner: Transport,
  address: HostAddress,
  options: ListenOptions,
  handshake: TransportHandshakeOptions,
): Promise<Listener> {
  const limiter = options.limiter ?? new ListenerLimiter();
  const handshakes = new TransportHandshakes(options, handshake, limiter);
  const listener = await inner.listen(address, { ...options, limiter, accept: handshakes.enter });
  const { hostname, port, scheme } = listener.address;
  // Keeps the scheme that the caller asked for.
  const bound = port === 0 || scheme === address.scheme
    ? listener.address
    : networkAddress(address.scheme, hostname, port);
  handshakes.address = bound.href;
  return {
    address: bound,
    finished: listener.finished,
    close: () => {
      handshakes.close();
      return listener.close();
    },
  };
}

/** The used part of {@linkcode ListenOptions}. */
type Taker = Pick<ListenOptions, "accept" | "limiter" | "onError">;

/** The handshakes that run on accepted channels; see {@linkcode listenThrough}. */
export class TransportHandshakes {
  /** The address of the listener. */
  address = "";
  readonly #options: Taker;
  readonly #handshake: TransportHandshakeOptions;
  readonly #limiter: HandshakeLimiter;
  /** The channels whose handshake runs, each with what ends it. */
  readonly #present = new Map<ByteChannel, () => void>();
  #closed = false;

  /**
   * @param options What to call with channels and failures.
   * @param handshake The handshake.
   * @param limiter Counts channels that come without a slot.
   */
  constructor(
    options: Taker,
    handshake: TransportHandshakeOptions,
    limiter: HandshakeLimiter,
  ) {
    this.#options = options;
    this.#handshake = handshake;
    this.#limiter = limiter;
  }

  /** Takes a channel that was accepted, and its slot if it has one. */
  readonly enter = (channel: Channel, _name?: string, given?: HandshakeSlot): void => {
    const slot = given ?? this.#limiter.acquire(null, nothing);
    if (channel.kind !== "bytes") {
      return this.#refuse(
        "PermissionDenied",
        channel,
        slot,
        "it carries messages, but bytes are needed",
      );
    }
    const why = typeof slot === "string" ? slot : this.#handshake.refuses?.(this.#present.size);
    if (typeof slot === "string" || typeof why === "string") {
      this.#refuse("Overloaded", channel, slot, why ?? "");
    } else {
      this.#prepare(channel, slot);
    }
  };

  #refuse(
    code: RefusedConnectionCode,
    channel: Channel,
    slot: HandshakeSlot | string,
    why: string,
  ): void {
    if (typeof slot !== "string") slot.release();
    channel.close();
    this.#report(code, channel, why);
  }

  /** Gives all of them up. */
  close(): void {
    this.#closed = true;
    for (const giveUp of this.#present.values()) giveUp();
  }

  async #prepare(channel: ByteChannel, slot: HandshakeSlot): Promise<void> {
    const { prepare, isReported } = this.#handshake;
    const { promise: over, resolve: end } = Promise.withResolvers<null>();
    let isOver = false, lateMs = 0, heard = false;
    const giveUp = (): void => {
      isOver = true;
      channel.close();
      slot.release();
      end(null);
    };
    slot.onTimeout = (limitMs) => {
      lateMs = limitMs;
      giveUp();
    };
    this.#present.set(channel, giveUp);
    const finish = async (): Promise<Prepared | null> => {
      const prepared = await prepare(channel, slot, () => heard = true);
      if (isOver) prepared?.channel.close();
      return isOver ? null : prepared;
    };
    let prepared: Prepared | null = null, failure: unknown;
    try {
      // A user may take part in it, whose promise may never settle: it is not waited for any longer then.
      prepared = await Promise.race([finish(), over]);
    } catch (error) {
      failure = error;
    }
    this.#present.delete(channel);
    if (prepared !== null) {
      const { channel } = prepared;
      slot.onTimeout = (limitMs) => this.#onTimeout(channel, limitMs);
      return handOver(this.#options, prepared, slot);
    }
    giveUp();
    if (this.#closed) return;
    if (lateMs > 0 && heard) {
      this.#report("PermissionDenied", channel, `this side did not decide within ${lateMs} ms`);
    } else if (lateMs > 0) this.#fail(channel, new HandshakeTimeout(lateMs));
    else if (failure !== undefined && isReported?.(failure) !== true) this.#fail(channel, failure);
  }

  /** The connection was handed over, but its handshake did not end in time. */
  #onTimeout(channel: Channel, limitMs: number): void {
    channel.close();
    this.#fail(channel, new HandshakeTimeout(limitMs));
  }

  #fail(channel: Channel, failure: unknown): void {
    const { describe = messageOf, refusal = "PermissionDenied" } = this.#handshake;
    const code = hasLeft(failure) ? "Disconnected" : refusal;
    const cause = isError(failure) && failure.cause instanceof HandshakeTimeout
      ? failure.cause
      : failure;
    this.#report(code, channel, describe(failure), cause);
  }

  #report(code: RefusedConnectionCode, channel: Channel, why: string, cause?: unknown): void {
    this.#options.onError?.(refusedConnection(code, channel.remote, this.address, why, cause));
  }
}

function nothing(): void {}
