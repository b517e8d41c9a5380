/**
 * Two honest sessions joined by a faulty link.
 *
 * @module
 */

import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { type FuzzCase, type Recorder, type Setup, type Step, step } from "../fuzz_case.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { PairWorld } from "../world/pair_world.ts";
import type { Tally } from "../tally.ts";
import { drawAct } from "../making/user_acts.ts";

/** Random operations, each followed by all that must hold. */
export class PairTarget implements FuzzTarget {
  readonly name = "pair";

  play(random: SeededRandom, recorder: Recorder, tally: Tally): void {
    const setup = recorder.setup = drawSetup(random);
    const world = new PairWorld(setup, tally);
    const isRough = random.chance(0.4);
    for (let steps = random.int(30, 400); steps > 0; steps--) {
      const { ends: [dialler, acceptor] } = world;
      if (dialler.app.closed !== null && acceptor.app.closed !== null) break;
      world.apply(recorder.note(drawStep(random, isRough)));
    }
    world.finish();
  }

  replay({ setup, steps }: FuzzCase, tally: Tally): void {
    const world = new PairWorld(setup, tally);
    for (const taken of steps) world.apply(taken);
    world.finish();
  }
}

function drawStep(random: SeededRandom, isRough: boolean): Step {
  const side = random.int(0, 1), draw = random.int(0, 999);
  if (draw < 230) return step("drain", { side, a: random.chance(0.7) ? 1 : 0 });
  if (draw < 260) return step("written", { side });
  if (draw < 600) return step("move", { side, a: random.pick([1, 30, 1_000, 50_000, 300_000]) });
  if (draw < 630) {
    const ms = random.pick([0, 1, 5, 30, 400, random.chance(0.2) ? 9_000 : 2]);
    return step(random.chance(0.7) ? "time" : "late", { a: ms });
  }
  if (isRough && draw < 645) return step(random.pick(["stall", "unstall", "unstall"]), { side });
  if (isRough && draw < 648) return step("flip", { side, a: random.int(0, 2 ** 30) });
  if (isRough && draw < 649) return step("cut", { a: random.pick([0, 5, 100, 5_000, 100_000]) });
  const act = drawAct(random, side);
  // Else nearly all runs would end before much has happened.
  return (act.op === "close" || act.op === "lost") && !isRough ? step("ping", { side }) : act;
}

function drawSetup(random: SeededRandom): Setup {
  const envelope = random.chance(0.6), isLarge = random.chance(0.08);
  const setup: Setup = {
    envelope,
    checksum: envelope && random.chance(0.7),
    auth: random.chance(0.3),
    endTurns: random.chance(0.3),
    callsOn: random.chance(0.2),
    maxSend: isLarge ? 250_000 : random.pick([50, 3_000, 20_000, 120_000]),
    streamBudget: random.pick([1_024, 100_000]),
  };
  for (const own of ["d", "a"]) {
    setup[`${own}Budget`] = isLarge ? 2_000_000 : random.pick([65_536, 300_000, 2_000_000]);
    setup[`${own}MaxMessage`] = isLarge ? 260_000 : random.pick([1_024, 30_000, 57_000]);
    setup[`${own}MaxFragment`] = random.pick([1_024, 5_000, 65_536]);
    setup[`${own}MaxCalls`] = random.pick([1, 4, 200]);
  }
  return setup;
}
