/**
 * Ending processes of tests.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import process from "node:process";

/** Ends a process at once, and waits until it has ended; does nothing if it has, or there is none. */
export async function killChild(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // By its number: Deno lets a child be sent one signal only (2.9.6).
  process.kill(child.pid!, "SIGKILL");
  await ended;
}
