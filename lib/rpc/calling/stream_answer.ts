/**
 * The headers and trailers of a stream, for its caller.
 *
 * @module
 */

import type { AnswerMetadata } from "../../session/frames/answer_metadata.ts";
import { type Metadata, NO_METADATA } from "../../session/frames/metadata.ts";

/** Headers and trailers of a stream, each made when it is asked for. */
export interface AnswerPromises {
  /** Resolves with the headers: empty if an output or the end comes without any. */
  readonly headers: Promise<Metadata>;
  /** Resolves with the trailers: empty if the end comes without any. */
  readonly trailers: Promise<Metadata>;
}

/** How a stream has ended. */
interface Ending {
  /** `undefined`: well. */
  readonly error: unknown;
}

/** What a stream's handler has set, as far as it has come. Promises and texts are made when somebody asks. */
export class StreamAnswer implements AnswerPromises {
  #headers: AnswerMetadata | null = null;
  #trailers: AnswerMetadata | null = null;
  #hasOutputs = false;
  #ending: Ending | null = null;
  #headersAsked: PromiseWithResolvers<Metadata> | null = null;
  #trailersAsked: PromiseWithResolvers<Metadata> | null = null;

  /** See {@linkcode AnswerPromises}. */
  get headers(): Promise<Metadata> {
    if (this.#headersAsked === null) {
      this.#headersAsked = askedFor();
      this.#settle();
    }
    return this.#headersAsked.promise;
  }

  /** See {@linkcode AnswerPromises}. */
  get trailers(): Promise<Metadata> {
    if (this.#trailersAsked === null) {
      this.#trailersAsked = askedFor();
      this.#settle();
    }
    return this.#trailersAsked.promise;
  }

  /** Some of it has come. */
  onMetadata(metadata: AnswerMetadata): void {
    if (metadata.hasHeaders) this.#headers = metadata;
    if (metadata.hasTrailers) this.#trailers = metadata;
    this.#settle();
  }

  /** An output has come: no headers can follow. */
  onOutput(): void {
    this.#hasOutputs = true;
    this.#settle();
  }

  /** The stream has ended. */
  onEnd(ending: Ending): void {
    this.#ending = ending;
    this.#settle();
  }

  #settle(): void {
    settle(this.#headersAsked, this.#headers, "headers", this.#ending, this.#hasOutputs);
    settle(this.#trailersAsked, this.#trailers, "trailers", this.#ending, false);
  }
}

function askedFor(): PromiseWithResolvers<Metadata> {
  const asked = Promise.withResolvers<Metadata>();
  // Nobody needs to wait for it: the outputs and `finished` report a failure too.
  asked.promise.catch(() => {});
  return asked;
}

/** Settles a promise if it is known with what; again has no effect. */
function settle(
  asked: PromiseWithResolvers<Metadata> | null,
  come: AnswerMetadata | null,
  which: "headers" | "trailers",
  ending: Ending | null,
  isLate: boolean,
): void {
  if (asked === null) return;
  if (come !== null) asked.resolve(come[which]);
  else if (isLate || ending?.error === undefined && ending !== null) asked.resolve(NO_METADATA);
  else if (ending !== null) asked.reject(ending.error);
}
