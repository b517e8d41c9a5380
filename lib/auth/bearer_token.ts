/**
 * Checks the token that each call carries.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { tell } from "../foreign/guard.ts";
import { func, invalidOption, optionsOf } from "../foreign/option_checks.ts";
import { isOwnError } from "../foreign/own_error.ts";
import { shown } from "../foreign/text_of.ts";
import { ContextKey } from "../rpc/contract/context_values.ts";
import type { ServerCall, ServerInterceptor } from "../rpc/contract/interceptor.ts";
import { type TokenClaims, tokenClaims } from "./token_claims.ts";

/** The metadata in which tokens travel. */
export const AUTHORIZATION = "authorization";
/** A token's characters, by RFC 6750. */
export const TOKEN: RegExp = /^[A-Za-z0-9\-._~+/]+=*$/;
const BEARER = /^bearer +(\S+)$/i;

/**
 * Options of {@linkcode bearerToken}.
 *
 * @typeParam Claims What is known of the bearer of a token.
 */
export interface BearerTokenOptions<Claims extends object> {
  /**
   * Looks at a token, and says what is known of its bearer. Only an object
   * accepts the call; anything else, and whatever it throws, refuses it. An
   * `InternodeError` of code `PermissionDenied` or `Overloaded` reaches the caller
   * as such.
   */
  readonly verify: (
    token: string,
    call: ServerCall,
  ) => Claims | undefined | Promise<Claims | undefined>;
  /** Where handlers find that in `context.values`. Default: `tokenClaims`. */
  readonly claims?: ContextKey<Claims | undefined> | undefined;
}

/**
 * Makes an interceptor for servers that lets only calls with an accepted token
 * through: `authorization: "Bearer …"` in their metadata, as `bearer` sets it.
 * Others end as `Unauthenticated`, `notExecuted`. Tokens are in no message and in
 * no log. They are as secret as the connection is: use TLS.
 *
 * @typeParam Claims What is known of the bearer of a token.
 * @param options Who accepts tokens.
 * @returns The interceptor.
 * @throws {InternodeError} `InvalidArgument` for an option that makes no sense.
 *
 * @example
 * ```ts
 * import { Manager, single } from "@internode/grid";
 * import { bearer, bearerToken, tokenClaims } from "@internode/grid/auth";
 * import * as t from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const users = new Map([["s3cret", { sub: "ada" }]]);
 * const check = bearerToken({ verify: (token) => users.get(token) });
 * const whoami = single("whoami", { request: t.nothing(), response: t.string() });
 * const local = "memory://tokens";
 * await using grid = new Manager({
 *   local,
 *   hosts: [local],
 *   interceptors: { client: [bearer("s3cret")], server: [check] },
 * });
 * grid.handle(whoami, (_request, { values }) => `${values.get(tokenClaims)?.["sub"]}`);
 * await grid.listen();
 * assertEquals(await grid.connection(local).request(whoami, undefined), "ada");
 * ```
 */
export function bearerToken<Claims extends object = TokenClaims>(
  options: BearerTokenOptions<Claims>,
): ServerInterceptor {
  const { verify, claims = tokenClaims as ContextKey<Claims | undefined> } = optionsOf(
    "bearerToken",
    options,
  );
  func("verify", verify);
  if (!(claims instanceof ContextKey)) {
    throw invalidOption("claims", `must be a key of contextKey, not ${shown(claims)}`);
  }
  return (next) => async (call) => {
    const token = tokenOf(call);
    call.values.set(claims, await judge<Claims>(() => verify(token, call)));
    return await next(call);
  };
}

/** The token of a call. */
function tokenOf({ metadata }: ServerCall): string {
  const given = metadata[AUTHORIZATION];
  if (given === undefined) {
    throw refused("The call carries no token: its metadata must have `authorization`.");
  }
  const token = BEARER.exec(given)?.[1];
  if (token !== undefined && TOKEN.test(token)) return token;
  throw refused('The call carries no bearer token: `authorization` must be "Bearer" and a token.');
}

/** Only a clear yes is one. */
async function judge<Claims extends object>(verify: () => unknown): Promise<Claims> {
  let verdict: unknown;
  try {
    verdict = await verify();
  } catch (cause) {
    if (isOwnError(cause) && MAY_SAY.has(cause.code) && cause.host === undefined) throw cause;
    throw refused("The token could not be checked, so it is not accepted.", cause);
  }
  if (typeof verdict === "object" && verdict !== null) return verdict as Claims;
  tell(() => verdict, () => {});
  throw refused("The token is not accepted.");
}

const MAY_SAY: ReadonlySet<string> = new Set(["Overloaded", "PermissionDenied", "Unauthenticated"]);

/** The error for a caller without an accepted token. */
export function refused(message: string, cause?: unknown): InternodeError {
  return new InternodeError("Unauthenticated", message, {
    origin: "remote",
    outcome: "notExecuted",
    cause,
  });
}
