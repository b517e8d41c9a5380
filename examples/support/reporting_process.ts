/**
 * A process of an example, which reports on its standard output.
 *
 * @module
 */

import { deadline } from "@std/async";
import { readReports, type ReportListener } from "./report_lines.ts";

/** What a {@linkcode ReportingProcess} is made from. */
export interface ProcessOptions {
  /** The module that it runs. */
  readonly script: URL;
  /** Its permissions, such as `--allow-net=127.0.0.1`. */
  readonly permissions: readonly string[];
  /** Its one argument, as JSON. */
  readonly config: unknown;
}

/** One life of a process, which never outlasts ours. */
export class ReportingProcess<Report> {
  /** Resolves when the process has ended and all its output was read. */
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;

  /** Starts it. */
  constructor(options: ProcessOptions, listener: ReportListener<Report>) {
    const { script, permissions, config } = options;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...permissions, script.href, JSON.stringify(config)],
      // It ends when this does: whoever holds the other end is gone then.
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const read = readReports(this.#child, listener);
    this.exited = this.#child.status.then(async (status) => {
      await read;
      await this.#child.stdin.close().catch(() => {});
      return status;
    });
  }

  /**
   * Asks it to end, and waits until it has.
   *
   * @param limitMs So long that may take; then it is killed, which is an error.
   */
  async stop(limitMs: number): Promise<void> {
    this.#signal("SIGTERM");
    try {
      await deadline(this.exited, limitMs);
    } catch {
      this.#signal("SIGKILL");
      await this.exited;
      throw new Error(`A process did not end within ${limitMs} ms of SIGTERM, and was killed.`);
    }
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  }
}

/** Resolves when somebody wants this process to end, or who started it is gone, which ends its input. */
export function untilAskedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    Deno.addSignalListener("SIGTERM", resolve);
    // What a terminal sends to all processes at once; whoever started this one will say when.
    Deno.addSignalListener("SIGINT", () => {});
    Deno.stdin.readable.pipeTo(new WritableStream()).then(resolve, () => resolve());
  });
}
