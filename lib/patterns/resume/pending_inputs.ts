/**
 * Inputs that are not acknowledged yet.
 *
 * @module
 */

/** One of them. */
interface PendingInput<Input, Position> {
  readonly input: Input;
  readonly position: Position;
  /** Whoever waits for room; `null`: it has room. */
  kept: PromiseWithResolvers<void> | null;
  /** Whoever waits for the acknowledgement. */
  done: PromiseWithResolvers<void> | null;
}

/** Inputs in order, from the oldest that is not acknowledged on. */
export class PendingInputs<Input, Position> {
  readonly #maxKept: number;
  readonly #inputs: PendingInput<Input, Position>[] = [];
  /** How many of them the present attempt has sent. */
  #sent = 0;
  #waiting: (() => void) | null = null;

  /** @param maxKept How many have room. Those behind them wait, and are not sent. */
  constructor(maxKept: number) {
    this.#maxKept = maxKept;
  }

  /** How many there are. */
  get length(): number {
    return this.#inputs.length;
  }

  /** Adds one; resolves when there is room for it. */
  add(input: Input, position: Position): Promise<void> {
    const hasRoom = this.#inputs.length < this.#maxKept;
    const kept = hasRoom ? null : Promise.withResolvers<void>();
    this.#inputs.push({ input, position, kept, done: null });
    this.wake();
    return kept === null ? Promise.resolve() : kept.promise;
  }

  /** The next one to be sent; `null`: none yet. */
  next(): { readonly input: Input } | null {
    if (this.#sent >= Math.min(this.#inputs.length, this.#maxKept)) return null;
    return this.#inputs[this.#sent++]!;
  }

  /** Resolves at the next change. Only one may wait. */
  more(): Promise<void> {
    return new Promise((resolve) => this.#waiting = resolve);
  }

  /** Something has changed. */
  wake(): void {
    this.#waiting?.();
    this.#waiting = null;
  }

  /** All are to be sent again. */
  rewind(): void {
    this.#sent = 0;
  }

  /**
   * Those up to the last that is covered are acknowledged.
   *
   * @returns Whether there were any.
   */
  acknowledge(isCovered: (position: Position) => boolean): boolean {
    let count = this.#inputs.length;
    while (count > 0 && !isCovered(this.#inputs[count - 1]!.position)) count--;
    if (count === 0) return false;
    for (const { kept, done } of this.#inputs.splice(0, count)) {
      kept?.resolve();
      done?.resolve();
    }
    this.#sent = Math.max(0, this.#sent - count);
    const roomFor = Math.min(this.#maxKept, this.#inputs.length);
    for (let at = Math.max(0, this.#maxKept - count); at < roomFor; at++) {
      this.#inputs[at]!.kept?.resolve();
      this.#inputs[at]!.kept = null;
    }
    this.wake();
    return true;
  }

  /** Resolves when all that there are now are acknowledged. */
  flushed(): Promise<void> {
    const last = this.#inputs.at(-1);
    if (last === undefined) return Promise.resolve();
    return (last.done ??= Promise.withResolvers()).promise;
  }

  /** None will be acknowledged any more. */
  giveUp(error: unknown): void {
    for (const { kept, done } of this.#inputs.splice(0)) {
      kept?.reject(error);
      done?.reject(error);
    }
    this.wake();
  }
}
