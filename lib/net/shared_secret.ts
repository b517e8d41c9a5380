/**
 * Proof by a secret that all hosts of a grid share.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { InternodeError } from "../errors.ts";
import { plainText } from "../foreign/plain_text.ts";
import type { Authenticator, ProverRole, TokenVerdict } from "../session/authenticator.ts";

/** The shortest secret that is taken. */
const MIN_SECRET_BYTES = 16;
/** How long a token is good for, beside what the clocks may differ. */
const TOKEN_LIFETIME_MS = 30_000;
const TOKEN_VERSION = 1;
const NONCE_BYTES = 16;
const MAC_BYTES = 32;
/** Version, time of issue, nonce, length of the dialler's name. */
const TOKEN_HEAD_BYTES = 1 + 8 + NONCE_BYTES + 2;
const MAX_NAME_BYTES = 0xffff;
/** No token of two names comes near this; more is not worth decoding. */
const MAX_TOKEN_LENGTH = 4096;

// What is signed begins with what it is for, so that no proof can stand for another one.
const PROOF_LABEL = "internode proof 1\0";
const TOKEN_LABEL = "internode token 1\0";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
 * and any of them is believed. Put the new secret last on all hosts, then
 * first on all hosts, then take the old one away.
 *
 * @param secret At least 16 bytes (a text counts as UTF-8); use 32 random ones. Or a list of such secrets.
 * @param options Tolerances.
 * @returns What `ManagerOptions.auth` takes.
 * @throws {InternodeError} `InvalidArgument` if a secret is too short or the list is empty.
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
  secret: string | Uint8Array | readonly (string | Uint8Array)[],
  options: SharedSecretOptions = {},
): Authenticator {
  const secrets = (Array.isArray(secret) ? secret : [secret]).map(secretBytes);
  if (secrets.length === 0) {
    throw invalid("The list of shared secrets is empty: give at least one.");
  }
  const maxClockSkewMs = options.maxClockSkewMs ?? 300_000;
  if (!(maxClockSkewMs >= 0)) {
    throw invalid(`maxClockSkewMs must be 0 or more milliseconds, not ${maxClockSkewMs}.`);
  }
  return new SharedSecret(secrets, maxClockSkewMs);
}

class SharedSecret implements Authenticator {
  readonly #secrets: readonly Uint8Array[];
  readonly #maxClockSkewMs: number;

  constructor(secrets: readonly Uint8Array[], maxClockSkewMs: number) {
    this.#secrets = secrets;
    this.#maxClockSkewMs = maxClockSkewMs;
  }

  prove(role: ProverRole, transcript: Uint8Array): Uint8Array<ArrayBuffer> {
    return sign(this.#secrets[0]!, `${PROOF_LABEL}${role}\0`, transcript);
  }

  verify(role: ProverRole, transcript: Uint8Array, proof: Uint8Array): boolean {
    return this.#matches(`${PROOF_LABEL}${role}\0`, transcript, proof);
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
    token.set(sign(this.#secrets[0]!, TOKEN_LABEL, signed), signed.length);
    return token.toBase64({ alphabet: "base64url", omitPadding: true });
  }

  checkToken(token: string | null, local: string, wallNowMs: number): TokenVerdict {
    if (token === null || token === "") {
      return { refusal: "the request carries no token: give the dialling host the shared secret" };
    }
    const bytes = decodeToken(token);
    if (bytes === undefined) return { refusal: "the token is malformed" };
    if (bytes[0] !== TOKEN_VERSION) {
      return { refusal: `the token is of version ${bytes[0]}, this host knows ${TOKEN_VERSION}` };
    }
    const signed = bytes.subarray(0, bytes.length - MAC_BYTES);
    // Nothing in the token is believed, or told apart for a stranger, before the signature is.
    if (!this.#matches(TOKEN_LABEL, signed, bytes.subarray(signed.length))) {
      return { refusal: "the token's signature is wrong: the two hosts do not share a secret" };
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const fromEnd = TOKEN_HEAD_BYTES + view.getUint16(9 + NONCE_BYTES, true);
    if (fromEnd > signed.length) return { refusal: "the token is malformed" };
    let from: string, to: string;
    try {
      from = decoder.decode(signed.subarray(TOKEN_HEAD_BYTES, fromEnd));
      to = decoder.decode(signed.subarray(fromEnd));
    } catch {
      return { refusal: "the token is malformed" };
    }
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
    const id = signed.subarray(9, 9 + NONCE_BYTES).toHex();
    return {
      name: from,
      id,
      issuedMs,
      expiresMs: issuedMs + TOKEN_LIFETIME_MS + this.#maxClockSkewMs,
    };
  }

  #matches(label: string, message: Uint8Array, mac: Uint8Array): boolean {
    if (mac.length !== MAC_BYTES) return false;
    let matches = false;
    // Every secret is tried, so that the time does not tell which one it was.
    for (const secret of this.#secrets) {
      if (timingSafeEqual(sign(secret, label, message), mac)) matches = true;
    }
    return matches;
  }
}

function sign(secret: Uint8Array, label: string, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac("sha256", secret).update(label).update(message).digest());
}

function secretBytes(secret: string | Uint8Array): Uint8Array {
  const bytes = typeof secret === "string" ? encoder.encode(secret) : secret.slice();
  if (bytes.length < MIN_SECRET_BYTES) {
    throw invalid(
      `A shared secret has ${bytes.length} bytes and needs at least ${MIN_SECRET_BYTES}: ` +
        `use 32 random bytes, such as from "openssl rand -hex 32".`,
    );
  }
  return bytes;
}

function nameBytes(name: string): Uint8Array {
  const bytes = encoder.encode(name);
  if (bytes.length > MAX_NAME_BYTES) {
    throw invalid(
      `A host's name has ${bytes.length} bytes, at most ${MAX_NAME_BYTES} are possible.`,
    );
  }
  return bytes;
}

function decodeToken(token: string): Uint8Array<ArrayBuffer> | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(token, { alphabet: "base64url" });
    return bytes.length < TOKEN_HEAD_BYTES + MAC_BYTES ? undefined : bytes;
  } catch {
    return undefined;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function invalid(message: string): InternodeError {
  return new InternodeError("InvalidArgument", message, { origin: "caller" });
}
