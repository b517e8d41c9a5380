/**
 * Programs that use the store.
 *
 * @module
 */

import type { Manager } from "@internode/grid";
import { delay } from "@std/async";
import type { Histogram } from "../../lock_service/node/histogram.ts";
import { get, set } from "../contracts.ts";
import type { Operation } from "./register_check.ts";

/** An operation that takes longer may have been done, or not. */
const TIMEOUT_MS = 3_000;
const GET_SHARE = 0.5;
/** How long a user waits after one that was not answered. */
const PAUSE_MS = 20;

/** What a {@linkcode Load} is made from. */
export interface LoadOptions {
  readonly grid: Manager;
  /** The nodes that are asked, each about as often. */
  readonly nodes: readonly string[];
  readonly keys: readonly string[];
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Is told how long operations took, in microseconds. */
  readonly latency: Histogram;
}

/** Reads and writes as fast as it is answered, and notes it all. */
export class Load {
  readonly operations: Operation[] = [];
  /** How many were not answered. */
  unanswered = 0;
  readonly #options: LoadOptions;
  #steps = 0;
  #values = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** What one user does until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, keys, nodes, grid } = this.#options;
    while (!signal.aborted) {
      const key = keys[Math.floor(random() * keys.length)]!;
      // Who is connected with a node knows early that it is gone.
      const near = nodes.filter((node) => grid.connection(node).state === "connected");
      const node = near[Math.floor(random() * near.length)] ?? nodes[0]!;
      const value = random() < GET_SHARE ? null : `value ${++this.#values}`;
      // What fails at once must not keep the process from all else.
      if (!await this.operate(node, key, value)) await delay(PAUSE_MS);
    }
  }

  /** Reads, or writes a value; whether that was answered. */
  async operate(node: string, key: string, value: string | null): Promise<boolean> {
    const { grid, latency } = this.#options, options = { timeoutMs: TIMEOUT_MS };
    const kind = value === null ? "get" : "set", beganAt = performance.now();
    const done: Operation = { kind, key, value, begin: ++this.#steps, end: Infinity };
    this.operations.push(done);
    try {
      const entry = value === null
        ? await grid.connection(node).request(get, key, options)
        : await grid.connection(node).request(set, { key, value }, options);
      done.value = entry.value;
      done.end = ++this.#steps;
      latency.add((performance.now() - beganAt) * 1_000);
      return true;
    } catch {
      this.unanswered++;
      return false;
    }
  }
}
