/**
 * Listeners whose connections have something to go through first.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import { isError } from "../../foreign/own_error.ts";
import type { Door, DoorPlace } from "./door.ts";
import { handOver, type Prepared, turnedAway, type TurnedAwayCode } from "./hand_over.ts";
import { type HostAddress, networkAddress } from "../../runtime/host_address.ts";
import { ListenerDoor } from "./listener_door.ts";
import { hasLeft, TooLate } from "./peer_left.ts";
import type { ByteChannel, Channel, Listener, ListenOptions, Transport } from "./transport.ts";

/** What newcomers go through. */
export interface LobbyOptions {
  /** Makes a newcomer's channel one to be accepted. Closing the channel given ends it, and so does giving its place back. `onHeard` is to be called once the newcomer has said all that it must: what takes long then is this side. */
  readonly prepare: (
    channel: ByteChannel,
    place: DoorPlace,
    onHeard: () => void,
  ) => Promise<Prepared>;
  /** Whether a failure is known already to those whom it concerns. Default: none is. */
  readonly isKnown?: (failure: unknown) => boolean;
  /** Why a newcomer is not even heard; `null`: it is. Asked with how many are. Default: all are. */
  readonly turnsAway?: (present: number) => string | null;
  /** What whoever fails is told off with. Default: `PermissionDenied`. */
  readonly refusal?: TurnedAwayCode;
  /** What is told of a failure. Default: its message. */
  readonly tellOf?: (failure: unknown) => string;
}

/**
 * Listens by another transport, and accepts what has been prepared. Newcomers
 * have their places at the door meanwhile, and take them along. Whoever fails
 * or takes too long is closed and told to `onError`: as `Disconnected` if
 * it has just left, or stays silent, as probes do, else as `PermissionDenied`, or as the lobby says.
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
  const door = options.door ?? new ListenerDoor();
  const newcomers = new Lobby(options, lobby, door);
  const listener = await inner.listen(address, { ...options, door, accept: newcomers.enter });
  const { hostname, port, scheme } = listener.address;
  // As the owner sees it: with the scheme that it asked for.
  const bound = port === 0 || scheme === address.scheme
    ? listener.address
    : networkAddress(address.scheme, hostname, port);
  newcomers.address = bound.href;
  return {
    address: bound,
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
  readonly #door: Door;
  /** Each with what gives it up. */
  readonly #present = new Map<ByteChannel, () => void>();
  #closed = false;

  constructor(options: ListenOptions, lobby: LobbyOptions, door: Door) {
    this.#options = options;
    this.#lobby = lobby;
    this.#door = door;
  }

  readonly enter = (channel: Channel, _name?: string, given?: DoorPlace): void => {
    const place = given ?? this.#door.enter(null, nothing);
    if (channel.kind !== "bytes") {
      return this.#turnAway(
        "PermissionDenied",
        channel,
        place,
        "it carries messages where bytes are needed",
      );
    }
    const why = typeof place === "string" ? place : this.#lobby.turnsAway?.(this.#present.size);
    if (typeof place === "string" || typeof why === "string") {
      this.#turnAway("Overloaded", channel, place, why ?? "");
    } else {
      this.#prepare(channel, place);
    }
  };

  #turnAway(
    code: TurnedAwayCode,
    channel: Channel,
    place: DoorPlace | string,
    why: string,
  ): void {
    if (typeof place !== "string") place.leave();
    channel.close();
    this.#tell(code, channel, why);
  }

  close(): void {
    this.#closed = true;
    for (const giveUp of this.#present.values()) giveUp();
  }

  async #prepare(channel: ByteChannel, place: DoorPlace): Promise<void> {
    const { prepare, isKnown } = this.#lobby;
    const { promise: over, resolve: end } = Promise.withResolvers<null>();
    let isOver = false, lateMs = 0, heard = false;
    const giveUp = (): void => {
      isOver = true;
      channel.close();
      place.leave();
      end(null);
    };
    place.onLate = (limitMs) => {
      lateMs = limitMs;
      giveUp();
    };
    this.#present.set(channel, giveUp);
    const finish = async (): Promise<Prepared | null> => {
      const prepared = await prepare(channel, place, () => heard = true);
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
      place.onLate = (limitMs) => this.#onLate(channel, limitMs);
      return handOver(this.#options, prepared, place);
    }
    giveUp();
    if (this.#closed) return;
    if (lateMs > 0 && heard) {
      this.#tell("PermissionDenied", channel, `nobody has judged it in ${lateMs} ms`);
    } else if (lateMs > 0) this.#fail(channel, new TooLate(lateMs));
    else if (failure !== undefined && isKnown?.(failure) !== true) this.#fail(channel, failure);
  }

  /** Who was handed it has not said what is to be done. */
  #onLate(channel: Channel, limitMs: number): void {
    channel.close();
    this.#fail(channel, new TooLate(limitMs));
  }

  #fail(channel: Channel, failure: unknown): void {
    const { tellOf = messageOf, refusal = "PermissionDenied" } = this.#lobby;
    const code = hasLeft(failure) ? "Disconnected" : refusal;
    const cause = isError(failure) && failure.cause instanceof TooLate ? failure.cause : failure;
    this.#tell(code, channel, tellOf(failure), cause);
  }

  #tell(code: TurnedAwayCode, channel: Channel, why: string, cause?: unknown): void {
    this.#options.onError?.(turnedAway(code, channel.remote, this.address, why, cause));
  }
}

function nothing(): void {}
