/**
 * A process of an example, which reports on its standard output.
 *
 * @module
 */

import { deadline } from "@std/async";
import { mergeReadableStreams, TextLineStream } from "@std/streams";

/** What a {@linkcode ReportingProcess} is made from. */
export interface ProcessOptions {
  /** The module that it runs. */
  readonly script: URL;
  /** Its permissions, such as `--allow-net=127.0.0.1`. */
  readonly permissions: readonly string[];
  /** Its one argument, as JSON. */
  readonly config: unknown;
}

/** What a process of an example says. */
export interface ProcessListener<Report> {
  /** It has reported something: a line of JSON that begins with `{"report":`. */
  onReport(report: Report): void;
  /** It has printed something else, such as a warning. */
  onText(line: string): void;
}

/** One life of a process, which never outlasts ours. */
export class ReportingProcess<Report> {
  /** Resolves when the process has ended and all its output was read. */
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;

  /** Starts it. */
  constructor(options: ProcessOptions, listener: ProcessListener<Report>) {
    const { script, permissions, config } = options;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...permissions, script.href, JSON.stringify(config)],
      // It ends when this does: whoever holds the other end is gone then.
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const read = this.#read(listener);
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

  async #read(listener: ProcessListener<Report>): Promise<void> {
    const lines = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
      stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (
      const line of mergeReadableStreams(lines(this.#child.stdout), lines(this.#child.stderr))
    ) {
      const report = parseReport<Report>(line);
      if (report !== undefined) listener.onReport(report);
      else if (line !== "") listener.onText(line);
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

/** Reports to whoever has started this process. */
export function report(what: { readonly report: string }): void {
  console.log(JSON.stringify(what));
}

/** A report; `undefined` for any other text, such as the half line of a killed process. */
function parseReport<Report>(line: string): Report | undefined {
  if (!line.startsWith('{"report":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
