/**
 * The outputs that a log keeps.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import { GapError } from "./gap_error.ts";

/** Outputs with numbers that count up, of which the oldest are dropped. */
export class KeptOutputs<Value> {
  /** The log's name, a part of all positions. */
  readonly id: string;
  /** Whether no more come. */
  closed = false;
  /** The number of the next output. */
  next: number;
  /** How many bytes those that are kept take. */
  bytes = 0;
  readonly #maxItems: number;
  readonly #maxBytes: number;
  #kept: { readonly value: Value; readonly bytes: number }[] = [];
  /** How many at the front of `#kept` have been dropped. */
  #dropped = 0;

  /** Whether other logs have the same outputs, some of which may not have come here yet. */
  readonly #isShared: boolean;

  constructor(id: string, isShared: boolean, next: number, maxItems: number, maxBytes: number) {
    this.id = id;
    this.#isShared = isShared;
    this.next = next;
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
  }

  /** How many there are. */
  get length(): number {
    return this.#kept.length - this.#dropped;
  }

  /** The number of the oldest; of the next one if there is none. */
  get first(): number {
    return this.next - this.length;
  }

  /** Takes one more, and drops the oldest that are too much. */
  append(value: Value, bytes: number): void {
    this.#kept.push({ value, bytes });
    this.bytes += bytes;
    this.next++;
    while (this.length > this.#maxItems || this.bytes > this.#maxBytes) this.#drop();
  }

  /** What has a number, which must be kept. */
  at(number: number): Value {
    return this.#kept[this.#kept.length - (this.next - number)]!.value;
  }

  /** The position of a number. */
  positionOf(number: number): string {
    return `${this.id}:${number}`;
  }

  /**
   * The number of what follows a position.
   *
   * @throws {GapError} If it has been dropped, or the position is not of this log.
   * @throws {InternodeError} `InvalidArgument` if that is no position at all.
   */
  numberAfter(from: string): number {
    const colon = from.lastIndexOf(":"), number = Number(from.slice(colon + 1));
    if (colon < 1 || !Number.isSafeInteger(number) || number < 0) {
      throw invalidArgument(`${shown(from)} is no position of a log.`);
    }
    if (from.slice(0, colon) !== this.id) {
      throw new GapError(
        `Position ${shown(from)} is of another log than this one, ${shown(this.id)}: ` +
          "its process may have been started anew.",
        { after: from },
      );
    }
    if (number + 1 < this.first) throw this.tooOld(number);
    if (number < this.next || this.#isShared) return number + 1;
    const last = this.positionOf(this.next - 1);
    throw new GapError(`Position ${shown(from)} is behind the end of the log, ${shown(last)}.`, {
      after: from,
    });
  }

  /** The error for a position behind which outputs have been dropped. */
  tooOld(number: number): GapError {
    const from = this.positionOf(number), first = this.positionOf(this.first);
    return new GapError(
      `Position ${shown(from)} is too old: the log begins at ${shown(first)} now.`,
      { after: from },
    );
  }

  #drop(): void {
    this.bytes -= this.#kept[this.#dropped]!.bytes;
    this.#kept[this.#dropped++] = GONE;
    // The front is cut off now and then, not each time.
    if (this.#dropped < 32 || this.#dropped < this.#kept.length / 2) return;
    this.#kept = this.#kept.slice(this.#dropped);
    this.#dropped = 0;
  }
}

/** Stands where an output was. */
// deno-lint-ignore no-explicit-any -- nobody reads it
const GONE: { readonly value: any; readonly bytes: number } = { value: undefined, bytes: 0 };
