import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { CORPUS } from "./corpus.ts";
import { type FuzzCase, loadCase, type Recorder, step } from "./fuzz_case.ts";
import { UsageError } from "../../tools/command_line/command_line.ts";
import { allTargets, parseOptions } from "./fuzz_options.ts";
import { type FuzzTarget, must } from "./fuzz_target.ts";
import { fuzz } from "./fuzzer.ts";
import { missed, openCounts, stateCounts } from "./report.ts";
import { shrink } from "./shrinker.ts";
import { Tally } from "./tally.ts";
import type { SeededRandom } from "../../lib/testing/time/seeded_random.ts";

const SEED = 20_250_607;
const FRAMES = 60_000;

Deno.test(`${FRAMES} frames of seed ${SEED}: nothing is found, every state and most types are reached`, () => {
  const { tally, failure } = fuzz({
    seed: SEED,
    seconds: Infinity,
    frames: FRAMES,
    targets: allTargets(),
  });
  assertEquals(failure, null);
  assert(tally.pastHandshake * 2 > tally.total, `${tally.pastHandshake} of ${tally.total}`);
  assertEquals(Object.entries(stateCounts(tally)).filter(([, count]) => count === 0), []);
  assertEquals(Object.entries(openCounts(tally)).filter(([, count]) => count === 0), []);
  assertEquals(missed(tally), []);
});

Deno.test("the same seed gives the same history", () => {
  const [first, second] = [1, 2].map(() =>
    fuzz({ seed: 4, seconds: Infinity, frames: 4_000, targets: allTargets() }).tally
  );
  assertEquals(first, second);
  const other = fuzz({ seed: 5, seconds: Infinity, frames: 4_000, targets: allTargets() }).tally;
  assertNotEquals(other, first);
});

for (const known of CORPUS) {
  Deno.test(`corpus: ${known.name}`, () => {
    const target = allTargets().find(({ name }) => name === known.target);
    assert(target !== undefined, `there is no target ${known.target}`);
    const tally = new Tally();
    target.replay(known, tally);
    // A session's case is named after what ends it; its words may change, its code may not.
    const ends = [...tally.groups.get("session: reasons for the end")?.keys() ?? []];
    const code = /^[A-Z]\w+(?=: )/.exec(known.name)?.[0];
    if (code !== undefined) assertEquals(ends.map((reason) => reason.split(":")[0]), [code]);
  });
}

/** Breaks when the bytes 42 and 43 have come, in this order. */
class BrokenTarget implements FuzzTarget {
  readonly name = "framer";

  play(random: SeededRandom, recorder: Recorder, tally: Tally): void {
    recorder.setup = { answer: 42 };
    const steps = Array.from(
      { length: 20 },
      () => recorder.note(step("bytes", { bytes: random.bytes(random.int(1, 30)) })),
    );
    this.replay({ setup: recorder.setup, steps }, tally);
  }

  replay({ setup, steps }: FuzzCase, tally: Tally): void {
    tally.frames.framer++;
    let came = false;
    for (const { bytes } of steps) {
      for (const byte of bytes ?? []) {
        must(!came || byte !== 43, "the answer came");
        came ||= byte === setup["answer"];
      }
    }
  }
}

Deno.test("what breaks is found, cut down to the least, and breaks again from its file", () => {
  const broken = new BrokenTarget();
  const options = { seed: 1, seconds: Infinity, frames: 100_000, targets: [broken] };
  const { failure } = fuzz(options);
  assert(failure !== null);
  assertEquals(failure.message, "Finding: the answer came");
  const bytes = failure.minimal.steps.map((text) => text.split(" ")[5]).join("");
  assertEquals(bytes, "2a2b");
  const again = loadCase(JSON.parse(JSON.stringify(failure.minimal)));
  let message = "";
  try {
    broken.replay(again, new Tally());
  } catch (error) {
    message = String(error);
  }
  assertEquals(message, failure.message);
  const replayed = fuzz({ ...options, iteration: failure.iteration });
  assertEquals(replayed.failure?.minimal, failure.minimal);
});

Deno.test("a run that only fails whole is left whole", () => {
  const run = { setup: {}, steps: ["a", "b", "c"].map((op) => step(op)) };
  assertEquals(shrink(run, ({ steps }) => steps.length === 3), run);
});

Deno.test("the command line is read, and what is wrong with it is said", () => {
  const read = (...args: string[]) =>
    parseOptions(args) as Exclude<ReturnType<typeof parseOptions>, "help">;
  const { seed, seconds, frames, targets, json } = read(
    "--seed",
    "7",
    "--frames",
    "9",
    "--target",
    "codec",
    "--json",
  );
  assertEquals([seed, seconds, frames, json], [7, Infinity, 9, true]);
  assertEquals(targets.map(({ name }) => name), ["codec"]);
  assertEquals(read().seconds, 30);
  for (const args of [["--seed"], ["--seed", "x"], ["--target", "moon"], ["--fast", "1"]]) {
    assertThrows(() => parseOptions(args), UsageError);
  }
});
