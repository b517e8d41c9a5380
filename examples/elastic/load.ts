/**
 * A program that uses the counters.
 *
 * @module
 */

import type { Client } from "@internode/grid/call";
import { delay } from "@std/async";
import { Histogram } from "../lock_service/node/histogram.ts";
import type { Counters } from "./contracts.ts";

const TICK_MS = 5;
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
export class Load {
  /** How long the calls that were answered took, in microseconds. */
  readonly latency: Histogram = new Histogram();
  /** How often calls have failed, by what was said. */
  readonly failures: Map<string, number> = new Map();
  requests = 0;
  failed = 0;
  readonly #options: LoadOptions;
  readonly #added: number[];
  readonly #running = new Set<Promise<void>>();

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#added = Array<number>(options.keys).fill(0);
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

  #begin(): void {
    const id = Math.floor(Math.random() * this.#options.keys);
    const call = this.#count(id).catch((error) => {
      const text = String(error);
      this.failed++;
      this.failures.set(text, (this.failures.get(text) ?? 0) + 1);
    });
    this.#running.add(call);
    call.finally(() => this.#running.delete(call));
  }

  async #count(id: number): Promise<void> {
    this.requests++;
    const beganAt = performance.now();
    await this.#add(id, 1);
    this.#added[id]!++;
    this.latency.add((performance.now() - beganAt) * 1_000);
  }

  #add(id: number, by: number): Promise<number> {
    const key = keyOf(id);
    return this.#options.counters.add({ key, by }, { shardKey: key, timeoutMs: TIMEOUT_MS });
  }
}

function keyOf(id: number): string {
  return `counter-${id}`;
}
