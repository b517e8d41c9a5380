/**
 * Where a client learns which replicas a service has.
 *
 * @module
 */

import type { Endpoint } from "../../transport/channel/endpoint.ts";

/** An opaque mark of one state of a set of endpoints; only the resolver that gave it understands it. */
export type Version = string;

/** The version of a value that does not exist in its store. */
export const missing: Version = "missing";

/** The endpoints at one moment. */
export interface Resolution {
  /** The endpoints; of several with one address the first counts. */
  readonly endpoints: readonly Endpoint[];
  /** What to ask with for something newer; `null` from a constant resolver. */
  readonly version: Version | null;
}

/**
 * Tells a client which endpoints there are, and when that changes. One
 * resolver may be used by any number of clients at a time.
 */
export interface Resolver {
  /** Whether the endpoints never change: it is asked once then, without a version, and answers without one. */
  readonly isConstant: boolean;
  /**
   * Asks for the endpoints.
   *
   * @param version `null`: answer at once with what there is. Otherwise either
   * wait until there is something newer than that version, or answer with that
   * same version; the client then asks again after a back-off.
   * @param signal Ends the asking; the promise then rejects with its reason.
   * @returns The endpoints and their version. Rejects when they cannot be had
   * at the moment; the client keeps what it has and asks again after a back-off.
   */
  resolve(version: Version | null, signal: AbortSignal): Promise<Resolution>;
}
