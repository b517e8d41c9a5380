/**
 * Processor time of processes.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";

/** What `/proc` counts in: a hundredth of a second wherever Linux runs. */
const TICK_MS = 10;

/**
 * How much processor time a process has used so far, with all its threads and
 * the system's work for it, in milliseconds. A hundredth of a second is all
 * that it tells apart. `NaN` where there is no `/proc`.
 */
export function processCpuMs(pid: number): number {
  return ticksMs(pid, 11);
}

/** The same of all children of this process that have ended, together. */
export function childrenCpuMs(): number {
  return ticksMs("self", 13);
}

/** A time of the system's account of a process: in user code, and in the field behind it in the system. */
function ticksMs(of: number | "self", field: number): number {
  let text: string;
  try {
    text = readFileSync(`/proc/${of}/stat`, "utf8");
  } catch {
    return NaN;
  }
  // The second field is the name in brackets, which may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[field]) + Number(fields[field + 1])) * TICK_MS;
}

/** Processor time, in microseconds. */
export interface Cpu {
  /** In its own code and the runtime's. */
  readonly userUs: number;
  /** In the system, for it. */
  readonly systemUs: number;
}

/** What this process has used of the processor so far, with all its threads. */
export function ownCpu(): Cpu {
  const { user, system } = process.cpuUsage();
  return { userUs: user, systemUs: system };
}

/** How much more that is. */
export function cpuSince(before: Cpu, now: Cpu = ownCpu()): Cpu {
  return { userUs: now.userUs - before.userUs, systemUs: now.systemUs - before.systemUs };
}

/** Both together. */
export function ownCpuUs(): number {
  const { userUs, systemUs } = ownCpu();
  return userUs + systemUs;
}
