/**
 * A copy of the repository to break and mend again.
 *
 * @module
 */

import { apply, type Mutant } from "./mutant.ts";

/** How a run of tests ended. */
export type TestResult = "passed" | "failed" | "timed out";

/** More memory than this no test needs, but a loop that never ends may. */
const MAX_HEAP_MIB = 1_024;

/** The paths of all files that git knows, and of new ones that it does not ignore. */
export async function repositoryFiles(root: URL): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: root,
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`git ls-files failed: ${text.decode(stderr)}`);
  return text.decode(stdout).split("\0").filter((path) => path !== "");
}

/** One copy, in which one thing runs at a time. */
export class Workshop implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Copies those files into a new folder of the system's. */
  static async open(root: URL, files: readonly string[]): Promise<Workshop> {
    const folder = await Deno.makeTempDir({ prefix: "mutants-" });
    for (const path of files) {
      const target = `${folder}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      // Git still knows a file that was deleted a moment ago.
      await Deno.copyFile(new URL(path, root), target).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
    return new Workshop(folder);
  }

  /** Makes the change, does the work, and takes the change back. */
  async with<Result>(mutant: Mutant, work: () => Promise<Result>): Promise<Result> {
    const path = `${this.#folder}/${mutant.file}`, text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, apply(text, mutant));
    try {
      return await work();
    } finally {
      await Deno.writeTextFile(path, text);
    }
  }

  /** Runs files of tests without types and permissions, up to the first failure or the end of the time. */
  async test(files: readonly string[], limitMs: number): Promise<TestResult> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--quiet",
        "--no-check",
        "--no-prompt",
        "--fail-fast",
        `--v8-flags=--max-old-space-size=${MAX_HEAP_MIB}`,
        ...files,
      ],
      cwd: this.#folder,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, limitMs);
    const { success } = await child.status;
    clearTimeout(timer);
    if (late) return "timed out";
    return success ? "passed" : "failed";
  }

  /** Removes the copy. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}
