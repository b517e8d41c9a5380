/**
 * The host names that WebSocket clients may use.
 *
 * A web page can make its own name resolve to the address of another machine
 * (DNS rebinding). A browser then treats the listener there as part of that
 * page, but still sends the page's name in the field `host`. So other names
 * than this side's are refused. IP addresses need no DNS, so they cannot be
 * rebound.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { withoutZone } from "../../runtime/socket_host.ts";

/** Allows all of them. */
const ANY = "*";

/** Why a request's field `host` is refused, and the status. */
export interface HostProblem {
  /** 400 if it is missing or invalid, 421 if it names another host. */
  readonly status: 400 | 421;
  /** What is wrong. */
  readonly reason: string;
}

/**
 * Reads the option `allowHosts`.
 *
 * @param given Host names such as `"cache.example"`, or `"*"` for all.
 * @returns The same in the spelling of URLs.
 * @throws {InternodeError} `InvalidArgument`, naming what is no host name.
 */
export function readHosts(given: readonly string[] | undefined): readonly string[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw invalid("must be a list of host names", given);
  return given.map((host) => {
    if (host === ANY) return host;
    const name = typeof host === "string" && !host.includes(":") ? nameIn(host) : null;
    if (name === null) {
      throw invalid('must hold host names without a port, such as "cache.example", or "*"', host);
    }
    return name;
  });
}

/**
 * Checks the host of a request. Allowed are IP addresses, `localhost`, this
 * side's own name, and the names of the option. Ports are ignored, because
 * there may be a proxy in between.
 *
 * @param field The request's `host` field.
 * @param own The name that this side listens at; empty if it has none.
 * @param allowed What {@linkcode readHosts} gave.
 * @returns What is wrong; `null` if nothing is.
 */
export function hostProblem(
  field: string,
  own: string,
  allowed: readonly string[],
): HostProblem | null {
  const name = nameIn(field);
  if (name === null) return { status: 400, reason: "the header field host is not a valid host" };
  if (isAddress(name) || name === "localhost" || allowed.includes(ANY)) return null;
  if (name === nameIn(withoutZone(own)) || allowed.includes(name)) return null;
  // Without the name, because clients could invent many.
  const reason =
    "the host of the request is not a name of this server: option allowHosts does not list it";
  return { status: 421, reason };
}

/** The name in `host` or `host:port` as URLs spell it, without the dot of a whole name; `null` if there is none. */
function nameIn(text: string): string | null {
  if (!/^(?:\[[0-9a-f:.]+\]|[^\s:/?#@\\%,[\]]+)(?::\d{0,5})?$/i.test(text)) return null;
  const name = URL.parse(`http://${text}`)?.hostname.replace(/\.$/, "");
  return name === undefined || name === "" || name.includes("*") ? null : name;
}

function isAddress(name: string): boolean {
  return name.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(name);
}

function invalid(why: string, given: unknown): InternodeError {
  const shown = typeof given === "string" ? quoted(given) : typeof given;
  return invalidArgument(`Option allowHosts ${why}, not ${shown}.`);
}
