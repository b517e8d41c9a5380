/**
 * The numbers that one side gives to the names of handlers.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { FrameType } from "../wire/frame.ts";
import { encodeName, MAX_NAMES, MAX_NAMES_BYTES, nameCost } from "./handler_name.ts";
import type { Outbox } from "./outbox.ts";

/** Names and their numbers, agreed on once for each connection. */
export class NameNumbers {
  readonly #outbox: Outbox;
  #numbers: Map<string, number> | null = null;
  #bytes = 0;

  /** @param outbox Where the peer is told of a new name. */
  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /**
   * The number of a name; a new one is told to the peer first.
   *
   * @throws {InternodeError} `Overloaded` when the peer takes no more names.
   */
  of(name: string, subroute: string): number {
    const key = `${name}\0${subroute}`;
    const numbers = this.#numbers ??= new Map();
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = numbers.size, payload = encodeName(name, subroute);
    const bytes = this.#bytes + nameCost(payload.length);
    if (number >= MAX_NAMES || bytes > MAX_NAMES_BYTES) {
      throw new InternodeError(
        "Overloaded",
        `${number} names of handlers and subroutes are in use on this connection, as many as there can be.`,
        { origin: "caller", handler: name },
      );
    }
    this.#bytes = bytes;
    numbers.set(key, number);
    this.#outbox.frame(FrameType.name, number, 0, 0, payload);
    return number;
  }
}
