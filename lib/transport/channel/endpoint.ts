/**
 * Endpoints: how to reach one replica of a service.
 *
 * @module
 */

import type { Channel } from "./transport.ts";

/**
 * Properties of an endpoint besides its address. Resolvers pass them on;
 * balancers use `priority`, `weight` and the client's own `zone`.
 */
export interface EndpointAttributes {
  /** The name of the replica, which stays the same when the address changes. Default: the address. */
  readonly name?: string | undefined;
  /** Of the replicas that can take calls, only those with the lowest number get any. Default: 0. */
  readonly priority?: number | undefined;
  /** Its share of the calls, relative to the weights of others: a number above 0. Default: 1. */
  readonly weight?: number | undefined;
  /** Where it runs: a zone, a rack, a data centre. Clients may prefer their own. Default: unknown. */
  readonly zone?: string | undefined;
  /** Any other data that those who register and those who look up agree on. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * A way to reach one replica. Users may implement it for transports of their
 * own: a byte channel or a message channel is all that a connection needs.
 */
export interface Endpoint extends EndpointAttributes {
  /** Identifies the replica: endpoints with equal addresses are the same. Errors and logs name it. */
  readonly address: string;
  /**
   * Connects. A channel that is made after the signal has aborted must be
   * closed.
   *
   * @param signal Aborts the dial; the promise then rejects with its reason.
   * @param makeToken Makes the proof of the client's secret that a WebSocket upgrade request carries (`authorization: Bearer …`), valid once; do not call it without such a request. Absent if the client has no secret.
   * @param early See `DialOptions.early`; an endpoint need not look at it.
   * @returns The channel, owned by the caller. Rejects with an `InternodeError` that names the address and the reason, or with any other error.
   */
  dial(signal: AbortSignal, makeToken?: () => string, early?: boolean): Promise<Channel>;
  /**
   * Calls back whenever new connections will differ from older ones, such as
   * with new certificates; the older ones are then renewed soon. Absent if
   * never.
   *
   * @returns A function that stops the callbacks.
   */
  onChange?(listener: () => void): () => void;
}

/** The description of an endpoint, without its dial function. */
export function attributesOf(
  { name, priority, weight, zone, metadata }: EndpointAttributes,
): EndpointAttributes {
  return { name, priority, weight, zone, metadata };
}

/** Whether two descriptions of endpoints are equal. */
export function haveSameAttributes(one: EndpointAttributes, other: EndpointAttributes): boolean {
  return one.name === other.name && one.priority === other.priority &&
    one.weight === other.weight && one.zone === other.zone &&
    haveSameEntries(one.metadata, other.metadata);
}

function haveSameEntries(
  one: EndpointAttributes["metadata"],
  other: EndpointAttributes["metadata"],
): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && one[key] === other[key]);
}

/** Whether a user's value looks like an endpoint. Never throws. */
export function isEndpoint(given: unknown): given is Endpoint {
  try {
    const { address, dial } = given as Partial<Endpoint>;
    return typeof address === "string" && typeof dial === "function";
  } catch {
    return false;
  }
}
