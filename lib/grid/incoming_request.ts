/**
 * A single request that is being served.
 *
 * @module
 */

import type { InternodeError } from "../errors.ts";
import { IncomingCall } from "../session/incoming_calls.ts";
import type { Metadata } from "../session/metadata.ts";
import type { HandlerContext } from "./handler.ts";
import type { CallSource, Serving } from "./serving.ts";

/** A request as its session keeps it, and the context its handler sees. */
export class IncomingRequest extends IncomingCall implements HandlerContext {
  /** See {@linkcode HandlerContext}. */
  readonly subroute: string;
  /** See {@linkcode HandlerContext}. */
  readonly metadata: Metadata;
  /** Whether the handler's answer, or its failure, was handed over. */
  answered = false;
  readonly #serving: Serving;
  readonly #source: CallSource;
  #controller: AbortController | null = null;
  #cancelled: InternodeError | null = null;

  /** */
  constructor(
    id: number,
    deadlineMs: number,
    serving: Serving,
    source: CallSource,
    subroute: string,
    metadata: Metadata,
  ) {
    super(id, deadlineMs);
    this.#serving = serving;
    this.#source = source;
    this.subroute = subroute;
    this.metadata = metadata;
  }

  /** See {@linkcode HandlerContext}. */
  get caller(): string {
    return this.#source.host;
  }

  /** See {@linkcode HandlerContext}. */
  get deadline(): number {
    if (this.deadlineMs === Infinity) return Infinity;
    const { clock } = this.#serving;
    return clock.wallNow() + this.deadlineMs - clock.now();
  }

  /** See {@linkcode HandlerContext}. */
  get signal(): AbortSignal {
    const controller = this.#controller ??= new AbortController();
    if (this.#cancelled !== null && !controller.signal.aborted) controller.abort(this.#cancelled);
    return controller.signal;
  }

  /** Why the call was ended before its handler; `null`: it was not. */
  get cancelled(): InternodeError | null {
    return this.#cancelled;
  }

  /** The handler hears of it if it has asked for its signal. */
  override onCancelled(error: InternodeError): void {
    this.#cancelled = error;
    this.#controller?.abort(error);
  }
}
