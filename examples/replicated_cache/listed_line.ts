/**
 * A line in a file that several processes edit.
 *
 * @module
 */

/** A line that stands in a file until it is disposed of, or for good if its process is killed. */
export class ListedLine implements AsyncDisposable {
  readonly #path: string;
  readonly #line: string;

  private constructor(path: string, line: string) {
    this.#path = path;
    this.#line = line;
  }

  /** Adds a line to a file, which need not exist. */
  static async write(path: string, line: string): Promise<ListedLine> {
    await edit(path, (lines) => lines.add(line));
    return new ListedLine(path, line);
  }

  /** Takes the line out. */
  async [Symbol.asyncDispose](): Promise<void> {
    await edit(this.#path, (lines) => lines.delete(this.#line));
  }
}

/** One process at a time edits the file, and whoever reads it sees it as it was before or after. */
async function edit(path: string, change: (lines: Set<string>) => void): Promise<void> {
  using lock = await Deno.open(`${path}.lock`, { create: true, write: true });
  await lock.lock(true);
  const lines = new Set((await readText(path)).split("\n").filter((line) => line !== ""));
  change(lines);
  await Deno.writeTextFile(`${path}.new`, [...lines].map((line) => `${line}\n`).join(""));
  await Deno.rename(`${path}.new`, path);
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
