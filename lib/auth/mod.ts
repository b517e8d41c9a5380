/**
 * Tokens in calls: `bearer` sends them, `bearerToken` and `jwt` check them, as
 * interceptors of callers and servers. JSON Web Tokens are checked by the package
 * `jose` (https://github.com/panva/jose).
 *
 * ```ts
 * import { bearer, jwt } from "@internode/grid/auth";
 *
 * const issuer = "https://login.example", audience = "cache";
 * const interceptors = {
 *   client: [bearer("a-token")],
 *   server: [jwt({ issuer, audience, jwks: `${issuer}/.well-known/jwks.json` })],
 * };
 * console.log(interceptors);
 * ```
 *
 * @module
 */

export type { ContextKey } from "../rpc/contract/context_values.ts";
export type {
  ClientCall,
  ClientCallBase,
  ClientInterceptor,
  Interceptor,
  ServerCall,
  ServerCallBase,
  ServerInterceptor,
  SingleCallPart,
  StreamCallPart,
} from "../rpc/contract/interceptor.ts";
export { bearer } from "./bearer.ts";
export { bearerToken, type BearerTokenOptions } from "./bearer_token.ts";
export {
  jwt,
  type JwtAlgorithm,
  type JwtKey,
  type JwtKeySet,
  type JwtOptions,
  type PublicKey,
} from "./jwt.ts";
export { type TokenClaims, tokenClaims } from "./token_claims.ts";
