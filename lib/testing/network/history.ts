/**
 * What happened in a simulation: enough to compare two runs, and to read the
 * last steps before a failure.
 *
 * @module
 */

/** One thing that happened on the simulated network or to a node. */
export interface HistoryEntry {
  /** When, in virtual milliseconds since the simulation began. */
  readonly atMs: number;
  /** What: `dial`, `accept`, `refuse`, `data`, `end`, `reset`, `cut`, `crash`, `stall` and so on. */
  readonly kind: string;
  /** The host it came from or concerns; empty if none. */
  readonly from: string;
  /** The host it went to; empty if none. */
  readonly to: string;
  /** Bytes, a count, or a word on it. */
  readonly detail: number | string;
}

/** How many entries are kept for {@linkcode History.tail}. */
const KEPT_ENTRIES = 256;

/**
 * The log of a simulation. Keeps the last 256 entries and a digest over all of
 * them: two runs with equal digests went the same way.
 *
 * @example
 * ```ts
 * import { History } from "@internode/grid/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const first = new History(), second = new History();
 * for (const history of [first, second]) history.add(12.5, "cut", "memory://a", "memory://b");
 * assertEquals(first.digest, second.digest);
 * assertEquals(first.tail(1), ["12.500 ms  cut  memory://a > memory://b"]);
 * ```
 */
export class History {
  readonly #entries: HistoryEntry[] = [];
  readonly #listeners = new Set<(entry: HistoryEntry) => void>();
  #count = 0;
  #low = 0x811c_9dc5;
  #high = 0x9e37_79b9;

  /** How many entries there were. */
  get count(): number {
    return this.#count;
  }

  /** 16 hexadecimal digits that stand for everything so far. */
  get digest(): string {
    return hex(this.#high) + hex(this.#low);
  }

  /** Adds an entry. */
  add(atMs: number, kind: string, from = "", to = "", detail: number | string = ""): void {
    const entry: HistoryEntry = { atMs, kind, from, to, detail };
    this.#entries[this.#count++ % KEPT_ENTRIES] = entry;
    this.#mixNumber(atMs);
    this.#mixText(kind);
    this.#mixText(from);
    this.#mixText(to);
    if (typeof detail === "number") this.#mixNumber(detail);
    else this.#mixText(detail);
    for (const listener of this.#listeners) listener(entry);
  }

  /**
   * Calls back with each entry from now on.
   *
   * @returns Ends that.
   */
  subscribe(listener: (entry: HistoryEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The last entries as lines of text, the oldest first; at most 256. */
  tail(count: number): string[] {
    const lines: string[] = [];
    const kept = Math.min(count, this.#count, KEPT_ENTRIES);
    for (let at = this.#count - kept; at < this.#count; at++) {
      lines.push(describe(this.#entries[at % KEPT_ENTRIES]!));
    }
    return lines;
  }

  #mixNumber(value: number): void {
    // In ticks of virtual time a number is whole; its two halves make two words.
    const ticks = Math.round(value * 1024);
    this.#mix(ticks % 0x1_0000_0000 | 0);
    this.#mix((ticks / 0x1_0000_0000) | 0);
  }

  #mixText(text: string): void {
    for (let at = 0; at < text.length; at++) this.#mix(text.charCodeAt(at));
    this.#mix(-1 - text.length);
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x0100_0193);
    this.#high = Math.imul(this.#high ^ (word + (this.#low >>> 15)), 0x85eb_ca6b);
    this.#high ^= this.#high >>> 13;
  }
}

/** An entry as a line of text. */
function describe({ atMs, kind, from, to, detail }: HistoryEntry): string {
  const way = to === "" ? from : `${from} > ${to}`;
  const words = [`${atMs.toFixed(3)} ms`, kind, way, String(detail)];
  return words.filter((word) => word !== "").join("  ");
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
