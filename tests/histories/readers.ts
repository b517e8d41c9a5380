/**
 * Readers of streams that look closely.
 *
 * @module
 */

import type { SeededRandom } from "@internode/grid/testing";
import type { CallRecord, Direction, Ledger, ReaderKind } from "./ledger.ts";

/** A message of a stream, or a request. */
export interface Message {
  /** The call, or its place in its direction. */
  readonly at: number;
  readonly filler: Uint8Array;
}

/** So often a reader asks again after the end, whatever that was. */
const AFTER_THE_END = 3;
/** So many failures in a row end a reader that tries again. */
const TRIES = 3;

/** Reads one direction of a stream, in one of many ways, and tells the ledger. Never rejects. */
export class CarefulReader {
  readonly #ledger: Ledger;
  readonly #record: CallRecord;
  readonly #direction: Direction;
  readonly #which: string;
  readonly #pause: () => Promise<void> | null;

  /**
   * @param which What is read, for people.
   * @param pause Waits now and then.
   */
  constructor(
    ledger: Ledger,
    record: CallRecord,
    direction: Direction,
    which: string,
    pause: () => Promise<void> | null,
  ) {
    this.#ledger = ledger;
    this.#record = record;
    this.#direction = direction;
    this.#which = which;
    this.#pause = pause;
  }

  /** Reads to the end, whatever that is. */
  async read(
    iterator: AsyncIterableIterator<Message>,
    kind: ReaderKind,
    random: SeededRandom,
  ): Promise<void> {
    if (kind === "two") {
      await Promise.all([this.#next(iterator), this.#next(iterator)]);
    } else if (kind === "some") {
      const many = random.int(0, 3);
      let count = 0;
      try {
        if (many > 0) {
          for await (const message of iterator) {
            this.#onRead(message);
            if (++count === many) break;
            await this.#pause();
          }
        } else await iterator.return?.();
      } catch {
        // Whoever ends it early is told elsewhere.
      }
    } else await this.#next(iterator);
    // Nobody, however often he asks, may be told that this was all.
    for (let again = 0; again < AFTER_THE_END; again++) {
      await iterator.next().then(
        ({ done, value }) => done === true ? this.#onEnd() : this.#onRead(value),
        () => {},
      );
    }
  }

  /** Reads a `ReadableStream` to the end. */
  async readPipe(stream: ReadableStream<Message>): Promise<void> {
    try {
      for await (const message of stream) {
        this.#onRead(message);
        await this.#pause();
      }
    } catch {
      return;
    }
    this.#onEnd();
  }

  async #next(iterator: AsyncIterator<Message>): Promise<void> {
    for (let failures = 0; failures < TRIES;) {
      try {
        const { done, value } = await iterator.next();
        if (done === true) return this.#onEnd();
        this.#onRead(value);
        failures = 0;
        await this.#pause();
      } catch {
        failures++;
      }
    }
  }

  #onRead({ at }: Message): void {
    this.#ledger.onRead(this.#record, this.#direction, at, this.#which);
  }

  #onEnd(): void {
    this.#ledger.onCleanEnd(this.#record, this.#direction, `${this.#which}s`);
  }
}
