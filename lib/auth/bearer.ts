/**
 * Sends a token with each call.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../errors.ts";
import { shown } from "../foreign/text_of.ts";
import type { ClientCall, ClientInterceptor } from "../rpc/contract/interceptor.ts";
import { AUTHORIZATION, TOKEN } from "./bearer_token.ts";

/**
 * Makes an interceptor for callers that sends a token with each call, in the
 * metadata `authorization`, in place of any that is there.
 *
 * @param token The token, or a function that gives it for each call, such as one that renews it; the call waits for its promise, until its deadline.
 * @returns The interceptor. A call fails with what the function throws.
 * @throws {InternodeError} `InvalidArgument` for what can be no token; it is not shown.
 *
 * @example
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { bearer } from "@internode/grid/auth";
 *
 * const renewed = async (): Promise<string> => await Promise.resolve("a-token-of-today");
 * const local = "memory://bearer";
 * const interceptors = { client: [bearer(renewed)] };
 * await using grid = new Manager({ local, hosts: [local], interceptors });
 * console.log(grid.local);
 * ```
 */
export function bearer(
  token: string | ((call: ClientCall) => string | Promise<string>),
): ClientInterceptor {
  if (typeof token === "string") checkToken(token);
  else if (typeof token !== "function") {
    throw invalidArgument(`A token must be a string or a function, not ${shown(token)}.`);
  }
  return (next) => async (call) => {
    const given = typeof token === "string" ? token : checkToken(await token(call));
    return await next({
      ...call,
      metadata: { ...call.metadata, [AUTHORIZATION]: `Bearer ${given}` },
    });
  };
}

function checkToken(token: unknown): string {
  if (typeof token === "string" && TOKEN.test(token)) return token;
  throw notAToken();
}

function notAToken(): InternodeError {
  return invalidArgument(
    "A token must have letters, digits and -._~+/ only, and may end in =; this one has not.",
  );
}
