/**
 * Listeners whose connections have something to go through first.
 *
 * @module
 */

import { handOver, type Prepared, turnedAway, type TurnedAwayCode } from "./hand_over.ts";
import type { HostAddress } from "./host_address.ts";
import { hasLeft, TooLate } from "./peer_left.ts";
import type { ByteChannel, Channel, Listener, ListenOptions, Transport } from "./transport.ts";
import { messageOf } from "./transport_error.ts";

/** How long a newcomer may take. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How many newcomers there are at a time. */
const MAX_HANDSHAKES = 1024;

/** What newcomers go through. */
export interface LobbyOptions {
  /** Makes a newcomer's channel one to be accepted. Closing the channel given ends it. `onHeard` is to be called once the newcomer has said all that it must: what takes long then is this side. */
  readonly prepare: (channel: ByteChannel, onHeard: () => void) => Promise<Prepared>;
  /** Whether a failure is known already to those whom it concerns. Default: none is. */
  readonly isKnown?: (failure: unknown) => boolean;
  /** How long it may take, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
  /** How many may be under way; further connections are closed at once. Default: 1,024. */
  readonly maxHandshakes?: number | undefined;
}

/**
 * Listens by another transport, and accepts what has been prepared. Whoever
 * fails or takes too long is closed and told to `onError`: as `Disconnected` if
 * it has just left, or stays silent, as probes do, else as `Refused`.
 *
 * @param inner The transport; its channels carry bytes.
 * @param address Where to listen.
 * @param options Who takes the channels and hears of failures.
 * @param lobby What newcomers go through.
 * @returns The listener.
 */
export async function listenThrough(
  inner: Transport,
  address: HostAddress,
  options: ListenOptions,
  lobby: LobbyOptions,
): Promise<Listener> {
  const newcomers = new Lobby(options, lobby);
  const listener = await inner.listen(address, { ...options, accept: newcomers.enter });
  newcomers.address = listener.address.href;
  return {
    address: listener.address,
    finished: listener.finished,
    close: () => {
      newcomers.close();
      return listener.close();
    },
  };
}

class Lobby {
  /** Where the listener is. */
  address = "";
  readonly #options: ListenOptions;
  readonly #lobby: LobbyOptions;
  /** Each with what gives it up. */
  readonly #present = new Map<ByteChannel, () => void>();
  #closed = false;

  constructor(options: ListenOptions, lobby: LobbyOptions) {
    this.#options = options;
    this.#lobby = lobby;
  }

  readonly enter = (channel: Channel): void => {
    const { maxHandshakes = MAX_HANDSHAKES } = this.#lobby;
    if (channel.kind !== "bytes") {
      channel.close();
      this.#tell("Refused", channel, "it carries messages where bytes are needed");
    } else if (this.#present.size >= maxHandshakes) {
      channel.close();
      this.#tell("Overloaded", channel, `${maxHandshakes} handshakes are under way already`);
    } else {
      this.#prepare(channel);
    }
  };

  close(): void {
    this.#closed = true;
    for (const giveUp of this.#present.values()) giveUp();
  }

  async #prepare(channel: ByteChannel): Promise<void> {
    const { prepare, isKnown, timeoutMs = HANDSHAKE_TIMEOUT_MS } = this.#lobby;
    const { promise: over, resolve: end } = Promise.withResolvers<null>();
    let isOver = false, late = false, heard = false;
    const giveUp = (): void => {
      isOver = true;
      channel.close();
      end(null);
    };
    const timer = setTimeout(() => {
      late = true;
      giveUp();
    }, timeoutMs);
    this.#present.set(channel, giveUp);
    const finish = async (): Promise<Prepared | null> => {
      const prepared = await prepare(channel, () => heard = true);
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
    clearTimeout(timer);
    this.#present.delete(channel);
    if (prepared !== null) return handOver(this.#options, prepared);
    giveUp();
    if (this.#closed) return;
    if (late && heard) this.#tell("Refused", channel, `nobody has judged it in ${timeoutMs} ms`);
    else if (late) this.#fail(channel, new TooLate(timeoutMs));
    else if (failure !== undefined && isKnown?.(failure) !== true) this.#fail(channel, failure);
  }

  #fail(channel: Channel, failure: unknown): void {
    const code = hasLeft(failure) ? "Disconnected" : "Refused";
    this.#tell(code, channel, messageOf(failure), failure);
  }

  #tell(code: TurnedAwayCode, channel: Channel, why: string, cause?: unknown): void {
    this.#options.onError?.(turnedAway(code, channel.remote, this.address, why, cause));
  }
}
