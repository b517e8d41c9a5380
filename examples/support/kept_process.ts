/**
 * Programs that end with this process, whatever becomes of it.
 *
 * @module
 */

/**
 * Runs a program until its own input ends, which happens whatever becomes of the
 * process at the other end. The signals of a terminal's keys, which go to all
 * processes at once, are left to that process. What does so is no child of it but of a
 * shell that waits, as Deno kills its children when it ends by an error, before
 * they can end theirs.
 */
const KEEPER = 'trap "" INT HUP TERM; exec 3<&0; ' +
  '("$@" 3<&- & read -r _ <&3; kill -KILL $!; wait) & exec 3<&-; wait';

/** A program that is ended at once by `[Symbol.asyncDispose]`, which waits until it is gone. */
export class KeptProcess implements AsyncDisposable {
  readonly #keeper: Deno.ChildProcess;

  /**
   * Starts it.
   *
   * @param command The program and its arguments.
   * @param stdout Whether its output is read.
   */
  constructor(command: readonly string[], stdout: "null" | "piped" = "null") {
    this.#keeper = new Deno.Command("sh", {
      args: ["-c", KEEPER, "keeper", ...command],
      stdin: "piped",
      stdout,
      stderr: "null",
    }).spawn();
  }

  /** What it prints; there if that was asked for. */
  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#keeper.stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper.stdin.close().catch(() => {});
    await this.#keeper.status;
  }
}
