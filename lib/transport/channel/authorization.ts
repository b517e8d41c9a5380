/**
 * What a listener's `authorize` decides about a token.
 *
 * @module
 */

import { disregard } from "../../foreign/thenable.ts";
import type { PeerIdentity } from "./peer_identity.ts";

/** The result for a token: `null` accepts it, a name accepts it for the peer of that name only, a text refuses it with that text. */
export type TokenJudgement = string | null | { readonly name: string };

/** Checks the token of a request, at once or by a promise. It gets the proven identity of the other end and its address, as far as they are known. */
export type Authorize = (
  token: string | null,
  identity: PeerIdentity | undefined,
  remote?: string,
) => TokenJudgement | Promise<TokenJudgement>;

/** The token is accepted. */
export interface Authorized {
  /** The only name that it is accepted for; `undefined`: any name. */
  readonly name: string | undefined;
}

/** The token is refused. */
export interface Unauthorized {
  /** 401: the token is not valid. 503: this side failed to judge it. */
  readonly status: 401 | 503;
  /** The text for the other end. */
  readonly reason: string;
  /** The error on this side. */
  readonly cause: unknown;
}

/** The outcome for a request. */
export type Authorization = Authorized | Unauthorized;

const ANYONE: Authorized = { name: undefined };

/**
 * Reads a result of `authorize`. Only the documented ones accept a token: a
 * promise, `undefined`, `false` and any other object do not. Never throws.
 *
 * @param said What `authorize` returned, or what its promise resolved to.
 */
export function authorizationOf(said: unknown): Authorization {
  if (said === null) return ANYONE;
  if (typeof said === "string") return { status: 401, reason: said, cause: undefined };
  try {
    const name: unknown = (said as { readonly name?: unknown } | undefined)?.name;
    if (typeof said === "object" && typeof name === "string" && name !== "") return { name };
  } catch (cause) {
    return notJudged(cause);
  }
  disregard(said);
  return notJudged(new TypeError("authorize must return null, a text or { name }"));
}

/** The outcome for a token that could not be judged. */
export function notJudged(cause: unknown): Unauthorized {
  return { status: 503, reason: "this side could not judge the token; try again later", cause };
}

/** Asks `authorize`, and waits for its answer. Never rejects. Without one, every token is accepted. */
export async function authorizeToken(
  authorize: Authorize | undefined,
  token: string | null,
  identity: PeerIdentity | undefined,
  remote?: string,
): Promise<Authorization> {
  if (authorize === undefined) return ANYONE;
  try {
    return authorizationOf(await authorize(token, identity, remote));
  } catch (cause) {
    return notJudged(cause);
  }
}

/** The same for an `authorize` without promises. Never throws. */
export function authorizeTokenNow(
  authorize: ((token: string | null) => TokenJudgement) | undefined,
  token: string | null,
): Authorization {
  if (authorize === undefined) return ANYONE;
  try {
    return authorizationOf(authorize(token));
  } catch (cause) {
    return notJudged(cause);
  }
}

/**
 * The token in an `authorization` field.
 *
 * @param field The field's text, if there is one.
 * @returns The token; `null` if there is no field, empty if there is something else in it.
 */
export function bearerToken(field: string | null): string | null {
  return field === null ? null : /^bearer +(\S+)$/i.exec(field)?.[1] ?? "";
}
