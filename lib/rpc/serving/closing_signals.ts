/**
 * Notifies handlers that their node begins to close.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { abort, guardedController } from "../../runtime/abort.ts";
import type { EventLogger } from "../../foreign/log_event.ts";

/** The signals of one node's handlers; each is made on first use, and kept while its handler runs. */
export class ClosingSignals {
  /** Why the node closes; `null` if it does not. */
  reason: InternodeError | null = null;
  readonly #controllers = new Set<AbortController>();
  readonly #logger: EventLogger;

  /** @param logger Is told of listeners that throw. */
  constructor(logger: EventLogger) {
    this.#logger = logger;
  }

  /** Makes a signal, which is already aborted if the node is closing. */
  make(): AbortController {
    const controller = guardedController(this.#logger, "`context.closing`");
    if (this.reason === null) this.#controllers.add(controller);
    else controller.abort(this.reason);
    return controller;
  }

  /** A handler has ended. */
  forget(controller: AbortController): void {
    this.#controllers.delete(controller);
  }

  /** The node begins to close. */
  abort(reason: InternodeError): void {
    if (this.reason !== null) return;
    this.reason = reason;
    const controllers = [...this.#controllers];
    this.#controllers.clear();
    for (const controller of controllers) abort(controller, reason);
  }
}
