/**
 * The good parts of what a source of endpoints says.
 *
 * @module
 */

import type { EventLogger, LogFields } from "../../foreign/log_event.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";
import { messageOf, textOf } from "../../foreign/text_of.ts";

/** So many bad parts are told one by one at a time. */
const MAX_TOLD = 10;

/** Takes the good ones of many parts, and warns of each bad one once, for as long as it stays. */
export class ValidParts {
  readonly #logger: EventLogger;
  readonly #about: Partial<LogFields>;
  #told: ReadonlySet<string> = new Set();

  /**
   * @param logger Hears of bad parts.
   * @param about What they are parts of.
   */
  constructor(logger: EventLogger, about: Partial<LogFields>) {
    this.#logger = logger;
    this.#about = about;
  }

  /**
   * Makes endpoints of all parts that are good.
   *
   * @param parts All that there are at the moment.
   * @param make Makes one; throws for a bad part.
   * @param tell Says what is wrong with a bad part, given what was thrown, without a full stop.
   * @returns The endpoints, in the order of the parts.
   * @throws What the first bad part threw, if none is good.
   */
  take<Part>(
    parts: Iterable<Part>,
    make: (part: Part) => Endpoint,
    tell: (part: Part, problem: string) => string,
  ): Endpoint[] {
    const endpoints: Endpoint[] = [], bad: { readonly part: Part; readonly error: unknown }[] = [];
    for (const part of parts) {
      try {
        endpoints.push(make(part));
      } catch (error) {
        bad.push({ part, error });
      }
    }
    if (endpoints.length === 0 && bad.length > 0) throw bad[0]!.error;
    const told = new Map<string, Partial<LogFields>>(
      bad.slice(0, MAX_TOLD).map(({ part, error }) => [
        `${tell(part, messageOf(error))}. It is ignored, and the others are used.`,
        { reason: textOf(error), error },
      ]),
    );
    const more = bad.length - MAX_TOLD;
    if (more > 0) {
      told.set(`${more} more ${more === 1 ? "part is" : "parts are"} invalid.`, { count: more });
    }
    for (const [message, fields] of told) {
      if (this.#told.has(message)) continue;
      this.#logger.warn(message, { event: "endpoint_ignored", ...this.#about, ...fields });
    }
    this.#told = new Set(told.keys());
    return endpoints;
  }
}
