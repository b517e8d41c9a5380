/**
 * Watches one host, apart from all others.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import { pause } from "../../runtime/pause.ts";
import { timeText } from "../output/figures.ts";
import { type Problem, problemOf } from "../asking/ask_all.ts";
import type { World } from "../world/world.ts";
import { type HostState, type Sample, takeSample } from "./sample.ts";

/** An answer that takes longer is told of before it comes, in milliseconds. */
const LATE_MS = 2_000;

/** Asks a host from time to time, and knows what it has said. */
export class HostWatch {
  /** Its URL. */
  readonly host: string;
  readonly #client: AdminClient;
  readonly #world: World;
  #before: Sample | null = null;
  #after: Sample | null = null;
  #problem: Problem | null = null;
  #askedMs: number | null = null;

  constructor(host: string, client: AdminClient, world: World) {
    this.host = host;
    this.#client = client;
    this.#world = world;
  }

  /** What is known of it now. */
  get state(): HostState {
    const { clock } = this.#world, askedMs = this.#askedMs;
    const waitedMs = askedMs === null ? 0 : clock.now() - askedMs;
    const problem = this.#problem ?? (waitedMs < LATE_MS ? null : {
      code: "DeadlineExceeded",
      message: `No answer for ${timeText(waitedMs)}.`,
    });
    return { host: this.host, before: this.#before, after: this.#after, problem };
  }

  /** Asks again and again; ends with the signal, and never rejects. */
  async run(everyMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#world;
    while (!signal.aborted) {
      const startMs = this.#askedMs = clock.now();
      try {
        const sample = await takeSample(this.#client, () => clock.now());
        this.#before = this.#after;
        this.#after = sample;
        this.#problem = null;
      } catch (error) {
        this.#before = this.#after = null;
        this.#problem = problemOf(error, this.host);
      }
      this.#askedMs = null;
      await pause(clock, everyMs - (clock.now() - startMs), signal);
      // A host that answers late is not asked without a rest.
      if (clock.now() - startMs >= 2 * everyMs) await pause(clock, everyMs, signal);
    }
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    await this.#client.close();
  }
}
