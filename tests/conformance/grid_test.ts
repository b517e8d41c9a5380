import { ANSWERS } from "./answers.ts";
import type { Case } from "./case.ts";
import { ENDED_EARLY } from "./endings.ts";
import { LIFECYCLE } from "./lifecycle.ts";
import { METADATA } from "./metadata.ts";
import { REFUSALS } from "./refusals.ts";
import { REQUESTS } from "./requests.ts";
import { SIZES } from "./sizes.ts";
import { STREAMS } from "./streams.ts";
import { WORLDS } from "./world.ts";

const CASES: readonly Case[] = [
  ...REQUESTS,
  ...STREAMS,
  ...METADATA,
  ...ENDED_EARLY,
  ...SIZES,
  ...LIFECYCLE,
  ...REFUSALS,
  ...ANSWERS,
];

for (const world of WORLDS) {
  for (const { name, setup, body } of CASES) {
    Deno.test({
      name: `${world.name}: ${name}`,
      ignore: world.ignore,
      fn: () => world.run(typeof setup === "function" ? setup() : setup, body),
    });
  }
}
