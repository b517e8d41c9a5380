/**
 * The secrets of all pairs of nodes, made from one.
 *
 * @module
 */

import { hexOf } from "../foreign/hex.ts";
import { nodeCrypto } from "../runtime/node/node_modules.ts";
import { type InternodeError, invalidArgument } from "../errors.ts";

/** The shortest secret that is accepted, in bytes. */
const MIN_MASTER_BYTES = 16;
const LABEL = "internode pair 1\0";

const encoder = new TextEncoder();

/**
 * The secret of one pair of nodes, for `byPeer` of `sharedSecret`, derived from
 * a master secret that no node has. Use it where nodes are set up, to give each
 * node its secrets, one for each peer. Keep the master secret there: whoever
 * has it can derive all the others.
 *
 * It is the HMAC-SHA256 of both names, in either order, and so the same each
 * time.
 *
 * @param master At least 16 bytes (a text counts as UTF-8); use 32 random ones.
 * @param one A host's canonical URL, as in `Manager.hosts`.
 * @param other Another one's.
 * @returns The secret: 64 digits in hex.
 * @throws {InternodeError} `InvalidArgument` if the secret is too short, or the names are the same or empty.
 *
 * @example What each node is to be given
 * ```ts
 * import { pairSecret } from "@internode/grid";
 *
 * function secretsOf(local: string, hosts: readonly string[], master: string) {
 *   const peers = hosts.filter((host) => host !== local);
 *   return Object.fromEntries(peers.map((peer) => [peer, pairSecret(master, local, peer)]));
 * }
 * const hosts = ["tcp://10.0.0.1:9000", "tcp://10.0.0.2:9000", "tcp://10.0.0.3:9000"];
 * const master = "6f1d9c62b0a84e7f93d2c5581be07a4c";
 * const files = hosts.map((host) => JSON.stringify(secretsOf(host, hosts, master)));
 * if (files.length !== 3) throw new Error("one for each node");
 * ```
 */
export function pairSecret(master: string | Uint8Array, one: string, other: string): string {
  const key = typeof master === "string" ? encoder.encode(master) : master;
  if (!(key instanceof Uint8Array) || key.length < MIN_MASTER_BYTES) {
    throw invalid(`The master secret must have at least ${MIN_MASTER_BYTES} bytes`);
  }
  if (typeof one !== "string" || typeof other !== "string" || one === "" || other === "") {
    throw invalid("Each node of a pair must have a name, such as a host's URL");
  }
  if (one === other) throw invalid(`${JSON.stringify(one)} cannot form a pair with itself`);
  const names = [one, other].map((name) => hexOf(encoder.encode(name))).sort();
  return nodeCrypto().createHmac("sha256", key).update(LABEL).update(names.join("\0")).digest(
    "hex",
  );
}

function invalid(what: string): InternodeError {
  return invalidArgument(`${what}.`);
}
