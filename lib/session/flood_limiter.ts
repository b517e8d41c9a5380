/**
 * Limits for frames that run no handler, and for frames without effect.
 *
 * @module
 */

import { protocolError } from "./frames/wire_error.ts";
import { DOUBLE_ZERO } from "../wire/double_zero.ts";

/** How many frames that run no handler make one step of a turn; each handler is one step too. */
export const STEP_FRAMES = 32;
/** How many bytes of a batch make one step. */
export const STEP_BYTES: number = 16 * 1024;
/** How many frames without effect may arrive at once. */
export const FLOOD_BURST = 20_000;
/** How many frames without effect may arrive per second. */
export const FLOOD_PER_SECOND = 2_000;
/** How many more per second for each call in flight: peers send pings for each of them. */
const FLOOD_PER_SECOND_AND_CALL = 20;
/** How many more for each message in either direction: cancels and credits may cross its end. */
const FLOOD_PER_MESSAGE = 4;

/**
 * Counts frames of a peer that have no effect, such as pings, or cancels of
 * unknown calls. Some are normal, because a call may end while a frame for it
 * is in flight. A peer that sends more only keeps this side busy.
 */
export class FloodLimiter {
  /** How many have arrived since the earned ones were added, without those that were earned. */
  #used: number = DOUBLE_ZERO;
  #atMs = -Infinity;
  #messages: number = DOUBLE_ZERO;

  /**
   * Counts one frame.
   *
   * @param nowMs The time of the current turn.
   * @param messages How many messages were sent and received so far.
   * @param calls How many calls are in flight.
   * @throws {InternodeError} `ProtocolError` if there are too many.
   */
  add(nowMs: number, messages: number, calls: number): void {
    if (this.#atMs === -Infinity) this.#atMs = nowMs;
    if (++this.#used <= FLOOD_BURST) return;
    const seconds = (nowMs - this.#atMs) / 1000;
    const aSecond = FLOOD_PER_SECOND + FLOOD_PER_SECOND_AND_CALL * calls;
    const earned = seconds * aSecond + (messages - this.#messages) * FLOOD_PER_MESSAGE;
    this.#atMs = nowMs;
    this.#messages = messages;
    this.#used -= Math.min(FLOOD_BURST, earned);
    if (this.#used <= FLOOD_BURST) return;
    throw protocolError(
      `The peer sent too many frames without effect, such as pings and cancels of unknown calls: ` +
        `${FLOOD_BURST} at once and ${FLOOD_PER_SECOND} a second are allowed.`,
    );
  }
}
