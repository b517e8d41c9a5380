/**
 * What contracts and services say of themselves: plain values that JSON can carry.
 *
 * @module
 */

import type { Description, Documented } from "../codec/description/description.ts";

/** What the descriptions of both kinds of contracts have. */
export interface NamedDescription extends Documented {
  /** The handler's name; `service.method` for a method. */
  readonly name: string;
  /** What a `HandlerError` carries besides its message. Left out: nothing. */
  readonly detail?: Description | undefined;
  /** For the method of a service: its name there. */
  readonly method?: string | undefined;
}

/** A request with one response. */
export interface SingleDescription extends NamedDescription {
  /** The kind of contract. */
  readonly kind: "single";
  /** The request. */
  readonly request: Description;
  /** The response. */
  readonly response: Description;
  /** For the method of a service: whether running it twice does no harm. */
  readonly idempotent?: boolean | undefined;
}

/** A call with many messages. */
export interface StreamDescription extends NamedDescription {
  /** The kind of contract. */
  readonly kind: "stream";
  /** What the caller sends with the opening. */
  readonly initial: Description;
  /** Each message of the caller. Left out: there are none. */
  readonly input?: Description | undefined;
  /** Each message of the handler. Left out: there are none. */
  readonly output?: Description | undefined;
  /** How many of the caller's messages may be under way or unread; 0: there are none. */
  readonly inputCapacity: number;
  /** How many of the handler's messages may be under way or unread; 0: there are none. */
  readonly outputCapacity: number;
}

/** A contract of either kind, or a method. */
export type ContractDescription = SingleDescription | StreamDescription;

/** A service with its methods. */
export interface ServiceDescription extends Documented {
  /** The kind of thing described. */
  readonly kind: "service";
  /** The service's name. */
  readonly name: string;
  /** Its methods, in the service's order. */
  readonly methods: readonly ContractDescription[];
}
