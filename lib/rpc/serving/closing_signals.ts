/**
 * Telling handlers that their node begins to close.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { abort } from "../../runtime/abort.ts";
import type { EventLogger } from "../../foreign/log_event.ts";

/** The signals of one node's handlers; each is made when it is asked for, and kept while its handler runs. */
export class ClosingSignals {
  /** Why the node closes; `null`: it does not. */
  reason: InternodeError | null = null;
  readonly #controllers = new Set<AbortController>();

  /** Makes a signal, which has aborted already if the node is closing. */
  make(): AbortController {
    const controller = new AbortController();
    if (this.reason === null) this.#controllers.add(controller);
    else controller.abort(this.reason);
    return controller;
  }

  /** A handler has ended. */
  forget(controller: AbortController): void {
    this.#controllers.delete(controller);
  }

  /** The node begins to close; a listener that throws is told to the log. */
  abort(reason: InternodeError, logger: EventLogger): void {
    if (this.reason !== null) return;
    this.reason = reason;
    const controllers = [...this.#controllers];
    this.#controllers.clear();
    for (const controller of controllers) abort(controller, reason, logger, "`context.closing`");
  }
}
