/**
 * The processes of the nodes.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { deadline } from "@std/async";
import { KeptProcess } from "../../support/kept_process.ts";
import type { Ring } from "../contracts.ts";

const SCRIPT = new URL("../node.ts", import.meta.url);
/** So long a node may take until it is ready. */
const START_LIMIT_MS = 30_000;

/** A process that runs. */
interface Running {
  readonly kept: KeptProcess;
  readonly pid: number;
}

/** Starts nodes, kills and freezes them. */
export class Processes implements AsyncDisposable {
  /** What nobody intended, each a sentence. */
  readonly troubles: string[] = [];
  readonly #hosts: readonly string[];
  readonly #ring: Ring;
  readonly #folder: string;
  readonly #running = new Map<string, Running>();

  /**
   * @param hosts All that belong to the grid.
   * @param ring Which of them keep the keys at first.
   * @param folder Where each node has its file.
   */
  constructor(hosts: readonly string[], ring: Ring, folder: string) {
    this.#hosts = hosts;
    this.#ring = ring;
    this.#folder = folder;
  }

  /** Starts a node; resolves when it is ready. */
  async start(host: string): Promise<void> {
    const file = `${this.#folder}/${new URL(host).port}.log`;
    const config = { local: host, hosts: this.#hosts, ring: this.#ring, file };
    const permissions = [
      "--allow-net=127.0.0.1",
      `--allow-read=${this.#folder}`,
      `--allow-write=${this.#folder}`,
    ];
    const command = [Deno.execPath(), "run", "--quiet", "--no-prompt", ...permissions];
    const kept = new KeptProcess([...command, SCRIPT.href, JSON.stringify(config)], "piped");
    const lines = kept.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())[Symbol.asyncIterator]();
    const first = await deadline(lines.next(), START_LIMIT_MS);
    if (first.done === true) throw new Error(`${host} did not start.`);
    const running: Running = { kept, pid: Number(first.value) };
    this.#running.set(host, running);
    lines.next().then(() => {
      if (this.#running.get(host) === running) this.troubles.push(`${host} has ended by itself.`);
    });
  }

  /** Ends a node at once, frozen or not. */
  async kill(host: string): Promise<void> {
    const running = this.#running.get(host);
    this.#running.delete(host);
    await running?.kept[Symbol.asyncDispose]();
  }

  /** Stops a node in its tracks. */
  freeze(host: string): void {
    Deno.kill(this.#running.get(host)!.pid, "SIGSTOP");
  }

  /** Lets it go on. */
  thaw(host: string): void {
    Deno.kill(this.#running.get(host)!.pid, "SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((host) => this.kill(host)));
  }
}
