/**
 * Which credentials a transport, an endpoint or a listener uses.
 *
 * @module
 */

import type { CredentialSource } from "./mtls_credentials.ts";

/** Transports are plain objects that users may make too, so it does not stand in them. */
const SOURCES = new WeakMap<object, CredentialSource>();

/**
 * Remembers the credentials of a transport, an endpoint or a listener.
 *
 * @param source `undefined` for none.
 * @returns The transport, endpoint or listener.
 */
export function withCredentials<T extends object>(of: T, source: CredentialSource | undefined): T {
  if (source !== undefined) SOURCES.set(of, source);
  return of;
}

/** The credentials that a transport, an endpoint or a listener uses; `undefined` if it uses none. */
export function credentialsOf(of: object | undefined): CredentialSource | undefined {
  return of === undefined ? undefined : SOURCES.get(of);
}
