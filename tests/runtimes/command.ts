/**
 * Processes as `Deno.Command` has them, on Node and Bun.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { Readable, Writable } from "node:stream";

type Way = "piped" | "inherit" | "null";

interface Options {
  args?: readonly string[];
  cwd?: string;
  env?: Record<string, string>;
  stdin?: Way;
  stdout?: Way;
  stderr?: Way;
}

interface Status {
  success: boolean;
  code: number;
  signal: string | null;
}

const WAYS = { piped: "pipe", inherit: "inherit", null: "ignore" } as const;

/** A program that can be started. */
export class Command {
  readonly #program: string;
  readonly #options: Options;

  constructor(program: string, options: Options = {}) {
    this.#program = program;
    this.#options = options;
  }

  /** Starts it. */
  spawn(): unknown {
    const { child, status } = this.#start("inherit");
    return {
      pid: child.pid,
      status,
      stdin: child.stdin && Writable.toWeb(child.stdin),
      stdout: child.stdout && Readable.toWeb(child.stdout),
      stderr: child.stderr && Readable.toWeb(child.stderr),
      kill(signal: NodeJS.Signals = "SIGTERM"): void {
        // As Deno says that it has ended.
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new TypeError("it has ended");
        }
        process.kill(child.pid!, signal);
      },
    };
  }

  /** Runs it to its end. */
  async output(): Promise<unknown> {
    const { child, status } = this.#start("piped");
    const [ended, stdout, stderr] = await Promise.all([
      status,
      bytesOf(child.stdout),
      bytesOf(child.stderr),
    ]);
    return { ...ended, stdout, stderr };
  }

  #start(unsaid: Way): { child: ChildProcess; status: Promise<Status> } {
    const { args = [], cwd, env = {}, stdin = unsaid === "piped" ? "null" : unsaid } =
      this.#options;
    const { stdout = unsaid, stderr = unsaid } = this.#options;
    const child = spawn(this.#program, args, {
      ...(cwd !== undefined && { cwd }),
      env: { ...process.env, ...env },
      stdio: [WAYS[stdin], WAYS[stdout], WAYS[stderr]],
    });
    const status = new Promise<Status>((resolve, reject) => {
      child.once("error", reject);
      child.once(
        "exit",
        (code, signal) => resolve({ success: code === 0, code: code ?? 128, signal }),
      );
    });
    return { child, status };
  }
}

async function bytesOf(stream: Readable | null): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  if (stream !== null) { for await (const part of stream) parts.push(part as Uint8Array); }
  return Buffer.concat(parts);
}
