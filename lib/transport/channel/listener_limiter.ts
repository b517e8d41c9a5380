/**
 * How many connections of a listener may be in their handshake, and for how
 * long.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { HandshakeLimiter } from "./handshake_limiter.ts";
import { HeldSlot, type SlotPool } from "./held_slot.ts";
import { countedAddress } from "./counted_address.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import { shown } from "../../foreign/text_of.ts";

/** The default of `maxUnproven`. */
const MAX_UNPROVEN = 1_024;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** One in this many connections may have begun TLS, which takes about 60 KiB each in the runtime; the others wait. */
const TLS_SHARE = 8;
const LEAST_TLS = 16;

/** How many connections of a listener may be in their handshake at a time. */
export interface HandshakeLimits {
  /** How many there may be at a time, from when they are accepted until their handshake is done, TLS and the upgrade to WebSocket included; more are closed at once. On `tls` and `wss` one in eight of them may have begun with TLS, and the others wait for it. Default: 1,024, or for a node twice as many as it has peers. */
  readonly maxUnproven?: number | undefined;
  /** How many of them may come from one IP address, or one IPv6 network of 64 bits; more are closed at once. Peers behind one address, such as a proxy's, share it. Unix sockets have no address. Default: `maxUnproven`. */
  readonly maxUnprovenPerAddress?: number | undefined;
}

/** Options of a {@linkcode ListenerLimiter}. */
export interface ListenerLimiterOptions extends HandshakeLimits {
  /** How long each may take, in milliseconds. Default: 10,000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** The source of time. Default: the system. */
  readonly clock?: Clock | undefined;
}

/**
 * Checks the limits.
 *
 * @param limits What a user gave.
 * @returns The same.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function readHandshakeLimits(
  { maxUnproven, maxUnprovenPerAddress }: HandshakeLimits,
): HandshakeLimits {
  for (const [name, value] of Object.entries({ maxUnproven, maxUnprovenPerAddress })) {
    if (value === undefined || Number.isInteger(value) && value > 0) continue;
    throw invalidArgument(`Option ${name} must be a whole number above 0, not ${shown(value)}.`);
  }
  return { maxUnproven, maxUnprovenPerAddress };
}

/**
 * Counts and times the connections whose handshake is not done, over all
 * layers: accepting a connection acquires a {@linkcode HeldSlot}, which is
 * handed over with it. Each node and each listener of a service has a limiter.
 */
export class ListenerLimiter implements HandshakeLimiter, SlotPool {
  /** How many from one address. */
  readonly maxUnprovenPerAddress: number;

  #maxUnproven: number;
  readonly #clock: Clock;
  #handshakeTimeoutMs: number;
  #count = 0;
  readonly #perAddress = new Map<string, number>();
  /** The slots whose time limit is watched here, oldest first. */
  readonly #timed = new Set<HeldSlot>();
  #timer: ReturnType<Clock["setTimer"]> | null = null;
  #tlsCount = 0;
  readonly #tlsQueue = new Set<HeldSlot>();

  /** @param options Its limits. */
  constructor(options: ListenerLimiterOptions = {}) {
    const { maxUnproven = MAX_UNPROVEN, maxUnprovenPerAddress = Infinity } = options;
    this.#maxUnproven = maxUnproven;
    this.maxUnprovenPerAddress = maxUnprovenPerAddress;
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    this.#clock = options.clock ?? systemClock;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** How many there may be at a time; a new value applies from the next connection on. */
  get maxUnproven(): number {
    return this.#maxUnproven;
  }

  set maxUnproven(count: number) {
    this.#maxUnproven = count;
  }

  get #maxTls(): number {
    return Math.max(LEAST_TLS, Math.floor(this.#maxUnproven / TLS_SHARE));
  }

  /** How long each may take, in milliseconds; a new value also applies to present connections. */
  get handshakeTimeoutMs(): number {
    return this.#handshakeTimeoutMs;
  }

  set handshakeTimeoutMs(timeoutMs: number) {
    this.#handshakeTimeoutMs = timeoutMs;
    this.#disarm();
    this.#arm();
  }

  /** See {@linkcode HandshakeLimiter}. */
  acquire(ip: string | null, onTimeout: ((limitMs: number) => void) | null): HeldSlot | string {
    const address = ip === null ? null : countedAddress(ip);
    if (this.#count >= this.maxUnproven) {
      return `${this.maxUnproven} connections are in their handshake already (maxUnproven)`;
    }
    const ofAddress = address === null ? 0 : this.#perAddress.get(address) ?? 0;
    if (ofAddress >= this.maxUnprovenPerAddress) {
      return `${this.maxUnprovenPerAddress} connections from its address are in their ` +
        "handshake already (maxUnprovenPerAddress)";
    }
    this.#count++;
    if (address !== null) this.#perAddress.set(address, ofAddress + 1);
    const slot = new HeldSlot(this, address, this.#clock.now(), onTimeout ?? nothing);
    if (onTimeout !== null) {
      this.#timed.add(slot);
      this.#arm();
    }
    return slot;
  }

  /** See {@linkcode SlotPool}. */
  usedMs({ sinceMs }: HeldSlot): number {
    return this.#clock.now() - sinceMs;
  }

  /** See {@linkcode SlotPool}. */
  stopTimer(slot: HeldSlot): void {
    this.#timed.delete(slot);
    if (this.#timed.size === 0) this.#disarm();
  }

  /** See {@linkcode SlotPool}. */
  free(slot: HeldSlot): void {
    this.stopTimer(slot);
    this.#count--;
    const { address, tls } = slot;
    if (address !== null) {
      const left = this.#perAddress.get(address)! - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    }
    this.#tlsQueue.delete(slot);
    if (tls !== "begun") return;
    this.#tlsCount--;
    for (const next of this.#tlsQueue) return this.#beginTls(next);
  }

  /** See {@linkcode SlotPool}. */
  queueTls(slot: HeldSlot): void {
    if (this.#tlsCount < this.#maxTls) return this.#beginTls(slot);
    slot.tls = "waiting";
    this.#tlsQueue.add(slot);
  }

  #beginTls(slot: HeldSlot): void {
    this.#tlsQueue.delete(slot);
    this.#tlsCount++;
    slot.tls = "begun";
    slot.onTurn?.();
  }

  /** All have the same time limit, so the oldest one is the first to time out. */
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
    for (const slot of this.#timed) {
      if (this.usedMs(slot) < this.#handshakeTimeoutMs) break;
      slot.onTimeout(this.#handshakeTimeoutMs);
      slot.release();
    }
    this.#arm();
  };
}

function nothing(): void {}
