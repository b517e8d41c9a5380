/**
 * Somebody who wants to know when a key changes.
 *
 * @module
 */

import { InternodeError } from "@internode/grid";
import type { Client } from "@internode/grid/call";
import { delay } from "@std/async";
import type { Cache } from "./contracts.ts";

/** A stream stays with its replica, while its key may go back to another: so it is opened anew now and then. */
const OPEN_ANEW_MS = 1_000;
const PAUSE_MS = 10;
/** How a watch may end: its time is over, or its replica stops. */
const EXPECTED: ReadonlySet<string> = new Set(["DeadlineExceeded", "Closed"]);

/** Watches a key wherever it is. */
export class KeyWatch {
  /** How many changes it has seen. */
  changes = 0;
  /** How often its replica stopped, so that it went on at another. */
  moves = 0;

  /**
   * Watches until the signal aborts.
   *
   * @throws What ended the watch, if that was not to be expected.
   */
  async run(
    cache: Client<(typeof Cache)["methods"]>,
    key: string,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const options = { shardKey: key, timeoutMs: OPEN_ANEW_MS, signal };
      try {
        for await (const _ of cache.watch({ prefix: key }, options)) this.changes++;
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof InternodeError) || !EXPECTED.has(error.code)) throw error;
        if (error.code === "Closed") this.moves++;
        await delay(PAUSE_MS);
      }
    }
  }
}
