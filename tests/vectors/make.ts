/** Writes the vectors anew: `deno run --allow-write=tests/vectors tests/vectors/make.ts`. */

import { allVectors } from "./build.ts";

for (const [name, vectors] of Object.entries(await allVectors())) {
  await Deno.writeTextFile(
    new URL(name, import.meta.url),
    `${JSON.stringify(vectors, null, 2)}\n`,
  );
}
