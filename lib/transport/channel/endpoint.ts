/**
 * Where one replica of a service can be reached, and how.
 *
 * @module
 */

import type { Channel } from "./transport.ts";

/**
 * A way to reach one replica. Users may implement it for transports of their
 * own: a byte channel or a message channel is all that a connection needs.
 */
export interface Endpoint {
  /** Identifies the replica: endpoints with equal addresses are one. Also what errors and logs name. */
  readonly address: string;
  /** Of replicas that can take calls only those with the lowest number get any. Default: 0. */
  readonly priority?: number | undefined;
  /** Its share of the calls, beside others' weights: a number above 0. Some balancers go by it. Default: 1. */
  readonly weight?: number | undefined;
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

/** Whether what a user has given is an endpoint, as far as that shows. Never throws. */
export function isEndpoint(given: unknown): given is Endpoint {
  try {
    const { address, dial } = given as Partial<Endpoint>;
    return typeof address === "string" && typeof dial === "function";
  } catch {
    return false;
  }
}
