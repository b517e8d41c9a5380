/**
 * Aborting signals that users listen to.
 *
 * @module
 */

import { tell } from "../foreign/guard.ts";
import { about, type EventLogger } from "../foreign/log_event.ts";
import { sentence, textOf } from "../foreign/text_of.ts";

// Not by the names that DOM has for these: programs may have other types of those names.
type Listener = ((event: unknown) => unknown) | { handleEvent(event: unknown): unknown };
type Listen = (this: GuardedSignal, type: string, listener: unknown, options?: unknown) => void;
type StandIn = (event: unknown) => void;

const CARE: unique symbol = Symbol("care");

/** What is done for the listeners of one signal. */
interface Care {
  readonly logger: EventLogger;
  readonly whose: string;
  /** What stands in for each listener; `null`: there was none. */
  standIns: WeakMap<Listener, StandIn> | null;
}

/** A signal with two methods of its own, and what they need. */
interface GuardedSignal {
  [CARE]: Care;
  addEventListener: Listen;
  removeEventListener: Listen;
  onabort: unknown;
}

const native = AbortSignal.prototype as unknown as Pick<
  GuardedSignal,
  "addEventListener" | "removeEventListener"
>;

/**
 * Makes a controller whose signal is given to code of a user. A listener of it
 * that throws, or whose promise is rejected, would end the process on some
 * runtimes; here that is logged, and the other listeners are called all the
 * same. Each signal has methods of its own, as that costs a tenth of a
 * microsecond, and a prototype of its own would cost four (Deno 2.9.6).
 *
 * @param logger Where a listener's failure is told.
 * @param whose Of what the signal is, for the log: `"a handler's call"`.
 * @returns The controller, to be aborted by {@linkcode abort}.
 */
export function guardedController(logger: EventLogger, whose: string): AbortController {
  const controller = new AbortController();
  const signal = controller.signal as unknown as GuardedSignal;
  signal[CARE] = { logger, whose, standIns: null };
  signal.addEventListener = addEventListener;
  signal.removeEventListener = removeEventListener;
  return controller;
}

/**
 * Aborts the signal of a {@linkcode guardedController}. Its listeners run
 * within this call, so what fails meanwhile is theirs. That takes in those of
 * signals made of it, such as by `AbortSignal.any`, where the runtime has an
 * event for what nobody catches.
 *
 * @param controller Whose signal it is.
 * @param reason Why it aborts.
 */
export function abort(controller: AbortController, reason: unknown): void {
  const signal = controller.signal as unknown as GuardedSignal, { onabort } = signal;
  const onError = (event: { preventDefault(): void; readonly error?: unknown }): void => {
    event.preventDefault();
    report(signal, event.error);
  };
  const target = globalThis as Partial<EventTarget>;
  target.addEventListener?.("error", onError, { capture: true });
  if (onabort !== null) signal.onabort = standIn(signal, "abort", onabort);
  try {
    controller.abort(reason);
  } finally {
    if (onabort !== null) signal.onabort = onabort;
    target.removeEventListener?.("error", onError, { capture: true });
  }
}

const addEventListener: Listen = function (type, listener, options) {
  native.addEventListener.call(this, type, standIn(this, type, listener), options);
};

const removeEventListener: Listen = function (type, listener, options) {
  native.removeEventListener.call(this, type, standIn(this, type, listener), options);
};

/** The same for the same listener, as one that is added twice is called once, and may be removed. */
function standIn(signal: GuardedSignal, type: string, listener: unknown): unknown {
  if (type !== "abort" || !isListener(listener)) return listener;
  const standIns = signal[CARE].standIns ??= new WeakMap();
  const found = standIns.get(listener);
  if (found !== undefined) return found;
  const made: StandIn = (event) =>
    tell(
      () =>
        typeof listener === "function" ? listener.call(signal, event) : listener.handleEvent(event),
      (thrown) => report(signal, thrown),
    );
  standIns.set(listener, made);
  // The runtime removes one whose own signal aborts by the same method, and knows the stand-in alone.
  standIns.set(made, made);
  return made;
}

function isListener(given: unknown): given is Listener {
  return typeof given === "function" || (typeof given === "object" && given !== null);
}

function report(signal: GuardedSignal, error: unknown): void {
  const { logger, whose } = signal[CARE];
  const text = `A listener of the signal of ${whose} threw an error: ${sentence(textOf(error))}`;
  logger.error(text, { event: "callback_failed", what: "abort listener", ...about(error) });
}
