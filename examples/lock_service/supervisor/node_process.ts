/**
 * A node as an operating-system process.
 *
 * @module
 */

import type { Command } from "../../../tools/runtimes/launcher.ts";
import { readReports, type ReportListener } from "../../support/report_lines.ts";
import type { NodeCommand, NodeConfig, NodeReport } from "../node/reports.ts";

/**
 * Waits for its input and thaws the process of which it is given the id. A
 * frozen node cannot notice that its supervisor has died, but this does, as
 * its input ends then.
 */
const THAWER = 'echo ready; read -r _; kill -CONT "$1"';

/** One life of a node: from its start to its end, which never outlasts ours. */
export class NodeProcess {
  readonly config: NodeConfig;
  /** Resolves when the process is gone and all it said was heard. */
  readonly exited: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #thawer: Deno.ChildProcess | undefined;

  /**
   * Starts the node.
   *
   * @param config What the node is told first.
   * @param listener Hears what the node says.
   * @param command The program that is a node, and its arguments.
   */
  constructor(
    config: NodeConfig,
    listener: ReportListener<NodeReport>,
    [program, ...args]: Command,
  ) {
    this.config = config;
    this.#child = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    const read = readReports(this.#child, listener);
    this.exited = this.#child.status.then(async (status) => {
      await read;
      await this.#input.close().catch(() => {});
      return status;
    });
    this.#say(JSON.stringify(config));
  }

  /** The id of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Tells the node what to do next. */
  send(command: NodeCommand): void {
    this.#say(command);
  }

  /** Ends the process at once, frozen or not, and waits until it is gone. */
  async kill(): Promise<void> {
    const thawer = this.#thawer;
    this.#thawer = undefined;
    if (thawer !== undefined) {
      // It must not thaw whatever gets this process id next.
      endNow(thawer);
      await thawer.status;
      await thawer.stdin.close().catch(() => {});
    }
    endNow(this.#child);
    await this.exited;
  }

  /** Stops the process in its tracks, once there is somebody who would thaw it. */
  async freeze(): Promise<void> {
    const thawer = new Deno.Command("sh", {
      args: ["-c", THAWER, "thawer", String(this.pid)],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#thawer = thawer;
    const reader = thawer.stdout.getReader();
    await reader.read();
    await reader.cancel();
    // It may have been killed meanwhile.
    if (this.#thawer === thawer) this.#child.kill("SIGSTOP");
  }

  /** Lets the process go on. */
  async thaw(): Promise<void> {
    const thawer = this.#thawer;
    this.#thawer = undefined;
    await thawer?.stdin.close().catch(() => {});
    await thawer?.status;
  }

  #say(line: string): void {
    // A node that is gone does not listen; `exited` tells.
    this.#input.write(new TextEncoder().encode(line + "\n")).catch(() => {});
  }
}

function endNow(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it is gone already
  }
}
