/**
 * Signals that users give.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../errors.ts";
import { guard } from "./guard.ts";

/** What listens to a signal. */
export type AbortListener = (() => void) | { handleEvent(): void };

/**
 * What is wrong with what was given as a signal; `null`: nothing. An object
 * that only looks like one will do, as one of a library's own make. Never throws.
 *
 * @param given Such as a controller in the place of its signal.
 */
export function signalProblem(given: unknown): InternodeError | null {
  const isSignal = guard(() => {
    const signal = given as Partial<AbortSignal> | null;
    return typeof signal === "object" && signal !== null && typeof signal.aborted === "boolean" &&
      typeof signal.addEventListener === "function" &&
      typeof signal.removeEventListener === "function";
  }, () => false);
  if (isSignal) return null;
  return invalidArgument(
    "Option signal must be an AbortSignal, such as the signal of an AbortController.",
  );
}

/**
 * The same, thrown.
 *
 * @throws {InternodeError} `InvalidArgument`.
 */
export function checkSignal(given: AbortSignal | undefined): void {
  const problem = given === undefined ? null : signalProblem(given);
  if (problem !== null) throw problem;
}

/** Whether a signal has aborted. Never throws: one that does not say has not. */
export function hasAborted(signal: AbortSignal | null | undefined): boolean {
  return guard(() => signal?.aborted === true, () => false);
}

/** Why a signal has aborted; never `undefined`. Never throws: what reading it throws is the reason. */
export function reasonOf(signal: AbortSignal | null | undefined): unknown {
  const reason = guard((): unknown => signal?.reason, (thrown) => thrown);
  // As streams and promises take `undefined` for a good end.
  if (reason !== undefined) return reason;
  return new DOMException("The signal has been aborted", "AbortError");
}

/** Throws a signal's reason if it has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (hasAborted(signal)) throw reasonOf(signal);
}

/**
 * Listens to a signal. One that cannot be listened to never aborts; its
 * trouble is the caller's, who is told by `onThrown`.
 *
 * @param onThrown Is given what the signal has thrown. Must not throw.
 */
export function listenTo(
  signal: AbortSignal | undefined,
  listener: AbortListener,
  onThrown: (thrown: unknown) => void,
): void {
  guard(() => signal?.addEventListener("abort", listener), onThrown);
}

/** Listens no more. Never throws. */
export function leaveSignal(signal: AbortSignal | null | undefined, listener: AbortListener): void {
  guard(() => signal?.removeEventListener("abort", listener), () => {});
}
