/**
 * Proof by a secret that all hosts of a grid share.
 *
 * @module
 */

import { base64UrlOf, bytesOfBase64Url } from "../runtime/base64.ts";
import { hexOf } from "../foreign/hex.ts";
import { shown } from "../foreign/text_of.ts";
import { nodeCrypto } from "../runtime/node/node_modules.ts";
import { InternodeError, invalidArgument } from "../errors.ts";
import { tell } from "../foreign/guard.ts";
import { plainText, quoted } from "../foreign/plain_text.ts";
import type { Authenticator, TokenVerdict } from "../session/frames/authenticator.ts";
import { invalidOption, optionsOf } from "../foreign/option_checks.ts";

/** The shortest secret that is accepted, in bytes. */
const MIN_SECRET_BYTES = 16;
/** How long a token is valid, besides the allowed difference of clocks. */
const TOKEN_LIFETIME_MS = 30_000;
const TOKEN_VERSION = 1;
const NONCE_BYTES = 16;
const MAC_BYTES = 32;
/** Version, time of issue, nonce, length of the dialler's name. */
const TOKEN_HEAD_BYTES = 1 + 8 + NONCE_BYTES + 2;
const MAX_NAME_BYTES = 0xffff;
/** A valid token is much shorter; a longer one is not decoded. */
const MAX_TOKEN_LENGTH = 4096;

// Signed bytes begin with their purpose, so that a proof cannot be used for another one.
const PROOF_LABEL = "internode proof 1\0";
const TOKEN_LABEL = "internode token 1\0";
const SEAL_LABEL = "internode seal 1\0";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One secret of at least 16 bytes (a text counts as UTF-8), or a list of such secrets, of which the first one is used for proofs and any is accepted. */
export type Secret = string | Uint8Array | readonly (string | Uint8Array)[];

/**
 * Secrets that differ from peer to peer, so that one node that was stolen opens
 * no way between others.
 */
export interface SecretsByPeer {
  /**
   * The secret that is shared with a peer, or a list of them; `undefined`: the
   * default. It is asked at each handshake and for each token, at once, for
   * whatever name a peer claims: look it up in memory. If it throws, or
   * answers with anything else, that peer is refused, and this is logged.
   *
   * @param peer The name by which the peer calls itself: a host's canonical URL, as in `Manager.hosts`, or what a service's client calls itself; empty for the token of a service's client, which does not know its server's name yet.
   */
  readonly byPeer: (peer: string) => Secret | undefined;
  /** What is shared with those for whom `byPeer` has none. Default: nothing; they are refused. */
  readonly default?: Secret | undefined;
}

/** What {@linkcode sharedSecret} can be told. */
export interface SharedSecretOptions {
  /** By how much the clocks of two hosts may differ, in milliseconds. Default: 300,000 (5 minutes). */
  maxClockSkewMs?: number;
}

/**
 * Lets in whoever knows a secret. The secret never travels: each side shows
 * the HMAC-SHA256 of a handshake that is never the same twice, and a WebSocket
 * upgrade request carries a token of 30 s, signed in the same way, good only
 * between two names and, at a node, only once.
 *
 * A list of secrets is for changing them: proofs are made with the first one,
 * and any of them is trusted. Put the new secret last on all hosts, then
 * first on all hosts, then take the old one away.
 *
 * With `byPeer` each pair of nodes, or each client of a service, has a secret
 * of its own. A name is proven by its secret then: who has stolen that of one
 * node can pass for this node alone, and before it for its peers. A service's
 * clients give the one secret that is theirs, and its server looks it up by
 * their `name`. {@linkcode pairSecret} makes the secrets of all pairs from one.
 *
 * @param secret At least 16 bytes (a text counts as UTF-8); use 32 random ones. Or a list of such secrets, or `byPeer`.
 * @param options Tolerances.
 * @returns What `ManagerOptions.auth` takes.
 * @throws {InternodeError} `InvalidArgument` if a secret is too short or the list is empty.
 *
 * @example A secret for each pair of nodes
 * ```ts
 * import { sharedSecret } from "@internode/grid";
 *
 * // Each node is given its own: what it shares with each of the others.
 * const secrets = new Map([
 *   ["tcp://10.0.0.2:9000", "9d5e2c1f0b7a4d6890ab1ce2f3d47586"],
 *   ["tcp://10.0.0.3:9000", "1b8f47c29e0d4a3fb65c7d8e9f0a1b2c"],
 * ]);
 * const auth = sharedSecret({ byPeer: (peer) => secrets.get(peer) });
 * ```
 *
 * @example
 * ```ts
 * import { sharedSecret } from "@internode/grid";
 *
 * const auth = sharedSecret("6f1d9c62b0a84e7f93d2c5581be07a4c");
 * const proof = auth.prove("dialler", new Uint8Array([1, 2, 3]));
 * if (!auth.verify("dialler", new Uint8Array([1, 2, 3]), proof)) throw new Error("a true proof");
 * if (auth.verify("acceptor", new Uint8Array([1, 2, 3]), proof)) throw new Error("the other role");
 * ```
 */
export function sharedSecret(
  secret: Secret | SecretsByPeer,
  options: SharedSecretOptions = {},
): Authenticator {
  const secrets = readSecrets(secret);
  const { maxClockSkewMs = 300_000 } = optionsOf("sharedSecret", options);
  if (typeof maxClockSkewMs !== "number" || !(maxClockSkewMs >= 0)) {
    const rule = `must be a number of 0 or more, not ${shown(maxClockSkewMs)}`;
    throw invalidOption("maxClockSkewMs", rule);
  }
  return new SharedSecret(secrets, maxClockSkewMs);
}

/** Finds secrets. */
interface Secrets {
  /** Whether they differ from peer to peer. */
  readonly differ: boolean;
  /** Those for a peer, that which proves first; none: there is no secret for it. */
  of(peer: string): readonly Uint8Array[];
}

/** Stands where there is no secret, so that looking without success takes as long. */
const NOBODYS = new Uint8Array(32);

function readSecrets(given: Secret | SecretsByPeer): Secrets {
  if (!isByPeer(given)) {
    const secrets = bytesOf(given);
    return { differ: false, of: () => secrets };
  }
  const { byPeer } = given;
  const usual = given.default === undefined ? [] : bytesOf(given.default);
  const of = (peer: string): readonly Uint8Array[] => {
    const secret = byPeer(peer);
    return secret === undefined ? usual : bytesOf(secret);
  };
  return { differ: true, of };
}

function isByPeer(given: Secret | SecretsByPeer): given is SecretsByPeer {
  return typeof given === "object" && given !== null && "byPeer" in given &&
    typeof given.byPeer === "function";
}

/** One or several, as bytes. */
function bytesOf(secret: Secret): readonly Uint8Array[] {
  const secrets = (Array.isArray(secret) ? secret : [secret]).map(secretBytes);
  if (secrets.length > 0) return secrets;
  throw invalidArgument("The list of shared secrets is empty: give at least one.");
}

class SharedSecret implements Authenticator {
  readonly #secrets: Secrets;
  readonly #maxClockSkewMs: number;

  constructor(secrets: Secrets, maxClockSkewMs: number) {
    this.#secrets = secrets;
    this.#maxClockSkewMs = maxClockSkewMs;
  }

  prove(role: "dialler" | "acceptor", transcript: Uint8Array, peer = ""): Uint8Array<ArrayBuffer> {
    return sign(this.#own(peer), `${PROOF_LABEL}${role}\0`, transcript);
  }

  verify(
    role: "dialler" | "acceptor",
    transcript: Uint8Array,
    proof: Uint8Array,
    peer = "",
  ): boolean {
    return this.#matches(peer, `${PROOF_LABEL}${role}\0`, transcript, proof);
  }

  seal(hello: Uint8Array, peer: string): Uint8Array<ArrayBuffer> | null {
    // Which of several secrets is meant shows once the peer has given its name.
    if (peer === "" && this.#secrets.differ) return null;
    const secret = this.#secrets.of(peer)[0];
    return secret === undefined ? null : sign(secret, SEAL_LABEL, hello);
  }

  checkSeal(hello: Uint8Array, seal: Uint8Array, peer: string): boolean {
    return this.#matches(peer, SEAL_LABEL, hello, seal);
  }

  token(local: string, remote: string, wallNowMs: number): string {
    const from = nameBytes(local), to = nameBytes(remote);
    const token = new Uint8Array(TOKEN_HEAD_BYTES + from.length + to.length + MAC_BYTES);
    const view = new DataView(token.buffer);
    token[0] = TOKEN_VERSION;
    view.setFloat64(1, wallNowMs, true);
    crypto.getRandomValues(token.subarray(9, 9 + NONCE_BYTES));
    view.setUint16(9 + NONCE_BYTES, from.length, true);
    token.set(from, TOKEN_HEAD_BYTES);
    token.set(to, TOKEN_HEAD_BYTES + from.length);
    const signed = token.subarray(0, token.length - MAC_BYTES);
    token.set(sign(this.#own(remote), TOKEN_LABEL, signed), signed.length);
    return base64UrlOf(token);
  }

  checkToken(token: string | null, local: string, wallNowMs: number): TokenVerdict {
    if (token === null || token === "") {
      return { refusal: "the request carries no token: give the dialling host the shared secret" };
    }
    const bytes = decodeToken(token);
    if (bytes === undefined) return { refusal: "the token is malformed" };
    if (bytes[0] !== TOKEN_VERSION) {
      return {
        refusal: `the token is of version ${bytes[0]}, but this host supports ${TOKEN_VERSION}`,
      };
    }
    const signed = bytes.subarray(0, bytes.length - MAC_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const names = readNames(signed, TOKEN_HEAD_BYTES + view.getUint16(9 + NONCE_BYTES, true));
    // Nothing in the token is trusted before the signature is checked: the name only selects the secret. All failures look the same.
    const mac = bytes.subarray(signed.length);
    if (!this.#matches(names?.from ?? "", TOKEN_LABEL, signed, mac)) {
      return { refusal: "the token's signature is wrong: the two hosts do not share a secret" };
    }
    if (names === undefined) return { refusal: "the token is malformed" };
    const { from, to } = names;
    if (to !== local) {
      return {
        refusal: `the token is meant for ${plainText(to) || "a service's server"}, this is ${
          local || "a service's server"
        }: compare the host lists`,
      };
    }
    const issuedMs = view.getFloat64(1, true), ageMs = wallNowMs - issuedMs;
    if (!(ageMs <= TOKEN_LIFETIME_MS + this.#maxClockSkewMs)) {
      return {
        refusal: `the token expired: it is ${seconds(ageMs)} old; if it was made just now, ` +
          `the clock of ${plainText(from)} is behind`,
      };
    }
    if (ageMs < -this.#maxClockSkewMs) {
      return {
        refusal: `the token is from ${seconds(-ageMs)} in the future: the clock of ${
          plainText(from)
        } is ahead`,
      };
    }
    const id = hexOf(signed.subarray(9, 9 + NONCE_BYTES));
    return {
      name: from,
      id,
      issuedMs,
      expiresMs: issuedMs + TOKEN_LIFETIME_MS + this.#maxClockSkewMs,
    };
  }

  /** What this side proves itself to a peer with. */
  #own(peer: string): Uint8Array {
    const secret = this.#secrets.of(peer)[0];
    if (secret !== undefined) return secret;
    throw new InternodeError(
      "Unauthenticated",
      `There is no secret for ${quoted(peer)}: byPeer gives none, and there is no default.`,
      { origin: "local", host: peer },
    );
  }

  #matches(peer: string, label: string, message: Uint8Array, mac: Uint8Array): boolean {
    if (mac.length !== MAC_BYTES) return false;
    const secrets = this.#secrets.of(peer);
    let matches = false;
    // Every secret is tried, so that the time does not tell which one it was, nor whether there is any.
    for (const secret of secrets.length > 0 ? secrets : [NOBODYS]) {
      if (nodeCrypto().timingSafeEqual(sign(secret, label, message), mac)) matches = true;
    }
    return matches && secrets.length > 0;
  }
}

/** The names in a token's signed part; `undefined` if they are none. */
function readNames(
  signed: Uint8Array,
  fromEnd: number,
): { readonly from: string; readonly to: string } | undefined {
  if (fromEnd > signed.length) return undefined;
  try {
    return {
      from: decoder.decode(signed.subarray(TOKEN_HEAD_BYTES, fromEnd)),
      to: decoder.decode(signed.subarray(fromEnd)),
    };
  } catch {
    return undefined;
  }
}

function sign(secret: Uint8Array, label: string, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const mac = nodeCrypto().createHmac("sha256", secret);
  return new Uint8Array(mac.update(label).update(message).digest());
}

function secretBytes(secret: string | Uint8Array): Uint8Array {
  if (typeof secret !== "string" && !(secret instanceof Uint8Array)) {
    // It may be a promise, whose unhandled rejection would end the process.
    tell(() => secret, () => {});
    throw invalidArgument("A shared secret must be a string, bytes, or a list of these.");
  }
  const bytes = typeof secret === "string" ? encoder.encode(secret) : secret.slice();
  if (bytes.length < MIN_SECRET_BYTES) {
    throw invalidArgument(
      `A shared secret has ${bytes.length} bytes and needs at least ${MIN_SECRET_BYTES}: ` +
        `use 32 random bytes, such as from "openssl rand -hex 32".`,
    );
  }
  return bytes;
}

function nameBytes(name: string): Uint8Array {
  const bytes = encoder.encode(name);
  if (bytes.length > MAX_NAME_BYTES) {
    throw invalidArgument(
      `A host's name has ${bytes.length} bytes; at most ${MAX_NAME_BYTES} are allowed.`,
    );
  }
  return bytes;
}

function decodeToken(token: string): Uint8Array<ArrayBuffer> | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  try {
    const bytes = bytesOfBase64Url(token);
    return bytes.length < TOKEN_HEAD_BYTES + MAC_BYTES ? undefined : bytes;
  } catch {
    return undefined;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
