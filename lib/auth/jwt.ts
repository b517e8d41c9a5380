/**
 * Checks JSON Web Tokens.
 *
 * @module
 */

import {
  type CryptoKey as JoseKey,
  errors,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  type JWTVerifyGetKey,
} from "jose";
import { invalidOption, notNegative, optionsOf } from "../foreign/option_checks.ts";
import { isA } from "../foreign/own_error.ts";
import { shown } from "../foreign/text_of.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ContextKey } from "../rpc/contract/context_values.ts";
import type { ServerInterceptor } from "../rpc/contract/interceptor.ts";
import { clockOfCall } from "../rpc/interceptors/interceptor_chain.ts";
import { bearerToken, refused } from "./bearer_token.ts";
import { fetchKeys, KeySource } from "./key_source.ts";
import type { TokenClaims } from "./token_claims.ts";

/** The ways to sign a token that are accepted. `HS…` is a shared secret, all others have a public key. */
export type JwtAlgorithm =
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "HS256"
  | "HS384"
  | "HS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "RS256"
  | "RS384"
  | "RS512";

/** A `CryptoKey` of the Web Cryptography API, in terms that every compiler knows. */
export interface PublicKey {
  /** `"public"`; others are refused. */
  readonly type: string;
  /** What it is for, such as `{ name: "ECDSA", namedCurve: "P-256" }`. */
  readonly algorithm: object;
}

/** A key as an object, by RFC 7517. */
export type JwtKey = Readonly<Record<string, unknown>>;

/** A set of keys, by RFC 7517. */
export interface JwtKeySet {
  /** The keys. */
  readonly keys: readonly JwtKey[];
}

/** Options of {@linkcode jwt}. */
export interface JwtOptions {
  /** Who issues the tokens: their claim `iss` must be this, or one of these. */
  readonly issuer: string | readonly string[];
  /** Whom they are for: their claim `aud` must have this, or one of these. */
  readonly audience: string | readonly string[];
  /** The algorithms that are accepted, whatever a token says. Default: with `secret` `HS256`; else `ES256`, `EdDSA`, `PS256` and `RS256`. */
  readonly algorithms?: readonly JwtAlgorithm[] | undefined;
  /** The issuer's public key. One of `key`, `secret` and `jwks` is needed. */
  readonly key?: PublicKey | JwtKey | undefined;
  /** The secret that is shared with the issuer, at least 32 bytes, for `HS256` and the like. */
  readonly secret?: Uint8Array | undefined;
  /** The issuer's key set: an `https` address (`http` on this machine), a function that reads it, or the set itself. Keys that are read are used for 10 minutes, and up to an hour if they cannot be read again; an unknown key has them read again at most each 30 s. */
  readonly jwks?: string | URL | JwtKeySet | (() => Promise<JwtKeySet>) | undefined;
  /** How far the issuer's clock may differ, in milliseconds. Default: 5,000. */
  readonly toleranceMs?: number | undefined;
  /** Where handlers find the claims in `context.values`. Default: `tokenClaims`. */
  readonly claims?: ContextKey<TokenClaims | undefined> | undefined;
}

const PUBLIC: readonly JwtAlgorithm[] = [
  "ES256",
  "EdDSA",
  "PS256",
  "RS256",
  "ES384",
  "ES512",
  "PS384",
  "PS512",
  "RS384",
  "RS512",
];
const SECRET: readonly JwtAlgorithm[] = ["HS256", "HS384", "HS512"];
const MIN_SECRET_BYTES = 32;
/** Names of this machine. */
const LOCAL = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

type FindKey = (clock: Clock) => JoseKey | Uint8Array | JWTVerifyGetKey;

/**
 * Makes an interceptor for servers that lets only calls with a valid JSON Web
 * Token through, as `bearerToken` does: signed by the issuer's key with one of
 * the given algorithms, for this audience, with an end (`exp`) that is still to
 * come. Its claims are a value of the call.
 *
 * @param options The issuer, the audience and the key.
 * @returns The interceptor.
 * @throws {InternodeError} `InvalidArgument` for an option that is missing or makes no sense.
 *
 * @example
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { jwt } from "@internode/grid/auth";
 *
 * const check = jwt({
 *   issuer: "https://login.example",
 *   audience: "cache",
 *   jwks: "https://login.example/.well-known/jwks.json",
 * });
 * const local = "memory://jwt";
 * await using grid = new Manager({ local, hosts: [local], interceptors: { server: [check] } });
 * console.log(grid.local);
 * ```
 */
export function jwt(options: JwtOptions): ServerInterceptor {
  const { claims } = optionsOf("jwt", options);
  const issuer = namesOf("issuer", options.issuer),
    audience = namesOf("audience", options.audience);
  const toleranceMs = notNegative("toleranceMs", options.toleranceMs, 5_000);
  const algorithms = algorithmsOf(options), find = keyOf(options);
  return bearerToken<TokenClaims>({
    claims,
    verify: async (token, call) => {
      const clock = clockOfCall(call), key = find(clock);
      const rules = {
        issuer,
        audience,
        algorithms,
        requiredClaims: ["exp"],
        clockTolerance: toleranceMs / 1_000,
        currentDate: new Date(clock.wallNow()),
      };
      try {
        const { payload } = typeof key === "function"
          ? await jwtVerify(token, key, rules)
          : await jwtVerify(token, key, rules);
        return payload;
      } catch (error) {
        throw refusalOf(error);
      }
    },
  });
}

/** Why a token is refused, for its bearer: what the library says of it may hold claims, and is not passed on. */
function refusalOf(error: unknown): unknown {
  if (isA(error, errors.JWTExpired)) return refused("The token is not accepted: it has expired.");
  if (isA(error, errors.JWTClaimValidationFailed)) {
    return refused(
      `The token is not accepted: its claim ${shown(error.claim)} is not as it must be.`,
    );
  }
  if (
    isA(error, errors.JWSSignatureVerificationFailed) || isA(error, errors.JWKSNoMatchingKey) ||
    isA(error, errors.JOSEAlgNotAllowed)
  ) {
    return refused(
      "The token is not accepted: it is not signed by a key and an algorithm that are.",
    );
  }
  if (isA(error, errors.JWSInvalid) || isA(error, errors.JWTInvalid)) {
    return refused("The token is not accepted: it is no signed JSON Web Token.");
  }
  return error;
}

function namesOf(option: string, given: string | readonly string[]): string[] {
  const names: readonly unknown[] = typeof given === "string" ? [given] : given;
  if (Array.isArray(names) && names.length > 0) {
    if (names.every((name) => typeof name === "string" && name !== "")) return [...names];
  }
  throw invalidOption(option, `must be a text, or a list of some, not ${shown(given)}`);
}

function algorithmsOf({ algorithms, secret }: JwtOptions): JwtAlgorithm[] {
  const possible = secret === undefined ? PUBLIC : SECRET;
  if (algorithms === undefined) return possible.slice(0, secret === undefined ? 4 : 1);
  if (
    Array.isArray(algorithms) && algorithms.length > 0 &&
    algorithms.every((name) => possible.includes(name))
  ) return [...algorithms];
  const what = secret === undefined ? "a public key" : "a secret";
  throw invalidOption(
    "algorithms",
    `must be a list of algorithms for ${what} (${possible.join(", ")}), not ${shown(algorithms)}`,
  );
}

function keyOf({ key, secret, jwks }: JwtOptions): FindKey {
  if ([key, secret, jwks].filter((given) => given !== undefined).length !== 1) {
    throw invalidOption(
      "key",
      "or one of options secret and jwks must be given, and no two of them",
    );
  }
  if (secret !== undefined) {
    if (!(secret instanceof Uint8Array) || secret.length < MIN_SECRET_BYTES) {
      throw invalidOption("secret", `must be a Uint8Array of at least ${MIN_SECRET_BYTES} bytes`);
    }
    return () => secret;
  }
  if (jwks !== undefined) return keysOf(jwks);
  if (key instanceof CryptoKey) {
    if (key.type === "public") return () => key;
    throw invalidOption("key", `must be a public key, not one of type ${shown(key.type)}`);
  }
  const webKey = key as JwtKey | undefined;
  if (typeof webKey !== "object" || webKey === null || typeof webKey["kty"] !== "string") {
    throw invalidOption("key", `must be a CryptoKey or a JSON Web Key, not ${shown(key)}`);
  }
  if (webKey["kty"] === "oct" || webKey["d"] !== undefined) {
    throw invalidOption("key", "must be a public key, not a secret or a private one");
  }
  return () => async ({ alg }) => {
    const imported = await importJWK(webKey as JWK, alg);
    if (imported instanceof Uint8Array) throw new TypeError("The key is no public key.");
    return imported;
  };
}

function keysOf(jwks: NonNullable<JwtOptions["jwks"]>): FindKey {
  const source = new KeySource(readerOf(jwks));
  return (clock) => (header, token) => source.key(header, token, clock);
}

function readerOf(
  jwks: NonNullable<JwtOptions["jwks"]>,
): (clock: Clock) => Promise<JSONWebKeySet> {
  if (typeof jwks === "function") return async () => await jwks() as unknown as JSONWebKeySet;
  if (typeof jwks === "string" || jwks instanceof URL) {
    const url = URL.parse(jwks);
    const isGood = url !== null && url.username === "" &&
      (url.protocol === "https:" || url.protocol === "http:" && LOCAL.test(url.hostname));
    if (isGood) return (clock) => fetchKeys(url, clock);
    throw invalidOption(
      "jwks",
      "must be an https address without a password, or http on this machine",
    );
  }
  if (typeof jwks !== "object" || !Array.isArray(jwks?.keys)) {
    throw invalidOption("jwks", `must be an address, a function or a key set, not ${shown(jwks)}`);
  }
  return () => Promise.resolve(jwks as unknown as JSONWebKeySet);
}
