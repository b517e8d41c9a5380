/**
 * Asks one node again and again.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import type { Clock } from "../../runtime/clock.ts";
import { pause } from "../../runtime/pause.ts";
import { within } from "../../runtime/within.ts";
import { problemOf } from "../asking/ask_all.ts";
import { Chart } from "./charts.ts";
import type { NodeProblem, NodeView, Reading } from "./node_view.ts";

/** How long after an answer the next question is asked, in milliseconds. */
const ASK_AGAIN_MS = 700;
/** How many answers are kept, for rates of the last seconds. */
const MAX_READINGS = 8;
/** How many calls in flight a node is asked for. */
const MAX_CALLS = 100;
/** How long closing a connection may take, in milliseconds. */
const CLOSE_MS = 1_000;

/** Makes a client of a node's admin service, which is closed by whoever asks for it. */
export type Connect = (host: string) => Promise<AdminClient>;

/** Asks one node again and again, and keeps what it has answered lately. */
export class NodeWatch implements NodeView {
  readonly host: string;
  readonly readings: Reading[] = [];
  /** Its charts. */
  readonly chart: Chart = new Chart();
  answeredMs: number | null = null;
  problem: NodeProblem | null = null;
  readonly #connect: Connect;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #client: AdminClient | null = null;

  /**
   * Begins at once.
   *
   * @param host Its URL.
   */
  constructor(host: string, connect: Connect, clock: Clock) {
    this.host = host;
    this.#connect = connect;
    this.#clock = clock;
    this.#running = this.#run();
  }

  /** Its client, for traces; `null` while there is none. */
  get client(): AdminClient | null {
    return this.#client;
  }

  /** Ends it; resolves when its connection is closed. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#drop();
    await within(this.#clock, CLOSE_MS, this.#running);
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await this.#ask();
        this.problem = null;
      } catch (error) {
        const { code, message } = problemOf(error, this.host), isLate = code === "DeadlineExceeded";
        this.problem = { isLate, message };
        // One that is late may only be frozen: its connection goes on when it does.
        if (!isLate) await this.#drop();
      }
      await pause(this.#clock, ASK_AGAIN_MS, signal);
    }
    await this.#drop();
  }

  async #ask(): Promise<void> {
    const client = this.#client ??= await this.#connect(this.host),
      clock = this.#clock;
    const askedMs = clock.now(), none = (): null => null;
    let roundTripMs = 0;
    // One of an older version, or whose rule allows less, may know no more than its status.
    const [status, figures, calls, health] = await Promise.all([
      client.status({ options: false }).then((answer) => {
        roundTripMs = clock.now() - askedMs;
        return answer;
      }),
      client.figures().catch(none),
      client.calls({ limit: MAX_CALLS }).catch(none),
      client.health().catch(none),
    ]);
    this.answeredMs = clock.now();
    this.readings.push({
      askedMs,
      roundTripMs,
      status,
      figures,
      calls: calls?.calls ?? [],
      health,
    });
    if (this.readings.length > MAX_READINGS) this.readings.shift();
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (client !== null) {
      await within(this.#clock, CLOSE_MS, client.close().catch(() => {}));
    }
  }
}
