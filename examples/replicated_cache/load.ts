/**
 * A program that uses the cache.
 *
 * @module
 */

import type { Client } from "@internode/grid/call";
import { delay } from "@std/async";
import { Histogram } from "../lock_service/node/histogram.ts";
import type { Cache, Entry } from "./contracts.ts";

const TICK_MS = 5;
/** A call that takes longer has failed, whatever becomes of it. */
const TIMEOUT_MS = 5_000;
const PUT_SHARE = 0.2;

/** What a {@linkcode Load} is made from. */
export interface LoadOptions {
  readonly cache: Client<(typeof Cache)["methods"]>;
  /** How many requests a second, beside those that fill in what was not found. */
  readonly rate: number;
  /** How many keys there are. */
  readonly keys: number;
}

/**
 * Gets and puts at a constant rate, however long the calls take, and checks
 * what it gets. It knows the truth that the cache holds copies of: a `get`
 * that finds nothing is no failure, it puts there what should be.
 */
export class Load {
  /** How long the calls that were answered took. */
  readonly latency: Histogram = new Histogram();
  /** How often calls have failed, by what was said. */
  readonly failures: Map<string, number> = new Map();
  requests = 0;
  failed = 0;
  gets = 0;
  hits = 0;
  readonly #options: LoadOptions;
  readonly #versions: number[];
  readonly #running = new Set<Promise<void>>();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#versions = Array<number>(options.keys).fill(1);
  }

  /** Makes calls until the signal aborts; resolves when all have ended. */
  async run(signal: AbortSignal): Promise<void> {
    const beganAt = performance.now();
    for (let made = 0; !signal.aborted;) {
      const due = (performance.now() - beganAt) / 1_000 * this.#options.rate;
      for (; made < due; made++) this.#begin();
      await delay(TICK_MS);
    }
    await Promise.all(this.#running);
  }

  /** Takes down a failure, of whatever kind. */
  fail(error: unknown): void {
    const text = String(error);
    this.failed++;
    this.failures.set(text, (this.failures.get(text) ?? 0) + 1);
  }

  #begin(): void {
    const id = Math.floor(Math.random() * this.#options.keys);
    const isPut = Math.random() < PUT_SHARE;
    if (isPut) this.#versions[id]!++;
    const work = (isPut ? this.#put(id) : this.#get(id)).catch((error) => this.fail(error));
    this.#running.add(work);
    work.finally(() => this.#running.delete(work));
  }

  async #get(id: number): Promise<void> {
    const key = keyOf(id);
    const entry = await this.#measure(() =>
      this.#options.cache.get(key, { shardKey: key, timeoutMs: TIMEOUT_MS })
    );
    this.gets++;
    if (entry === undefined) return await this.#put(id);
    this.hits++;
    this.#check(id, entry);
  }

  async #put(id: number): Promise<void> {
    const key = keyOf(id), version = this.#versions[id]!;
    const value = valueOf(id, version);
    await this.#measure(() =>
      this.#options.cache.put({ key, version, value }, { shardKey: key, timeoutMs: TIMEOUT_MS })
    );
  }

  async #measure<T>(call: () => Promise<T>): Promise<T> {
    this.requests++;
    const beganAt = performance.now();
    const answer = await call();
    this.latency.add((performance.now() - beganAt) * 1_000);
    return answer;
  }

  /** A replica may know an older version from a time when it had the key, but never a wrong one. */
  #check(id: number, { version, value }: Entry): void {
    if (version <= this.#versions[id]! && value === valueOf(id, version)) return;
    throw new Error(`The cache has a wrong value for ${keyOf(id)}: ${value}, version ${version}.`);
  }
}

/** The name of a key. */
export function keyOf(id: number): string {
  return `key-${id}`;
}

function valueOf(id: number, version: number): string {
  return `${id} in version ${version}`;
}
