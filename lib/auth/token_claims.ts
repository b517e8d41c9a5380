/**
 * What a token says of its bearer.
 *
 * @module
 */

import { type ContextKey, contextKey } from "../rpc/contract/context_values.ts";

/** The claims of an accepted token, such as `sub`. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/** The key of the claims in `context.values`, unless an interceptor was given another one; `undefined` where no token was checked. */
export const tokenClaims: ContextKey<TokenClaims | undefined> = contextKey<TokenClaims>(
  "token claims",
);
