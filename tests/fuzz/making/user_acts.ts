/**
 * What a user of a session does next.
 *
 * @module
 */

import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { HANDLER_NAMES } from "../world/app_handlers.ts";
import { type Step, step } from "../fuzz_case.ts";
import { ABSENT_LENGTH, NULL_LENGTH } from "../pattern.ts";

const LENGTHS = [NULL_LENGTH, ABSENT_LENGTH, 0, 1, 30, 30, 200, 1_500, 9_000] as const;
/** Beyond the interactive lane, and some beyond a limit. */
const LARGE_LENGTHS = [20_000, 70_000, 250_000] as const;

/**
 * Draws a step of `App`.
 *
 * @param side Who does it.
 */
export function drawAct(random: SeededRandom, side = 0): Step {
  const a = random.int(0, 1_000), draw = random.int(0, 999);
  const encodes = random.int(0, 1);
  if (draw < 220) {
    return step("request", {
      side,
      a: drawHow(random),
      b: drawLength(random),
      c: drawDeadline(random),
    });
  }
  if (draw < 330) {
    const credits = random.int(0, 4) | random.int(0, 4) << 4;
    const c = drawDeadline(random) | credits << 4;
    return step("open", { side, a: drawHow(random), b: drawLength(random), c });
  }
  if (draw < 500) return step("send", { side, a, b: drawLength(random), c: encodes });
  if (draw < 660) return step("serve", { side, a, b: drawLength(random), c: encodes });
  if (draw < 770) return step("read", { side, a, b: random.int(1, 9) });
  if (draw < 860) return step("answer", { side, a, b: drawLength(random) });
  if (draw < 895) return step("end", { side, a });
  if (draw < 930) return step("finish", { side, a });
  if (draw < 950) return step("fail", { side, a });
  if (draw < 985) return step("cancel", { side, a });
  if (draw < 993) return step("ping", { side });
  if (draw < 996) return step("stop", { side });
  return step(draw < 998 ? "close" : "lost", { side });
}

function drawHow(random: SeededRandom): number {
  const flags = random.chance(0.3) ? random.int(0, 7) << 4 : 0;
  return random.int(0, HANDLER_NAMES.length - 1) | flags;
}

function drawLength(random: SeededRandom): number {
  return random.pick(random.chance(0.05) ? LARGE_LENGTHS : LENGTHS);
}

/** The place of a time in `App`'s list; 0 is none. */
function drawDeadline(random: SeededRandom): number {
  return random.chance(0.2) ? random.int(1, 5) : 0;
}
