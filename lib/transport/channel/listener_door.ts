/**
 * How many connections may stand before a listener that have not proven
 * themselves, and for how long.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Door } from "./door.ts";
import { HeldPlace, type PlaceKeeper } from "./held_place.ts";
import { countedAddress } from "./counted_address.ts";
import { systemClock } from "../../runtime/system_clock.ts";

/** How many there may be unless told otherwise. */
const MAX_UNPROVEN = 1_024;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** One of so many may have begun with TLS, of which the runtime holds some 60 KiB each; the others wait for it. */
const TLS_SHARE = 8;
const LEAST_TLS = 16;

/** How many connections a listener hears at a time that have not proven themselves. */
export interface DoorLimits {
  /** How many there may be at a time, from when they are accepted until their handshake is done, TLS and the upgrade to WebSocket included; more are closed at once. On `tls` and `wss` one in eight of them may have begun with TLS, and the others wait for it. Default: 1,024, or for a node twice as many as it has peers. */
  readonly maxUnproven?: number | undefined;
  /** How many of them may come from one IP address, or one IPv6 network of 64 bits; more are closed at once. Peers behind one address, such as a proxy's, share it. Unix sockets have no address. Default: `maxUnproven`. */
  readonly maxUnprovenPerAddress?: number | undefined;
}

/** How a door is kept. */
export interface DoorOptions extends DoorLimits {
  /** How long each may take, in milliseconds. Default: 10,000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Where time comes from. Default: the system. */
  readonly clock?: Clock | undefined;
}

/**
 * Checks the limits.
 *
 * @param limits What a user gave.
 * @returns The same.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function readDoorLimits(
  { maxUnproven, maxUnprovenPerAddress }: DoorLimits,
): DoorLimits {
  for (const [name, value] of Object.entries({ maxUnproven, maxUnprovenPerAddress })) {
    if (value === undefined || Number.isInteger(value) && value > 0) continue;
    throw invalidArgument(`Option ${name} must be a whole number above 0, not ${value}.`);
  }
  return { maxUnproven, maxUnprovenPerAddress };
}

/**
 * The one count and the one deadline of connections that have not proven
 * themselves, over everything that they go through: whoever accepts one takes
 * a {@linkcode HeldPlace} for it, which goes with it from layer to layer. Each
 * node and each listener of a service has a door.
 */
export class ListenerDoor implements Door, PlaceKeeper {
  /** How many there may be at a time. */
  readonly maxUnproven: number;
  /** How many of one address. */
  readonly maxUnprovenPerAddress: number;

  readonly #maxTls: number;
  readonly #clock: Clock;
  #handshakeTimeoutMs: number;
  #count = 0;
  readonly #perAddress = new Map<string, number>();
  /** Those whose deadline is kept here, in the order in which they came. */
  readonly #timed = new Set<HeldPlace>();
  #timer: ReturnType<Clock["setTimer"]> | null = null;
  #tlsCount = 0;
  readonly #tlsQueue = new Set<HeldPlace>();

  /** @param options How it is kept. */
  constructor(options: DoorOptions = {}) {
    const { maxUnproven = MAX_UNPROVEN, maxUnprovenPerAddress = Infinity } = options;
    this.maxUnproven = maxUnproven;
    this.maxUnprovenPerAddress = maxUnprovenPerAddress;
    this.#maxTls = Math.max(LEAST_TLS, Math.floor(maxUnproven / TLS_SHARE));
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    this.#clock = options.clock ?? systemClock;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** How long each may take, in milliseconds; a new value holds for those that are there, too. */
  get handshakeTimeoutMs(): number {
    return this.#handshakeTimeoutMs;
  }

  set handshakeTimeoutMs(timeoutMs: number) {
    this.#handshakeTimeoutMs = timeoutMs;
    this.#disarm();
    this.#arm();
  }

  /** See {@linkcode Door}. */
  enter(ip: string | null, onLate: ((limitMs: number) => void) | null): HeldPlace | string {
    const address = ip === null ? null : countedAddress(ip);
    if (this.#count >= this.maxUnproven) {
      return `${this.maxUnproven} connections that have not proven themselves are there already (maxUnproven)`;
    }
    const ofAddress = address === null ? 0 : this.#perAddress.get(address) ?? 0;
    if (ofAddress >= this.maxUnprovenPerAddress) {
      return `${this.maxUnprovenPerAddress} connections of its address that have not proven ` +
        "themselves are there already (maxUnprovenPerAddress)";
    }
    this.#count++;
    if (address !== null) this.#perAddress.set(address, ofAddress + 1);
    const place = new HeldPlace(this, address, this.#clock.now(), onLate ?? nothing);
    if (onLate !== null) {
      this.#timed.add(place);
      this.#arm();
    }
    return place;
  }

  /** See {@linkcode PlaceKeeper}. */
  usedMs({ sinceMs }: HeldPlace): number {
    return this.#clock.now() - sinceMs;
  }

  /** See {@linkcode PlaceKeeper}. */
  release(place: HeldPlace): void {
    this.#timed.delete(place);
    if (this.#timed.size === 0) this.#disarm();
  }

  /** See {@linkcode PlaceKeeper}. */
  free(place: HeldPlace): void {
    this.release(place);
    this.#count--;
    const { address, tls } = place;
    if (address !== null) {
      const left = this.#perAddress.get(address)! - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    }
    this.#tlsQueue.delete(place);
    if (tls !== "begun") return;
    this.#tlsCount--;
    for (const next of this.#tlsQueue) return this.#beginTls(next);
  }

  /** See {@linkcode PlaceKeeper}. */
  queue(place: HeldPlace): void {
    if (this.#tlsCount < this.#maxTls) return this.#beginTls(place);
    place.tls = "waiting";
    this.#tlsQueue.add(place);
  }

  #beginTls(place: HeldPlace): void {
    this.#tlsQueue.delete(place);
    this.#tlsCount++;
    place.tls = "begun";
    place.onTurn?.();
  }

  /** As all have the same time, the first that came is the first that is late. */
  #arm(): void {
    if (this.#timer !== null) return;
    for (const first of this.#timed) {
      const leftMs = this.#handshakeTimeoutMs - this.usedMs(first);
      this.#timer = this.#clock.setTimer(Math.max(0, leftMs), this.#onTimer);
      return;
    }
  }

  #disarm(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    for (const place of this.#timed) {
      if (this.usedMs(place) < this.#handshakeTimeoutMs) break;
      place.onLate(this.#handshakeTimeoutMs);
      place.leave();
    }
    this.#arm();
  };
}

function nothing(): void {}
