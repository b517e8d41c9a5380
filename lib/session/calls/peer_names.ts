/**
 * The handler names that the peer has defined.
 *
 * @module
 */

import type { ByteReader } from "../../wire/byte_reader.ts";
import { decodeName, MAX_NAMES_BYTES, nameCost } from "../frames/handler_name.ts";
import type { HandlerTarget } from "./handler_target.ts";
import type { SessionDelegate } from "./session_delegate.ts";
import { protocolError } from "../frames/wire_error.ts";

/** A name the peer uses. */
export interface PeerName {
  /** The handler's name. */
  readonly name: string;
  /** The subroute; empty if there is none. */
  readonly subroute: string;
  /** How many bytes it counts as. */
  readonly cost: number;
  /** Takes its calls; `null` until a call has come, or if there is no handler. */
  target: HandlerTarget | null;
}

/** The peer's names by their numbers. A number has one name at a time. */
export class PeerNames {
  /** Whether the peer may give a number another name. */
  reuses = false;

  readonly #delegate: Pick<SessionDelegate, "resolve">;
  readonly #names: PeerName[] = [];
  #bytes = 0;

  /** @param delegate Finds the handlers. */
  constructor(delegate: Pick<SessionDelegate, "resolve">) {
    this.#delegate = delegate;
  }

  /** Whether the peer has defined none, so that it has made no call. */
  get isEmpty(): boolean {
    return this.#names.length === 0;
  }

  /** The peer defines the name of a number. Returns whether the number is new; new ones are limited. */
  onName(number: number, reader: ByteReader): boolean {
    const names = this.#names, before = names[number];
    if (number > names.length || before !== undefined && !this.reuses) {
      throw protocolError(`The peer sent name number ${number} instead of ${names.length}.`);
    }
    const cost = nameCost(reader.remaining);
    this.#bytes += cost - (before?.cost ?? 0);
    if (this.#bytes > MAX_NAMES_BYTES) {
      throw protocolError(
        `The handler names that the peer sent exceed ${MAX_NAMES_BYTES} bytes (at name number ${number}).`,
      );
    }
    const { name, subroute } = decodeName(reader);
    names[number] = { name, subroute, cost, target: null };
    return before === undefined;
  }

  /** The name of a number. */
  get(number: number): PeerName {
    const named = this.#names[number];
    if (named !== undefined) return named;
    throw protocolError(
      `The peer sent a call with name number ${number}, which it has not defined.`,
    );
  }

  /** The target of calls of that name; `null` if there is no handler. It is looked up once. */
  target(named: PeerName): HandlerTarget | null {
    return named.target ??= this.#delegate.resolve(named.name, named.subroute);
  }
}
