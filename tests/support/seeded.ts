import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";

/** The seed asked for with `-- --seed=…`, or a fresh one; printed, so that a failure can be replayed. */
export function seeded(name: string): SeededRandom {
  const asked = Deno.args.find((arg) => arg.startsWith("--seed="));
  const seed = asked === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0]!
    : Number(asked.slice("--seed=".length));
  console.log(`${name}: --seed=${seed}`);
  return new SeededRandom(seed);
}
