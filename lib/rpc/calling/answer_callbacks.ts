/**
 * The users' functions that are told the metadata of answers.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { about, type EventLogger } from "../../foreign/log_event.ts";
import { invalidOption } from "../../foreign/option_checks.ts";
import { sentence, shown, textOf } from "../../foreign/text_of.ts";
import type { AnswerMetadata } from "../../session/frames/answer_metadata.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { CallOptions } from "../contract/call_options.ts";

/** The options of a call that name such functions. */
export type AnswerCallbacks = Pick<CallOptions, "onHeaders" | "onTrailers">;

/** What has come with an answer. */
export type ToldMetadata = Pick<
  AnswerMetadata,
  "hasHeaders" | "hasTrailers" | "headers" | "trailers"
>;

/** Whether a call has such functions. */
export function hasCallbacks({ onHeaders, onTrailers }: AnswerCallbacks): boolean {
  return onHeaders !== undefined || onTrailers !== undefined;
}

/** What is wrong with them; `null` if nothing is. */
export function callbackProblem(
  kind: "single" | "stream",
  callbacks: AnswerCallbacks,
): InternodeError | null {
  if (!hasCallbacks(callbacks)) return null;
  for (const name of ["onHeaders", "onTrailers"] as const) {
    const callback = callbacks[name];
    if (callback === undefined) continue;
    if (kind === "stream") {
      const property = name === "onHeaders" ? "headers" : "trailers";
      return invalidOption(name, `works only for single requests; a stream has \`${property}\``);
    }
    if (typeof callback !== "function") {
      return invalidOption(name, `must be a function, not ${shown(callback)}`);
    }
  }
  return null;
}

/** Calls them. Of all errors that they throw it logs the first. */
export class AnswerTeller {
  readonly #logger: EventLogger;
  #hasLogged = false;

  /** @param logger Logs the error. */
  constructor(logger: EventLogger) {
    this.#logger = logger;
  }

  /** Tells what has come. */
  tell({ onHeaders, onTrailers }: AnswerCallbacks, metadata: ToldMetadata): void {
    if (metadata.hasHeaders) this.#call("onHeaders", onHeaders, metadata.headers);
    if (metadata.hasTrailers) this.#call("onTrailers", onTrailers, metadata.trailers);
  }

  #call(what: string, callback: AnswerCallbacks["onHeaders"], metadata: Metadata): void {
    if (callback === undefined) return;
    tell(() => callback(metadata), (error) => {
      if (this.#hasLogged) return;
      this.#hasLogged = true;
      this.#logger.error(
        `The ${what} of a call threw an error: ${sentence(textOf(error))} ` +
          "Further errors of such functions are not logged.",
        { event: "callback_failed", what, ...about(error) },
      );
    });
  }
}
