/**
 * Makes the corpus: for each way in which a session can end, the least that
 * makes it end so. `deno run --allow-write=tests/fuzz/corpus
 * tests/fuzz/distil.ts`, then `deno fmt`; what is there already stays.
 *
 * @module
 */

import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { CORPUS, DEFAULT_SETUP, storable } from "./corpus.ts";
import { type FuzzCase, Recorder } from "./fuzz_case.ts";
import { SessionTarget } from "./targets/session_target.ts";
import { shrink } from "./shrinker.ts";
import { Tally } from "./tally.ts";

const RUNS = 12_000;
const MAX_BYTES = 3_000;

const target = new SessionTarget();
const cases = CORPUS.filter(({ name }) => !name.startsWith("vector")).map(storable);
const known = new Set(cases.map(({ name }) => kindOf(name)));

/** What a peer says in its goodbye makes no other case. */
function kindOf(reason: string): string {
  return reason.replace(/(by the peer|ended the connection|differ by|GoingAway).*/s, "$1");
}

/** How a run ends; empty where nothing ends it. */
function endOf(run: FuzzCase): string {
  const tally = new Tally();
  target.replay(run, tally);
  const [reason = ""] = tally.groups.get("session: reasons for the end")?.keys() ?? [];
  return reason;
}

function distilled(run: FuzzCase, reason: string): FuzzCase {
  const endsSo = (other: FuzzCase): boolean => {
    try {
      return kindOf(endOf(other)) === kindOf(reason);
    } catch {
      return false;
    }
  };
  const least = shrink(run, endsSo, 40_000);
  let { setup } = least;
  for (const name of Object.keys(setup)) {
    const plainer = { ...setup, [name]: DEFAULT_SETUP[name]! };
    if (endsSo({ setup: plainer, steps: least.steps })) setup = plainer;
  }
  return { setup, steps: least.steps };
}

const root = new SeededRandom(1);
for (let index = 0; index < RUNS; index++) {
  const recorder = new Recorder(true);
  target.play(root.fork(`distil ${index}`), recorder, new Tally());
  const run = { setup: recorder.setup, steps: recorder.steps! };
  const reason = endOf(run);
  if (reason === "" || known.has(kindOf(reason))) continue;
  const least = distilled(run, reason);
  known.add(kindOf(reason));
  if (least.steps.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0) > MAX_BYTES) continue;
  cases.push(storable({ name: endOf(least), target: target.name, ...least }));
  console.log(`${cases.length}: ${endOf(least)}`);
}
const file = new URL("corpus/cases.json", import.meta.url);
await Deno.writeTextFile(file, `${JSON.stringify(cases)}\n`);
