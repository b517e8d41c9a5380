/**
 * Who may call a handler.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import { canonicalIp, kindOfName } from "../../transport/channel/peer_name.ts";

/** Who wants to call a handler, as an {@linkcode AllowRule} sees it. */
export interface CallingPeer {
  /**
   * The caller's host URL. Over mutual TLS the certificate proves it. A shared
   * secret proves that it is one of the grid's hosts, but not which one. A
   * service's client and a node's guest choose any name, guests one without
   * `://`: decide by `identity` there, or have a secret for each (`byPeer`).
   */
  readonly host: string;
  /** The identity that the caller has proven; `undefined` without mutual TLS. */
  readonly identity: PeerIdentity | undefined;
  /** The subroute that is called; `""` if there is none. */
  readonly subroute: string;
}

/**
 * Decides who may call a handler: `true` allows the caller. It runs once for
 * each connection and name, at the first call, and its result holds as long as
 * the connection. Only `true` allows: a rule that throws, or returns anything
 * else such as a promise, refuses.
 */
export type AllowRule = (peer: CallingPeer) => boolean;

/**
 * A rule that allows callers whose certificate has one of these names. Without
 * mutual TLS it allows nobody.
 *
 * Names are DNS names in any case, IP addresses, and URIs such as SPIFFE ids.
 * There is one wildcard: `*` in place of the first label of a DNS name, or of
 * the last segment of a URI's path, stands for exactly one label or segment. A
 * certificate whose own name has a wildcard is accepted by the same name with a
 * wildcard only.
 *
 * @param names The names to accept.
 * @returns The rule.
 * @throws {InternodeError} `InvalidArgument` if there is no name, or one is empty or has a `*` elsewhere.
 *
 * @example Handlers for some peers only
 * ```ts
 * import { allowNames, Manager, single } from "@internode/grid";
 * import { assertEquals } from "@std/assert";
 *
 * const hosts = ["memory://one", "memory://two"];
 * await using grid = new Manager({ local: "memory://one", hosts });
 * const allow = allowNames("*.storage.example", "spiffe://prod/lock/*");
 * grid.handle(single("disk.format"), (bytes) => bytes, { allow });
 *
 * const sans = { dns: ["node-1.storage.example"], ip: [], uri: [] };
 * const identity = { subject: "CN=node-1", sans, fingerprint: "…" };
 * assertEquals(allow({ host: "tls://node-1:9000", identity, subroute: "" }), true);
 * assertEquals(allow({ host: "tls://node-1:9000", identity: undefined, subroute: "" }), false);
 * ```
 */
export function allowNames(...names: readonly string[]): AllowRule {
  if (names.length === 0) throw invalid("it has no names", "Give at least one name.");
  const matchers = names.map(matcherOf);
  return ({ identity }) => identity !== undefined && matchers.some((bears) => bears(identity));
}

function matcherOf(name: string): (identity: PeerIdentity) => boolean {
  const shown = quoted(name);
  if (typeof name !== "string" || name === "" || /\s/.test(name)) {
    throw invalid(`${shown} is not a name`, "Give DNS names, IP addresses and URIs.");
  }
  const kind = kindOfName(name), stars = name.split("*").length - 1;
  if (kind === "uri") {
    if (stars === 0) return ({ sans }) => sans.uri.includes(name);
    if (stars > 1 || !/[^/]\/\*$/.test(name)) {
      throw invalid(
        `${shown} has a "*" that is not the last segment of its path`,
        'Write it as in "spiffe://prod/lock/*".',
      );
    }
    const start = name.slice(0, -1);
    return ({ sans }) => sans.uri.some((uri) => uri.startsWith(start) && isSegment(uri, start));
  }
  if (kind === "ip") {
    if (stars > 0) throw invalid(`${shown} has a "*"`, "IP addresses cannot have wildcards.");
    const ip = canonicalIp(name);
    return ({ sans }) => sans.ip.includes(ip);
  }
  const wanted = plain(name);
  if (stars === 0) return ({ sans }) => sans.dns.some((dns) => plain(dns) === wanted);
  if (stars > 1 || !/^\*\.[^.]/.test(wanted)) {
    throw invalid(
      `${shown} has a "*" that is not its first label`,
      'Write it as in "*.storage.example".',
    );
  }
  const domain = wanted.slice(1);
  return ({ sans }) =>
    sans.dns.some((dns) => {
      const dot = dns.indexOf(".");
      return dot > 0 && plain(dns).slice(dot) === domain;
    });
}

/** Whether the rest is one segment of a path, and not `..` or the like. */
function isSegment(uri: string, start: string): boolean {
  const rest = uri.slice(start.length);
  return /^[^/?#]+$/.test(rest) && !/^(?:\.|%2e){1,2}$/i.test(rest);
}

/** The name in lower case, without a dot at its end. */
function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function invalid(what: string, advice: string): InternodeError {
  return invalidArgument(`allowNames cannot make a rule: ${what}. ${advice}`);
}
