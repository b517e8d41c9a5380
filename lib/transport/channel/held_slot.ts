/**
 * The slot of one connection whose handshake is not done.
 *
 * @module
 */

import type { HandshakeSlot } from "./handshake_limiter.ts";
import { PeerLeft } from "./peer_left.ts";

/** What a slot needs of its limiter. */
export interface SlotPool {
  /** Stops the timer of a slot. */
  stopTimer(slot: HeldSlot): void;
  /** A slot is free again. */
  free(slot: HeldSlot): void;
  /** How long a slot has been held, in milliseconds. */
  usedMs(slot: HeldSlot): number;
  /** Calls `onTurn` of a slot when it may begin TLS. */
  queueTls(slot: HeldSlot): void;
}

/** The state of a connection that waits for TLS. */
export type TlsStage = "none" | "waiting" | "begun";

/** A {@linkcode HandshakeSlot} of this library. */
export class HeldSlot implements HandshakeSlot {
  /** The address of the connection; `null` if unknown. */
  readonly address: string | null;
  /** When it was accepted, by the limiter's clock. */
  readonly sinceMs: number;
  /** See {@linkcode HandshakeSlot}. */
  isDeadlineTaken = false;
  /** See {@linkcode HandshakeSlot}. */
  onTimeout: (limitMs: number) => void;
  /** Only for the limiter. */
  tls: TlsStage = "none";
  /** Only for the limiter. */
  onTurn: (() => void) | null = null;

  readonly #pool: SlotPool;
  #isFree = false;
  #failTurn: ((error: Error) => void) | null = null;

  /**
   * @param pool The limiter.
   * @param address Where the connection comes from; `null`: not known.
   * @param sinceMs When it was accepted, by the clock of the limiter.
   * @param onTimeout See {@linkcode HandshakeSlot}.
   */
  constructor(
    pool: SlotPool,
    address: string | null,
    sinceMs: number,
    onTimeout: (limitMs: number) => void,
  ) {
    this.#pool = pool;
    this.address = address;
    this.sinceMs = sinceMs;
    this.onTimeout = onTimeout;
  }

  /** See {@linkcode HandshakeSlot}. */
  takeDeadline(): number {
    this.isDeadlineTaken = true;
    this.#pool.stopTimer(this);
    return this.#pool.usedMs(this);
  }

  /** See {@linkcode HandshakeSlot}. */
  tlsTurn(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isFree) return reject(leftWaiting());
      this.#failTurn = reject;
      this.onTurn = () => {
        this.#failTurn = null;
        resolve();
      };
      this.#pool.queueTls(this);
    });
  }

  /** See {@linkcode HandshakeSlot}. */
  release(): void {
    if (this.#isFree) return;
    this.#isFree = this.isDeadlineTaken = true;
    this.#pool.free(this);
    this.#failTurn?.(leftWaiting());
    this.#failTurn = null;
  }
}

function leftWaiting(): PeerLeft {
  return new PeerLeft("the connection ended while it waited for its TLS handshake");
}
