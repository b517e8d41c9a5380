/**
 * Processor time of processes.
 *
 * @module
 */

import { readFileSync } from "node:fs";

/** What `/proc` counts in: a hundredth of a second wherever Linux runs. */
const TICK_MS = 10;

/**
 * How much processor time a process has used so far, with all its threads and
 * the system's work for it, in milliseconds. A hundredth of a second is all
 * that it tells apart. `NaN` where there is no `/proc`.
 */
export function processCpuMs(pid: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return NaN;
  }
  // The second field is the name in brackets, which may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
