/**
 * Has conversations with an older version and writes down both sides' words.
 * With the older version's commit checked out in a folder:
 *
 *     deno run -A tests/vectors/older/record.ts FOLDER && deno fmt tests/vectors
 */

import type { InternodeError } from "../../../lib/errors.ts";
import type { KeepTarget } from "../../support/session/calls.ts";
import type { Pair } from "../../support/session/pair.ts";
import * as today from "../conversations.ts";
import { PHASES, RECORDED, type Recording, sayGoodbye } from "./recordings.ts";

const folder = Deno.args[0];
if (folder === undefined) throw new Error("give the folder of the older version");
const at = (path: string): string => new URL(path, `file://${Deno.realPathSync(folder)}/`).href;
const older: typeof today = await import(at("tests/vectors/conversations.ts"));
const olderErrors: { InternodeError: typeof InternodeError } = await import(at("lib/errors.ts"));

/** One side is of the older version, the other one of today's. */
function record(recipe: today.ConversationRecipe, dialler: typeof today): Recording {
  const acceptor = dialler === older ? today : older;
  const theirs = recipeOf(dialler, recipe.name);
  const asking = dialler.pairFor(theirs);
  const answering = acceptor.pairFor(recipeOf(acceptor, recipe.name));
  const pair = {
    nowMs: asking.pair.nowMs,
    dialler: asking.pair.dialler,
    acceptor: answering.pair.acceptor,
    deliver: (...sides: Parameters<Pair["deliver"]>) => answering.pair.deliver(...sides),
  } as unknown as Pair;
  const kept: KeepTarget = answering.kept;
  const steps: Record<(typeof PHASES)[number], () => void> = {
    handshake: () => {},
    calls: () => void theirs.act?.(pair, kept),
    answers: () => acceptor.answer(pair, kept),
    goodbye: () =>
      sayGoodbye(pair.dialler, dialler === older ? olderErrors.InternodeError : undefined),
  };
  const phases = PHASES.map((phase) => {
    const turns: today.Turn[] = [];
    if (pair.dialler.session.state !== "closed") steps[phase]();
    today.exchange(pair, (turn) => void turns.push(turn));
    return turns;
  });
  return { name: recipe.name, older: dialler === older ? "dialler" : "acceptor", phases };
}

function recipeOf(version: typeof today, name: string): today.ConversationRecipe {
  return version.CONVERSATIONS.find((recipe) => recipe.name === name)!;
}

const recordings = [older, today].flatMap((dialler) =>
  RECORDED.map((recipe) => record(recipe, dialler))
);
await Deno.writeTextFile(
  new URL("conversations.json", import.meta.url),
  `${JSON.stringify(recordings, null, 2)}\n`,
);
