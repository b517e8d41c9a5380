/**
 * Whether a long run leaves something behind.
 *
 * @module
 */

const MIB = 1024 * 1024;
/** The second half of a run may hold so much more than the first. */
const MAX_GROWTH_BYTES = 16 * MIB;
/** Fewer samples tell nothing. */
const MIN_SAMPLES = 6;

declare const gc: (() => void) | undefined;

/** Measures the heap at intervals, right after garbage was collected: with `--v8-flags=--expose-gc` alone. */
export class HeapWatch {
  /** What was held at each interval, in bytes: heap, and buffers outside of it. */
  readonly samples: number[] = [];

  /** Whether it can measure. */
  get isAble(): boolean {
    return typeof gc === "function";
  }

  /** Measures, if it can. */
  sample(): void {
    if (typeof gc !== "function") return;
    gc();
    // Buffers are freed in the background: the second time all of the first time's are gone.
    gc();
    const { heapUsed, external } = Deno.memoryUsage();
    this.samples.push(heapUsed + external);
  }

  /** Says what is wrong; `null` if nothing is, or nothing is known. */
  verdict(): string | null {
    const { samples } = this;
    if (samples.length < MIN_SAMPLES) return null;
    const half = samples.length >> 1;
    const first = Math.max(...samples.slice(0, half)), second = Math.max(...samples.slice(half));
    if (second - first <= MAX_GROWTH_BYTES) return null;
    return `what is held after collecting garbage grew from ${mib(first)} to ${mib(second)}`;
  }

  /** The last sample for people to read. */
  toString(): string {
    const last = this.samples.at(-1);
    return last === undefined ? "heap not measured" : `${mib(last)} held after collecting garbage`;
  }
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
