/**
 * A program that uses the cache.
 *
 * @module
 */

import type { Client } from "@internode/grid/call";
import { SteadyLoad } from "../support/steady_load.ts";
import type { Cache, Entry } from "./contracts.ts";

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
export class Load extends SteadyLoad {
  gets = 0;
  hits = 0;
  readonly #options: LoadOptions;
  readonly #versions: number[];

  constructor(options: LoadOptions) {
    super(options.rate);
    this.#options = options;
    this.#versions = Array<number>(options.keys).fill(1);
  }

  protected override call(): Promise<void> {
    const id = Math.floor(Math.random() * this.#options.keys);
    const isPut = Math.random() < PUT_SHARE;
    if (isPut) this.#versions[id]!++;
    return isPut ? this.#put(id) : this.#get(id);
  }

  async #get(id: number): Promise<void> {
    const key = keyOf(id);
    const entry = await this.measure(() =>
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
    await this.measure(() =>
      this.#options.cache.put({ key, version, value }, { shardKey: key, timeoutMs: TIMEOUT_MS })
    );
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
