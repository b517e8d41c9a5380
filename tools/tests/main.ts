/**
 * Runs some of the tests: `deno task test:bare`, `test:together`, `test:alone` or `test:refused`.
 * Arguments that follow are for `deno test`. Types are not checked, as `deno task check` does so.
 *
 * @module
 */

import { ROOT, testFilesAt } from "./test_files.ts";
import { type TestGroup, TestGroups } from "./test_groups.ts";

/** All permissions, and the flag that lets listeners share a port. */
const ALL = ["-A", "--unstable-net"];

/** What may be run. */
interface Selection {
  readonly groups: readonly TestGroup[];
  readonly args: readonly string[];
  /** More than one where files wait, for other processes and the network. Default: 1. */
  readonly filesEachCore?: number;
  /** Whether files of one folder run in one module, which loads only once what all of them import. */
  readonly joined?: boolean;
}

/** So many files are joined at most, so that all cores have something to do in the end. */
const JOINED_FILES = 20;

const BARE = ["--no-prompt", "--parallel"];
const SELECTIONS: Readonly<Record<string, Selection>> = {
  bare: { groups: ["bare"], args: BARE, joined: true },
  // Without the permissions that they need they are ignored, and fail nothing.
  refused: { groups: ["together", "alone"], args: BARE, joined: true },
  together: { groups: ["together"], args: [...ALL, "--parallel"], filesEachCore: 2 },
  alone: { groups: ["alone"], args: ALL },
};

function textOf(path: string): string | null {
  try {
    return Deno.readTextFileSync(new URL(path, ROOT));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Writes the modules that import test files, some of one folder each. */
function join(files: readonly string[], folder: string): string[] {
  const rooms = Map.groupBy(files, (path) => path.split("/").slice(0, 2).join("-"));
  return [...rooms].flatMap(([room, paths]) => {
    const count = Math.ceil(paths.length / JOINED_FILES);
    return Array.from({ length: count }, (_, nth) => {
      const own = paths.filter((_, at) => at % count === nth);
      const module = `${folder}/${room}-${nth}.ts`;
      const lines = own.map((path) => `import ${JSON.stringify(new URL(path, ROOT).href)};\n`);
      Deno.writeTextFileSync(module, lines.join(""));
      return module;
    });
  });
}

async function main([name = "", ...more]: readonly string[]): Promise<number> {
  const selection = SELECTIONS[name];
  if (selection === undefined) {
    console.error(`Say which tests: ${Object.keys(SELECTIONS).join(", ")}.`);
    return 2;
  }
  const groups = new TestGroups(textOf);
  const files = testFilesAt("tests").filter((path) =>
    selection.groups.includes(groups.groupOf(path))
  );
  const jobs = navigator.hardwareConcurrency * (selection.filesEachCore ?? 1);
  const folder = Deno.makeTempDirSync({ prefix: "internode-tests-" });
  try {
    const modules = selection.joined ? join(files, folder) : files;
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--config=deno.json", "--no-check", ...selection.args, ...more, ...modules],
      cwd: ROOT,
      env: { DENO_JOBS: String(jobs) },
      stdin: "null",
    }).spawn().status;
    return code;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
