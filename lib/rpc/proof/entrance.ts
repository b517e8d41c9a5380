/**
 * Who may listen where without asking for proof.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { isExposed } from "../../runtime/loopback.ts";
import type { Authenticator } from "../../session/frames/authenticator.ts";

/** What an entrance asks of those who come. */
export interface Entrance {
  /** What proves the shared secret. */
  readonly auth: Authenticator | null;
  /** Whether the listener itself keeps strangers out. */
  readonly guarded: boolean;
  /** Whether its owner says that no proof is needed. */
  readonly allowUnauthenticated: boolean;
}

/**
 * Why nobody may listen at a host: other machines reach it, and whoever comes
 * would be let in.
 *
 * @param host Where.
 * @param entrance What it asks of those who come.
 * @param howToGuard What to do for mutual TLS, as the middle of a sentence.
 * @returns The error; `null` if all is well.
 */
export function openEntrance(
  host: HostAddress | string,
  { auth, guarded, allowUnauthenticated }: Entrance,
  howToGuard: string,
): InternodeError | null {
  if (auth !== null || guarded || allowUnauthenticated === true || !isExposed(host)) return null;
  const href = typeof host === "string" ? host : host.href;
  return invalidArgument(
    `Nobody is served at ${href}: other machines reach it, and everyone would be let in. ` +
      `Give option auth (see sharedSecret), or ${howToGuard}; or listen on 127.0.0.1, [::1], ` +
      "localhost or a Unix socket. If something else keeps strangers out, say " +
      "allowUnauthenticated: true.",
    { host: href },
  );
}
