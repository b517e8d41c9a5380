/**
 * The public keys of those who issue tokens.
 *
 * @module
 */

import {
  createLocalJWKSet,
  type CryptoKey as JoseKey,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from "jose";
import type { Clock } from "../runtime/clock.ts";

/** How long keys are used before they are read again, in milliseconds. */
const FRESH_MS = 600_000;
/** How long they are used if that fails. */
const STALE_MS = 3_600_000;
/** How long after a reading an unknown key causes no other one. */
const COOLDOWN_MS = 30_000;
/** How long after a failure nothing is read. */
const FAILED_MS = 1_000;

type Keys = ReturnType<typeof createLocalJWKSet>;

/**
 * Keys that change: read when they are needed first, every 10 minutes, and for
 * a key that is unknown, at most each 30 s. One reading is under way at a time,
 * and after a failure none for a second, so that whoever sends odd tokens causes
 * no more. If reading fails, keys are used for up to an hour.
 */
export class KeySource {
  readonly #read: (clock: Clock) => Promise<JSONWebKeySet>;
  #keys: Keys | null = null;
  #readMs = -Infinity;
  #failure: { readonly error: unknown; readonly atMs: number } | null = null;
  #reading: Promise<void> | null = null;

  /** @param read Reads the keys, in bounded time. */
  constructor(read: (clock: Clock) => Promise<JSONWebKeySet>) {
    this.#read = read;
  }

  /** Finds the key of a token. */
  async key(
    header: Parameters<JWTVerifyGetKey>[0],
    token: Parameters<JWTVerifyGetKey>[1],
    clock: Clock,
  ): Promise<JoseKey> {
    const ageMs = clock.now() - this.#readMs;
    if (this.#keys === null || ageMs >= FRESH_MS) await this.#renew(clock, ageMs < STALE_MS);
    try {
      return await this.#keys!(header, token);
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      if (!isUnknown || clock.now() - this.#readMs < COOLDOWN_MS) throw error;
    }
    await this.#renew(clock, false);
    return await this.#keys!(header, token);
  }

  /** @param mayFail Whether the keys that are there will do. */
  async #renew(clock: Clock, mayFail: boolean): Promise<void> {
    const failed = this.#failure;
    if (failed !== null && clock.now() - failed.atMs < FAILED_MS) {
      if (mayFail) return;
      throw failed.error;
    }
    try {
      await (this.#reading ??= this.#load(clock).finally(() => this.#reading = null));
    } catch (error) {
      if (!mayFail) throw error;
    }
  }

  async #load(clock: Clock): Promise<void> {
    try {
      this.#keys = createLocalJWKSet(await this.#read(clock));
      this.#readMs = clock.now();
      this.#failure = null;
    } catch (error) {
      this.#failure = { error, atMs: clock.now() };
      throw error;
    }
  }
}

/** The most that is read of a key set, in bytes. */
const MAX_BYTES = 262_144;
/** How long reading it may take, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** Reads a key set from a server: at most 256 KiB, within 5 s, from there and nowhere else. */
export async function fetchKeys(url: URL, clock: Clock): Promise<JSONWebKeySet> {
  const controller = new AbortController();
  const timer = clock.setTimer(TIMEOUT_MS, () => {
    controller.abort(new Error(`The key set was not read within ${TIMEOUT_MS} ms.`));
  });
  try {
    const response = await fetch(url, {
      signal: controller.signal,
      redirect: "error",
      headers: { accept: "application/json, application/jwk-set+json" },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`The server of the key set answered with status ${response.status}.`);
    }
    return JSON.parse(await limitedText(response)) as JSONWebKeySet;
  } finally {
    clock.clearTimer(timer);
  }
}

async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "", bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`The key set has more than ${MAX_BYTES} bytes.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
