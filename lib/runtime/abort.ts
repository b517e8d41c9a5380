/**
 * Aborting signals that users listen to.
 *
 * @module
 */

import { about, type EventLogger } from "../foreign/log_event.ts";
import { sentence, textOf } from "../foreign/text_of.ts";

/**
 * Aborts a signal that was given to code of a user. A listener that throws
 * would end the process where nobody handles its `error` event; here that is
 * logged, and the other listeners are called all the same.
 *
 * Listeners run within this call, so what fails meanwhile is theirs. Where the
 * runtime has no such event, its own rule holds.
 *
 * @param controller Whose signal it is.
 * @param reason Why it aborts.
 * @param logger Where a listener's failure is told.
 * @param whose Of what the signal is, for the log: `"a handler's call"`.
 */
export function abort(
  controller: AbortController,
  reason: unknown,
  logger: EventLogger,
  whose: string,
): void {
  // Not by the runtime's names for events: programs may have other types of those names.
  const onError = (event: { preventDefault(): void; readonly error?: unknown }): void => {
    event.preventDefault();
    const { error } = event;
    const text = `A listener of the signal of ${whose} threw an error: ${sentence(textOf(error))}`;
    logger.error(text, { event: "callback_failed", what: "abort listener", ...about(error) });
  };
  const target = globalThis as Partial<EventTarget>;
  target.addEventListener?.("error", onError, { capture: true });
  try {
    controller.abort(reason);
  } finally {
    target.removeEventListener?.("error", onError, { capture: true });
  }
}
