/**
 * Requests of browsers for the page, and whether they are answered.
 *
 * @module
 */

import { isSameSecret } from "../../runtime/sha256.ts";
import { hostProblem } from "../../transport/websocket/allowed_hosts.ts";
import { type HttpHead, mayHaveBody } from "../../transport/websocket/http_head.ts";

/** What a request must show. */
export interface RequestRules {
  /** The host that the server listens at. */
  readonly hostname: string;
  /** Other names of the server, as `readHosts` gives them. */
  readonly allowHosts: readonly string[];
  /** The token that asking for what nodes tell takes; `null`: none. */
  readonly token: string | null;
}

/** What is asked for. */
export type Asked =
  | {
    readonly kind: "page" | "state" | "trace";
    readonly query: URLSearchParams;
  }
  | {
    readonly kind: "refused";
    readonly status: number;
    readonly reason: string;
  };

/** The paths of what is served. The page itself holds nothing of what nodes tell. */
const PATHS: ReadonlyMap<string, "page" | "state" | "trace"> = new Map([
  ["/", "page"],
  ["/state", "state"],
  ["/trace", "trace"],
]);
/** Fields that must not be repeated, as it would not be clear which one counts. */
const ONCE = ["host", "authorization", "content-length"];
/** Where requests of this very page come from, and those of somebody who types its URL. */
const OWN_SITES = new Set(["same-origin", "none"]);

/**
 * Judges a request.
 *
 * @param head Its head; `undefined` if there is none that can be read.
 * @param rules What it must show.
 */
export function judgeRequest(head: HttpHead | undefined, rules: RequestRules): Asked {
  const line = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.[1-9]$/.exec(head?.first ?? "");
  if (head === undefined || line === null) {
    return refused(400, "This is no HTTP/1.1 request.");
  }
  const [, method, target] = line, { fields, repeated } = head;
  const twice = ONCE.find((name) => repeated.has(name));
  if (twice !== undefined) {
    return refused(400, `The header field ${twice} is there twice.`);
  }
  const host = hostProblem(fields.get("host") ?? "", rules.hostname, rules.allowHosts);
  if (host !== null) {
    return refused(
      host.status,
      host.status === 400
        ? "The header field host is missing, or no host."
        : "The host of the request is not a name of this server: option --allow-host does not list it.",
    );
  }
  const [path = "", query = ""] = target!.split(/\?(.*)/s, 2),
    kind = PATHS.get(path);
  if (kind === undefined) return refused(404, "There is nothing at this path.");
  if (method !== "GET") return refused(405, "Only GET is served here.");
  if (mayHaveBody(head)) {
    return refused(400, "A request with a body is not served.");
  }
  if (kind !== "page") {
    // Of other pages in the same browser. Older browsers do not tell, but let no page read the answer.
    const site = fields.get("sec-fetch-site");
    if (site !== undefined && !OWN_SITES.has(site)) {
      return refused(403, "Another site's page may not ask for this.");
    }
    if (!hasToken(fields.get("authorization") ?? "", rules.token)) {
      return refused(
        401,
        "The token is missing or wrong: use the URL that the program has printed.",
      );
    }
  }
  return { kind, query: new URLSearchParams(query) };
}

function hasToken(authorization: string, token: string | null): boolean {
  if (token === null) return true;
  const given = /^bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1] ?? "";
  return isSameSecret(given, token);
}

function refused(status: number, reason: string): Asked {
  return { kind: "refused", status, reason };
}
