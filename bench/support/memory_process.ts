/**
 * A process whose memory is measured.
 *
 * @module
 */

import process from "node:process";
import { commandHere } from "../../tools/processes/command_here.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";

/** How much a process holds. */
export interface Memory {
  /** The heap of its engine, in bytes. */
  readonly heapBytes: number;
  /** What its array buffers hold beside the heap, in bytes. */
  readonly bufferBytes: number;
  /** All that is resident, in bytes. */
  readonly residentBytes: number;
}

/** So many times in a row the figures must be about the same before they count. */
const QUIET_LOOKS = 3;
const MAX_LOOKS = 60;
const LOOK_EACH_MS = 20;
const QUIET_BYTES = 16 * 1024;

/** Collects until there is nothing left to collect; the process must run with `--expose-gc`. */
export async function settledMemory(): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("this process must run with --v8-flags=--expose-gc");
  let least = Infinity;
  for (let look = 0, quiet = 0; look < MAX_LOOKS && quiet < QUIET_LOOKS; look++) {
    // Buffers are given back, and promises settle, in turns of their own.
    await new Promise<void>((resolve) => setTimeout(resolve, LOOK_EACH_MS));
    gc();
    const { heapUsed, rss } = process.memoryUsage();
    quiet = heapUsed + rss > least - QUIET_BYTES ? quiet + 1 : 0;
    least = Math.min(least, heapUsed + rss);
  }
  return memory();
}

/** What this process holds now. */
export function memory(): Memory {
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, bufferBytes: external, residentBytes: rss };
}

/** Another process on this runtime, told by `answerCommands` what to do. */
export class MemoryProcess extends ToldProcess {
  /**
   * Starts a module as a process of its own.
   *
   * @param engine What its engine is given besides what measuring needs.
   */
  constructor(module: URL, args: readonly string[], engine: readonly string[] = []) {
    super([...commandHere(module, { engine: ["--expose-gc", ...engine] }), ...args]);
  }

  /** See {@linkcode ToldProcess.ask}; by itself the answer is what the process holds. */
  override ask<Answer = Memory>(
    command: string,
    argument?: unknown,
    withinMs?: number,
  ): Promise<Answer> {
    return super.ask<Answer>(command, argument, withinMs);
  }
}
