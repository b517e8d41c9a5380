/**
 * A program that uses the counters.
 *
 * @module
 */

import type { Client } from "@internode/grid/call";
import { SteadyLoad } from "../support/steady_load.ts";
import type { Counters } from "./contracts.ts";

/** A call that takes longer has failed, whatever becomes of it. */
const TIMEOUT_MS = 10_000;
/** So many keys are read at a time in the end. */
const READERS = 64;

/** What a {@linkcode Load} is made from. */
export interface LoadOptions {
  readonly counters: Client<(typeof Counters)["methods"]>;
  /** How many additions a second. */
  readonly rate: number;
  /** How many keys there are. */
  readonly keys: number;
}

/** Adds to counters at a constant rate, however long the calls take, and knows what should be in each. */
export class Load extends SteadyLoad {
  readonly #options: LoadOptions;
  readonly #added: number[];

  constructor(options: LoadOptions) {
    super(options.rate);
    this.#options = options;
    this.#added = Array<number>(options.keys).fill(0);
  }

  /** Reads all keys; returns those whose number is not the sum of what was added, each a sentence. */
  async check(): Promise<string[]> {
    const wrong: string[] = [];
    let next = 0;
    const read = async (): Promise<void> => {
      while (next < this.#added.length) {
        const id = next++, expected = this.#added[id]!;
        const found = await this.#add(id, 0);
        if (found !== expected) wrong.push(`${keyOf(id)} is ${found}, and should be ${expected}.`);
      }
    };
    await Promise.all(Array.from({ length: READERS }, read));
    return wrong;
  }

  protected override async call(): Promise<void> {
    const id = Math.floor(Math.random() * this.#options.keys);
    await this.measure(() => this.#add(id, 1));
    this.#added[id]!++;
  }

  #add(id: number, by: number): Promise<number> {
    const key = keyOf(id);
    return this.#options.counters.add({ key, by }, { shardKey: key, timeoutMs: TIMEOUT_MS });
  }
}

function keyOf(id: number): string {
  return `counter-${id}`;
}
