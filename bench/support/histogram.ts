/**
 * Counts times so that the rarest of millions can be told, in little memory.
 *
 * @module
 */

/** There are two to the power of this many cells for each power of two. */
const CELL_BITS = 7;
/** What is told apart at least: a tenth of a microsecond. */
const TICKS_PER_US = 10;
/** The longest time, in ticks: seven minutes; what is longer counts as that. */
const MOST_TICKS = 0xffff_ffff;

/** A histogram as JSON can say it: places of cells with the count of each, and the exact ends. */
export interface HistogramCells {
  /** Place, count, place, count and so on. */
  readonly cells: readonly number[];
  /** The longest time, in microseconds. */
  readonly maxUs: number;
}

/**
 * How often which time was seen, in cells whose width grows with the time: up
 * to 25.6 µs a tenth of a microsecond, beyond that less than 1 % of the time.
 * What it tells is never less than what was seen.
 */
export class Histogram {
  readonly #counts: Float64Array<ArrayBuffer> = new Float64Array(
    placeOf(MOST_TICKS) + 1,
  );
  #count = 0;
  #maxUs = 0;

  /** How many times were counted. */
  get count(): number {
    return this.#count;
  }

  /** The longest of them, in microseconds; 0 of none. */
  get maxUs(): number {
    return this.#maxUs;
  }

  /** Forgets all times. */
  clear(): void {
    this.#counts.fill(0);
    this.#count = this.#maxUs = 0;
  }

  /** Counts a time; one below 0, of a clock that two threads see, is 0. */
  record(us: number): void {
    const ticks = Math.min(MOST_TICKS, Math.max(0, Math.ceil(us * TICKS_PER_US)));
    this.#counts[placeOf(ticks)]!++;
    this.#count++;
    if (us > this.#maxUs) this.#maxUs = us;
  }

  /**
   * The time that this part of all did not exceed, in microseconds: at least
   * the exact one, and less than 1 % more. 0 of none.
   *
   * @param part From 0 to 1.
   */
  quantileUs(part: number): number {
    const wanted = Math.max(1, Math.ceil(this.#count * part));
    let seen = 0;
    for (let place = 0; place < this.#counts.length; place++) {
      seen += this.#counts[place]!;
      if (seen >= wanted) return Math.min(this.#maxUs, mostOf(place) / TICKS_PER_US);
    }
    return this.#maxUs;
  }

  /** Counts all that another one has counted. */
  add({ cells, maxUs }: HistogramCells): void {
    for (let at = 0; at + 1 < cells.length; at += 2) {
      this.#counts[cells[at]!]! += cells[at + 1]!;
      this.#count += cells[at + 1]!;
    }
    this.#maxUs = Math.max(this.#maxUs, maxUs);
  }

  /** What another process can add to its own. */
  toJSON(): HistogramCells {
    const cells: number[] = [];
    this.#counts.forEach((count, place) => count > 0 && cells.push(place, count));
    return { cells, maxUs: this.#maxUs };
  }
}

/** The cell of a time: exact below 256 ticks, then 128 cells for each power of two. */
function placeOf(ticks: number): number {
  const shift = Math.max(0, 31 - CELL_BITS - Math.clz32(ticks));
  return (shift << CELL_BITS) + (ticks >>> shift);
}

/** The longest time of a cell. */
function mostOf(place: number): number {
  const shift = Math.max(0, (place >>> CELL_BITS) - 1);
  return (place - (shift << CELL_BITS) + 1) * 2 ** shift - 1;
}
