/**
 * Programs that run on this runtime, in processes of their own.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { commandHere } from "../../tools/processes/command_here.ts";

/** What has become of one. */
export interface Ended {
  /** Its exit status; `null` if it was killed. */
  readonly code: number | null;
  /** What it has printed. */
  readonly out: string;
  /** What it has complained of. */
  readonly err: string;
}

/**
 * Runs a program to its end.
 *
 * @param module Its module.
 * @param flags What Deno is told, such as permissions.
 * @param args What the program is told.
 */
export function runProgram(
  module: URL,
  flags: readonly string[],
  args: readonly string[] = [],
): Promise<Ended> {
  const [program, ...start] = commandHere(module, { deno: ["--no-prompt", ...flags] });
  const child = spawn(program, [...start, ...args], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "", err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (err += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}
