/**
 * Running an example in processes of its own, whose files and processes are told by a folder.
 *
 * @module
 */

import { mergeReadableStreams, TextLineStream } from "@std/streams";
import { assertEquals } from "@std/assert";

/** An example to be run. */
export interface Program {
  /** What to run. */
  readonly main: URL;
  /** What stands in its environment, beside where temporary files go. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it with temporary files in a folder of its own. */
export function startProgram(
  { main, env }: Program,
  folder: string,
  ...args: readonly string[]
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", main.href, ...args],
    env: { TMPDIR: folder, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Gives an example a folder, in which it must leave nothing. */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), [], "files were left behind");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The processes that have the folder's name among their arguments, as all that an example starts do. */
export function processesOf(folder: string): string[] {
  if (Deno.build.os !== "linux") return [];
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const args = Deno.readTextFileSync(`/proc/${name}/cmdline`).replaceAll("\0", " ");
      return args.includes(folder) ? [args] : [];
    } catch {
      return []; // it ended just now
    }
  });
}

/**
 * Lets an example run until it says a word, and ends it by a signal then.
 *
 * @returns Its exit code, and how many processes it had started.
 */
export async function endProgram(
  program: Deno.ChildProcess,
  folder: string,
  word: string,
  signal: Deno.Signal,
): Promise<{ readonly code: number; readonly processes: number }> {
  const output = mergeReadableStreams(program.stdout, program.stderr)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  let processes = 0;
  for await (const line of output) {
    if (processes > 0 || !line.includes(word)) continue;
    processes = processesOf(folder).length;
    program.kill(signal);
  }
  return { code: (await program.status).code, processes };
}
