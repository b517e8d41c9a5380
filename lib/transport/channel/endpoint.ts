/**
 * Where one replica of a service can be reached, and how.
 *
 * @module
 */

import type { Channel } from "./transport.ts";

/**
 * What a source of endpoints may say of one beside its address. Resolvers hand
 * it on; balancers go by `priority`, `weight` and the client's own `zone`.
 */
export interface EndpointAttributes {
  /** Who is there, where that is not the address: a name that stays when the address changes. Default: the address. */
  readonly name?: string | undefined;
  /** Of replicas that can take calls only those with the lowest number get any. Default: 0. */
  readonly priority?: number | undefined;
  /** Its share of the calls, beside others' weights: a number above 0. Default: 1. */
  readonly weight?: number | undefined;
  /** Where it runs: a zone, a rack, a data centre. Clients may prefer their own. Default: not known. */
  readonly zone?: string | undefined;
  /** Whatever else those who register and those who look up agree on. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * A way to reach one replica. Users may implement it for transports of their
 * own: a byte channel or a message channel is all that a connection needs.
 */
export interface Endpoint extends EndpointAttributes {
  /** Identifies the replica: endpoints with equal addresses are one. Also what errors and logs name. */
  readonly address: string;
  /**
   * Connects. A channel that comes about after the signal has aborted must be closed.
   *
   * @param signal Gives up; the promise then rejects with its reason.
   * @param makeToken Makes the proof of the client's secret that a WebSocket upgrade request carries (`authorization: Bearer …`), good once; not to be called where there is no such request. Absent: the client has no secret.
   * @returns The channel, owned by the caller. Rejects with an `InternodeError` that names the address and the reason, or with any other error.
   */
  dial(signal: AbortSignal, makeToken?: () => string): Promise<Channel>;
  /**
   * Calls back whenever connections made from then on differ from those made
   * before, as with new certificates; those are renewed soon. Absent: never.
   *
   * @returns A function that ends that.
   */
  onChange?(listener: () => void): () => void;
}

/** What is said of an endpoint, without the way to reach it. */
export function attributesOf(
  { name, priority, weight, zone, metadata }: EndpointAttributes,
): EndpointAttributes {
  return { name, priority, weight, zone, metadata };
}

/** Whether the same is said of two endpoints, or of one at two times. */
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

/** Whether what a user has given is an endpoint, as far as that shows. Never throws. */
export function isEndpoint(given: unknown): given is Endpoint {
  try {
    const { address, dial } = given as Partial<Endpoint>;
    return typeof address === "string" && typeof dial === "function";
  } catch {
    return false;
  }
}
