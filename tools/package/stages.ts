/**
 * Steps of a check, each a program with a time limit.
 *
 * @module
 */

/** A step that failed: those that need what it makes are left out. */
export class StageError extends Error {
  override readonly name = "StageError";
}

/** One program to run. */
export interface Stage {
  /** What it shows if it succeeds. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Where it runs. */
  readonly cwd: string;
  /** What it is given for itself and what it starts; then all are killed. Default: 60. */
  readonly seconds?: number;
  /** What it is to print. Default: anything. */
  readonly prints?: RegExp;
}

/** Runs steps one after the other and prints how each went. */
export class Stages {
  /** The names of those that failed. */
  readonly failed: string[] = [];

  /**
   * Runs a step.
   *
   * @returns What it printed. Rejects with a {@linkcode StageError} if it failed or took too long.
   */
  async run({ name, command, cwd, seconds = 60, prints = /(?:)/ }: Stage): Promise<string> {
    const startMs = performance.now();
    // It kills what the program has started as well, which would otherwise hold the output open.
    const { code, stdout, stderr } = await new Deno.Command("timeout", {
      args: ["--kill-after=5", `${seconds}`, ...command],
      cwd,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const took = `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
    const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    if (code === 0 && prints.test(out!)) {
      console.log(`ok ${name} (${took})`);
      return out!;
    }
    this.failed.push(name);
    const late = code === 124 || code === 137;
    const why = late ? `longer than ${seconds} s` : `status ${code}, printed`;
    console.log(`FAILED ${name} (${took}, ${why}): ${command.join(" ")}\n${out}${errors}`);
    throw new StageError(name);
  }

  /** Runs steps that need each other; the first that fails ends them, and nothing else. */
  async group(steps: () => Promise<void>): Promise<void> {
    try {
      await steps();
    } catch (error) {
      if (!(error instanceof StageError)) throw error;
    }
  }
}
