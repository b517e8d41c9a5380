/**
 * Bounds for frames that run no handler, and for those that come to nothing.
 *
 * @module
 */

import { protocolError } from "./frames/wire_error.ts";

/** So many frames that run no handler are a step of the turn, as a handler is. */
export const STEP_FRAMES = 32;
/** So many bytes of a batch are. */
export const STEP_BYTES: number = 16 * 1024;
/** So many may come at once. */
export const FLOOD_BURST = 20_000;
/** So many may come in a second. */
export const FLOOD_PER_SECOND = 2_000;
/** So many more in a second for each call under way: signs of life are asked for each of them. */
const FLOOD_PER_SECOND_AND_CALL = 20;
/** So many more for each message, either way: its end may cross cancels, credits and the like. */
const FLOOD_PER_MESSAGE = 4;

/**
 * Counts frames of a peer's that have no effect, such as pings, or cancels of
 * calls that there are not. Peers send some of them by right, as what they speak
 * of may end while they are under way; one that sends more has nothing else in
 * mind than to keep this side busy.
 */
export class FloodLimiter {
  /** How many more may come before it is looked at what was earned. */
  #left = FLOOD_BURST;
  #atMs = -Infinity;
  #messages = 0;

  /**
   * One has come.
   *
   * @param nowMs The time of the present turn.
   * @param messages How many messages have gone either way so far.
   * @param calls How many calls are under way.
   * @throws {InternodeError} `ProtocolError` if there are too many.
   */
  add(nowMs: number, messages: number, calls: number): void {
    if (this.#atMs === -Infinity) this.#atMs = nowMs;
    if (--this.#left >= 0) return;
    const seconds = (nowMs - this.#atMs) / 1000;
    const aSecond = FLOOD_PER_SECOND + FLOOD_PER_SECOND_AND_CALL * calls;
    const earned = seconds * aSecond + (messages - this.#messages) * FLOOD_PER_MESSAGE;
    this.#atMs = nowMs;
    this.#messages = messages;
    this.#left += Math.min(FLOOD_BURST, earned);
    if (this.#left >= 0) return;
    throw protocolError(
      `The peer sent too many frames without effect, such as pings and cancels of unknown calls: ` +
        `${FLOOD_BURST} at once and ${FLOOD_PER_SECOND} a second are allowed.`,
    );
  }
}
