/**
 * A worker. Handlers cannot be sent to one, so they live in its own module;
 * where to listen it is told by whoever started it.
 *
 * @module
 */

import { serveWorker } from "@internode/grid/workers";
import { implement } from "@internode/grid/call";
import { Primes } from "./contracts.ts";

function countPrimes(below: number): number {
  let primes = 0;
  for (let number = 2; number < below; number++) {
    let divisor = 2;
    while (divisor * divisor <= number && number % divisor !== 0) divisor++;
    if (divisor * divisor > number) primes++;
  }
  return primes;
}

await serveWorker(({ number }) => ({
  handlers: implement(Primes, {
    count: (below) => ({ primes: countPrimes(below), worker: number }),
  }),
}));
