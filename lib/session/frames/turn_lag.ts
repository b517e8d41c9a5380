/**
 * How a call's time counts from the call, though the clock is read once a turn.
 *
 * @module
 */

/**
 * How much later a turn ended than it began; 0 until it has ended. The calls
 * made in the midst of the turn share one, and their deadlines are later by so
 * much: when in the turn each was made is not known, and none may end early.
 */
export class TurnLag {
  /** In milliseconds. */
  ms = 0;
}

/** Of calls whose time is known exactly. */
export const NO_LAG: Readonly<TurnLag> = new TurnLag();
