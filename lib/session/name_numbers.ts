/**
 * The numbers that one side gives to the names of handlers.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { encodeName, MAX_NAMES, MAX_NAMES_BYTES, nameCost } from "./handler_name.ts";

/** Names and their numbers, agreed on once for each connection. */
export class NameNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #tell: (number: number, payload: Uint8Array) => void;
  #bytes = 0;

  /** @param tell Tells the peer of a new name. */
  constructor(tell: (number: number, payload: Uint8Array) => void) {
    this.#tell = tell;
  }

  /**
   * The number of a name; a new one is told to the peer first.
   *
   * @throws {InternodeError} `Overloaded` when the peer takes no more names.
   */
  of(name: string, subroute: string): number {
    const key = `${name}\0${subroute}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#numbers.size, payload = encodeName(name, subroute);
    const bytes = this.#bytes + nameCost(payload.length);
    if (number >= MAX_NAMES || bytes > MAX_NAMES_BYTES) {
      throw new InternodeError(
        "Overloaded",
        `${number} names of handlers and subroutes are in use on this connection, as many as there can be.`,
        { origin: "caller", handler: name },
      );
    }
    this.#bytes = bytes;
    this.#numbers.set(key, number);
    this.#tell(number, payload);
    return number;
  }
}
