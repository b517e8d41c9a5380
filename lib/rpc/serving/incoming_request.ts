/**
 * A single request that is answered in a later turn than it arrived in.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { IncomingCall } from "../../session/calls/incoming_call_table.ts";
import type { CallContext } from "./call_context.ts";

/** The session's part of a request. */
export class IncomingRequest extends IncomingCall {
  /** Begins it once it has a slot; with it the decoded request is dropped. */
  onStart: () => void = nothing;
  /** Called when it ends before that. */
  onDropped: () => void = nothing;
  /** The handler's context. */
  readonly context: CallContext;

  constructor(id: number, context: CallContext) {
    super(id, context.deadlineMs);
    this.context = context;
  }

  /** Aborts the handler's signal. */
  override onCancelled(error: InternodeError): void {
    const { context } = this;
    // The peer may send others now, while the handler still holds this one.
    if (this.hasBegun) {
      context.hold(this.heldBytes);
      context.abandon(this.arrivedMs);
    } else {
      context.letGo();
      this.onStart = nothing;
      this.onDropped();
    }
    context.cancel(error, this.arrivedMs);
  }

  /** Aborts the handler's signal. */
  override onStopping(error: InternodeError): void {
    this.context.stop(error);
  }
}

function nothing(): void {}
