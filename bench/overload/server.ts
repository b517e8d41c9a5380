/**
 * The server of `bench/overload/main.ts`.
 *
 * @module
 */

import process from "node:process";
import { implement, listen, serve } from "@internode/grid/call";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import {
  COMPUTE_MS,
  type Held,
  type LimitKind,
  POOL,
  WAIT_MS,
  Work,
  type WorkKind,
} from "./work.ts";

/** How often memory is looked at, in milliseconds. */
const LOOK_MS = 50;

/** Something of which there are few, such as connections to a database. */
class Pool {
  #free = POOL;
  readonly #waiting: (() => void)[] = [];

  async use(): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}

function compute(bytes: Uint8Array): Uint8Array {
  const untilMs = performance.now() + COMPUTE_MS;
  while (performance.now() < untilMs);
  return bytes;
}

const [kind, limit, address] = Deno.args as [WorkKind, LimitKind, string];
const pool = new Pool();
const concurrency = { none: undefined, fixed: POOL, adaptive: "adaptive" } as const;
const handlers = implement(Work, {
  work: kind === "compute" ? compute : async (bytes: Uint8Array) => {
    await pool.use();
    return bytes;
  },
}, { methods: { work: { concurrency: concurrency[limit] } } });
const listener = await listen(address, handlers);
const server = serve(listener);
let heapBytes = 0, residentBytes = 0;
const looks = setInterval(() => {
  const { heapUsed, external, rss } = process.memoryUsage();
  heapBytes = Math.max(heapBytes, heapUsed + external);
  residentBytes = Math.max(residentBytes, rss);
}, LOOK_MS);
await answerCommands({ held: (): Held => ({ heapBytes, residentBytes }) });
clearInterval(looks);
await server.close({ graceMs: 0 });
