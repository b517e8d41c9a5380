/**
 * A client in a process of its own. Argument: what to do, as JSON. Prints how
 * many calls each worker has answered, as JSON.
 *
 * @module
 */

import { client, connect, constantResolver, parseNetEndpoint } from "@internode/grid/call";
import { Primes } from "./contracts.ts";

/** What a client is to do. */
export interface Load {
  /** Where the workers are. */
  readonly addresses: readonly string[];
  /** Each connection meets one worker, whichever the system chooses: so several. */
  readonly connections: number;
  /** What to ask for. */
  readonly below: number;
  /** How many calls are under way at a time. */
  readonly inflight: number;
  /** How long, in milliseconds. */
  readonly durationMs: number;
}

/** How many calls were answered, by the worker's number. */
export type Answered = Readonly<Record<number, number>>;

async function run(load: Load): Promise<Answered> {
  const endpoints = load.addresses.map((address) => parseNetEndpoint(address));
  await using connection = await connect(constantResolver(...endpoints), {
    connections: load.connections,
  });
  const primes = client(Primes, connection);
  const answered: Record<number, number> = {};
  const endMs = performance.now() + load.durationMs;
  const ask = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const { worker } = await primes.count(load.below);
      answered[worker] = (answered[worker] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: load.inflight }, ask));
  return answered;
}

if (import.meta.main) console.log(JSON.stringify(await run(JSON.parse(Deno.args[0]!))));
