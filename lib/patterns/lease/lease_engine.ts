/**
 * What keeps leases.
 *
 * @module
 */

/** What somebody asks for. */
export interface Wish {
  readonly name: string;
  /** Together with others that share it, or alone. */
  readonly isShared: boolean;
}

/** A lease, as an engine knows it. */
export interface Hold extends Wish {
  /** This gain of it; no other has the same. */
  readonly holder: string;
  readonly token: number;
  /** Until when nobody else can gain it, by this process's clock, with the margin taken off. */
  readonly untilMs: number;
}

/** The lease was not gained, and why, for people. */
export interface NotGained {
  readonly why: string;
}

/** Gains, renews and releases; all within a part of the time that a lease lasts. */
export interface LeaseEngine {
  /** How long a lease lasts, in milliseconds. */
  readonly ttlMs: number;
  /**
   * Makes what tries to gain it.
   *
   * @param waits Whether it may be tried more than once: then nobody else gets in before it again and again.
   * @throws {InternodeError} `InvalidArgument` for a name that this engine cannot have.
   */
  seek(wish: Wish, waits: boolean): Seeker;
  /** Renews it: until when it is held now; `null` if that has failed, `LOST` if it is gone. Never rejects. */
  renew(hold: Hold, signal: AbortSignal): Promise<number | null>;
  /** Gives it back. Never rejects. */
  release(hold: Hold): Promise<void>;
  /** Takes part no more. */
  close(): void;
}

/** Somebody who tries to gain a lease. */
export interface Seeker {
  /** Tries once. Rejects with what may not pass by itself. */
  attempt(signal: AbortSignal): Promise<Hold | NotGained>;
  /** It tries no more. Never rejects. */
  end(): Promise<void>;
}

/** What renewing gives where a lease is gone before its time. */
export const LOST: number = -Infinity;

/**
 * Of the time that a lease lasts, so much its holder relies on, counted from
 * before it asked. The rest is for clocks whose rates differ by up to a
 * twentieth, and for being told in time: 1 − 0.9 × 1.05 > 0.05.
 */
const HELD_SHARE = 0.9;

/** Until when a lease is relied on that was asked for at this time. */
export function heldUntilMs(askedMs: number, ttlMs: number): number {
  return askedMs + ttlMs * HELD_SHARE;
}
