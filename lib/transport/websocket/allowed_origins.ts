/**
 * Which web pages may connect by WebSocket.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";

/** Allows all of them. */
const ANY = "*";

/**
 * Reads the option `allowOrigins`.
 *
 * @param given Origins such as `"https://app.example"`, or `"*"` for all.
 * @returns The same in the spelling of browsers.
 * @throws {InternodeError} `InvalidArgument`, naming what is no origin.
 */
export function readOrigins(given: readonly string[] | undefined): readonly string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw invalid("must be a list of origins", given);
  return given.map((origin) => {
    // All pages without an origin of their own send "null".
    if (origin === ANY || origin === "null") return origin;
    const url = typeof origin === "string" ? URL.parse(origin) : null;
    if (
      url === null || url.host === "" || url.host.includes("*") ||
      url.href !== `${url.protocol}//${url.host}/`
    ) {
      throw invalid('must hold origins such as "https://app.example:8443", or "*"', origin);
    }
    return `${url.protocol}//${url.host}`;
  });
}

/**
 * Whether a request may come from where it says. Only browsers say it, on
 * behalf of whatever page is open: no peer of ours does. So a page that was
 * opened on a machine could otherwise use what this machine reaches.
 *
 * @param origin The request's `origin` field; `null`: it has none.
 * @param allowed What {@linkcode readOrigins} gave.
 * @returns What is wrong; `null` if nothing is.
 */
export function originProblem(origin: string | null, allowed: readonly string[]): string | null {
  if (origin === null || allowed.includes(ANY)) return null;
  if (allowed.includes(origin.toLowerCase())) return null;
  return "connections from web pages are refused: option allowOrigins does not list the request's origin";
}

function invalid(why: string, given: unknown): InternodeError {
  const shown = typeof given === "string" ? quoted(given) : typeof given;
  return invalidArgument(`Option allowOrigins ${why}, not ${shown}.`);
}
