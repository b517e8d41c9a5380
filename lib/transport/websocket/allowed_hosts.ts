/**
 * By which names a WebSocket listener may be asked for.
 *
 * A web page can have its own name stand for the address of another machine
 * (DNS rebinding). A browser then takes the listener there for a part of that
 * page, but it still says the page's name in the field `host`. So a name that
 * is not one of this side's is refused. What needs no DNS cannot be rebound.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { withoutZone } from "../../runtime/socket_host.ts";

/** Stands for all of them. */
const ANY = "*";

/** Why a request's field `host` will not do, and the status that says so. */
export interface HostProblem {
  /** 400: it is none. 421: it names somebody else. */
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
 * Judges whom a request is for. Good are an IP address, `localhost`, this
 * side's own name, and what the option names; ports are not looked at, as
 * there may be a proxy between.
 *
 * @param field The request's `host` field.
 * @param own The name that this side listens at; empty if it has none.
 * @param allowed What {@linkcode readHosts} gave.
 * @returns What is wrong; `null`: nothing.
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
  // Without the name, of which strangers could make up many.
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
