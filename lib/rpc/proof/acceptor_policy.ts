/**
 * Whether a node or server may listen without authentication.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { isExposed } from "../../runtime/loopback.ts";
import type { Authenticator } from "../../session/frames/authenticator.ts";

/** What a listener requires of clients. */
export interface AcceptorPolicy {
  /** Verifies the shared secret. */
  readonly auth: Authenticator | null;
  /** Whether the listener itself authenticates clients, such as by mutual TLS. */
  readonly guarded: boolean;
  /** Whether the user has allowed connections without authentication. */
  readonly allowUnauthenticated: boolean;
}

/**
 * The error of a listener that other machines can reach and that would accept
 * every client.
 *
 * @param host The address.
 * @param policy What it requires of clients.
 * @param howToGuard What to do for mutual TLS, as the middle of a sentence.
 * @returns The error; `null` if all is well.
 */
export function exposedListenerError(
  host: HostAddress | string,
  { auth, guarded, allowUnauthenticated }: AcceptorPolicy,
  howToGuard: string,
): InternodeError | null {
  if (auth !== null || guarded || allowUnauthenticated === true || !isExposed(host)) return null;
  const href = typeof host === "string" ? host : host.href;
  return invalidArgument(
    `Cannot listen at ${href} without authentication: other machines can reach it. ` +
      `Give option auth (see sharedSecret), or ${howToGuard}; or listen on 127.0.0.1, [::1], ` +
      "localhost or a Unix socket. If something else authenticates the clients, set " +
      "allowUnauthenticated: true.",
    { host: href },
  );
}
