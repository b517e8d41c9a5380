/**
 * A single request that is not answered in the turn it came.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { IncomingCall } from "../../session/calls/incoming_call_table.ts";
import type { CallContext } from "./call_context.ts";

/** A request as its session keeps it. */
export class IncomingRequest extends IncomingCall {
  /** Called when it ends before its handler has begun: what it was to be given is of no use any more. */
  onDropped: (() => void) | null = null;
  readonly #context: CallContext;

  constructor(id: number, context: CallContext) {
    super(id, context.deadlineMs);
    this.#context = context;
  }

  /** The handler hears of it. */
  override onCancelled(error: InternodeError): void {
    const context = this.#context;
    // The peer may send others now; the handler has this one still.
    if (this.hasBegun) context.hold(this.heldBytes);
    else {
      context.letGo();
      this.onDropped?.();
    }
    context.cancel(error);
  }

  /** The handler hears of it. */
  override onStopping(error: InternodeError): void {
    this.#context.stop(error);
  }
}
