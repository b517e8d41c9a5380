/**
 * One of the streams that become one.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { tell } from "../../foreign/guard.ts";
import { shown } from "../../foreign/text_of.ts";
import { follow, thenOf, unpromised } from "../../foreign/thenable.ts";
import type { MergePlan, OrderKey } from "./merge_options.ts";

/** Where a stream stands: nothing was asked of it, its next output is waited for, that is there, or it has ended or failed. */
export type SourceState = "idle" | "reading" | "ready" | "ended" | "failed";

/** Reads one stream, one output ahead. */
export class MergeSource<Output> {
  readonly host: string;
  state: SourceState = "idle";
  /** The output that is there. */
  value: Output | undefined;
  /** Its key. */
  key: OrderKey | undefined;
  /** What it has failed with. */
  error: unknown;
  readonly #plan: MergePlan<Output>;
  readonly #onChange: (source: MergeSource<Output>) => void;
  #iterator: AsyncIterator<Output> | null = null;

  /**
   * @param open Opens the stream.
   * @param onChange Is told when an output or the end is there.
   */
  constructor(
    host: string,
    plan: MergePlan<Output>,
    open: () => AsyncIterable<Output>,
    onChange: (source: MergeSource<Output>) => void,
  ) {
    this.host = host;
    this.#plan = plan;
    this.#onChange = onChange;
    try {
      const stream = unpromised(open(), "The function given to mergeStreams");
      this.#iterator = stream[Symbol.asyncIterator]();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Reads the next output. */
  read(): void {
    this.state = "reading";
    let result: unknown;
    try {
      result = this.#iterator!.next();
    } catch (thrown) {
      return this.#onFailure(thrown);
    }
    const then = thenOf(result);
    if (then === null) return this.#onResult(result as IteratorResult<Output>);
    follow<IteratorResult<Output>>(
      result,
      then,
      (result) => this.#onResult(result),
      (thrown) => this.#onFailure(thrown),
    );
  }

  /** Takes the output that is there. */
  take(): Output {
    const value = this.value!;
    this.value = undefined;
    this.state = "idle";
    return value;
  }

  /** Nothing more is read. */
  leave(): void {
    if (this.state === "ended" || this.state === "failed") return;
    this.state = "ended";
    const iterator = this.#iterator;
    tell(() => iterator?.return?.(), ignore);
  }

  #onResult(result: IteratorResult<Output>): void {
    if (this.state !== "reading") return;
    try {
      if (result.done === true) {
        this.state = "ended";
      } else {
        this.value = result.value;
        const { orderBy } = this.#plan;
        if (orderBy !== null) {
          this.#order(unpromised(orderBy.call(undefined, result.value), "Option orderBy"));
        }
        this.state = "ready";
      }
    } catch (thrown) {
      this.leave();
      this.#fail(thrown);
    }
    this.#onChange(this);
  }

  #order(key: OrderKey): void {
    const before = this.key, { descending } = this.#plan;
    const isKey = typeof key === "string" || typeof key === "bigint" ||
      typeof key === "number" && !Number.isNaN(key);
    if (!isKey) throw disorder(this.host, `its key is ${shown(key)}`);
    if (before !== undefined) {
      if (typeof before !== typeof key) {
        throw disorder(this.host, `${shown(key)} is no ${typeof before}`);
      }
      if (descending ? key > before : key < before) {
        throw disorder(this.host, `${shown(key)} came behind ${shown(before)}`);
      }
    }
    this.key = key;
  }

  #onFailure(thrown: unknown): void {
    if (this.state !== "reading") return;
    this.#fail(thrown);
    this.#onChange(this);
  }

  #fail(thrown: unknown): void {
    this.state = "failed";
    this.error = thrown ?? new Error(`The stream of ${this.host} has failed without a reason`);
  }
}

function disorder(host: string, why: string): InternodeError {
  return new InternodeError(
    "InvalidPayload",
    `An output of ${host} has no place in the order: ${why}. Each stream must give its outputs in the order of orderBy.`,
    { origin: "remote", outcome: "executed", host },
  );
}

function ignore(): void {}
