/**
 * Failures between a client and its replicas.
 *
 * @module
 */

import type { ErrorCode, InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";

const COMMUNICATION: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "Disconnected",
  "GoingAway",
  "ProtocolError",
  "Unreachable",
]);

/** What failed between a client and its replicas: processes, networks, connections. See {@linkcode isCommunicationError}. */
export type CommunicationError = InternodeError & {
  readonly code: "Disconnected" | "GoingAway" | "ProtocolError" | "Unreachable";
};

/**
 * Whether a call failed between client and replicas, and not in a handler or
 * because of its arguments. `Unreachable` is one of them: no replica took the
 * call. `outcome` returns whether the handler may have run.
 *
 * @param error What a call rejected with.
 * @returns Whether its code is `Disconnected`, `GoingAway`, `ProtocolError` or `Unreachable`.
 *
 * @example Going on without a cache that cannot be reached
 * ```ts
 * import { isCommunicationError } from "@internode/grid/call";
 * import { InternodeError } from "@internode/grid";
 * import { assertEquals } from "@std/assert";
 *
 * async function cached(get: () => Promise<string>): Promise<string | null> {
 *   try {
 *     return await get();
 *   } catch (error) {
 *     if (isCommunicationError(error)) return null;
 *     throw error;
 *   }
 * }
 * const down = new InternodeError("Unreachable", "no replica", { origin: "network" });
 * assertEquals(await cached(() => Promise.reject(down)), null);
 * ```
 */
export function isCommunicationError(error: unknown): error is CommunicationError {
  return isOwnError(error) && COMMUNICATION.has(error.code);
}
