/**
 * A replica as an operating-system process.
 *
 * @module
 */

import { deadline } from "@std/async";
import { mergeReadableStreams, TextLineStream } from "@std/streams";
import { parseReport, type ReplicaConfig, type ReplicaReport } from "./reports.ts";

const SCRIPT = new URL("replica.ts", import.meta.url);

/** What a {@linkcode ReplicaProcess} tells. */
export interface ReplicaListener {
  /** It has reported something. */
  onReport(report: ReplicaReport): void;
  /** It has printed something else, such as a warning. */
  onText(line: string): void;
}

/** One life of a replica, which never outlasts ours. */
export class ReplicaProcess {
  /** Resolves when the process is gone and all it said was heard. */
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;

  /**
   * Starts it.
   *
   * @param config What it is told.
   * @param folder Where its files are: it may touch no others.
   * @param listener Hears what it says.
   */
  constructor(config: ReplicaConfig, folder: string, listener: ReplicaListener) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        `--allow-net=${netPermission(config).join(",")}`,
        `--allow-read=${folder}`,
        `--allow-write=${folder}`,
        SCRIPT.href,
        JSON.stringify(config),
      ],
      // It ends when this does: whoever holds the other end is gone then.
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const heard = this.#listen(listener);
    this.exited = this.#child.status.then(async (status) => {
      await heard;
      await this.#child.stdin.close().catch(() => {});
      return status;
    });
  }

  /**
   * Asks it to end, and waits until it is gone.
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
      throw new Error(`A replica did not end within ${limitMs} ms of SIGTERM, and was killed.`);
    }
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it is gone already
    }
  }

  async #listen(listener: ReplicaListener): Promise<void> {
    const lines = (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
      stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (
      const line of mergeReadableStreams(lines(this.#child.stdout), lines(this.#child.stderr))
    ) {
      const report = parseReport(line);
      if (report !== undefined) listener.onReport(report);
      else if (line !== "") listener.onText(line);
    }
  }
}

/** The addresses a replica has to reach, as for `--allow-net`. */
function netPermission({ listen, list }: ReplicaConfig): string[] {
  const [scheme, rest] = listen.split("://", 2);
  const own = scheme === "unix" ? `unix:${rest}` : "127.0.0.1";
  return [own, ...list.kind === "etcd" ? list.urls.map((url) => new URL(url).host) : []];
}
