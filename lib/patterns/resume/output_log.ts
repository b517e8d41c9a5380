/**
 * The last outputs of a stream, for readers that come back.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import { hexOf } from "../../foreign/hex.ts";
import { func, invalidOption, optionsOf, text, wholeNumber } from "../../foreign/option_checks.ts";
import { counted, shown } from "../../foreign/text_of.ts";
import { unpromised } from "../../foreign/thenable.ts";
import type { Random } from "../../runtime/clock.ts";
import { randomOf } from "../../runtime/given_clock.ts";
import { KeptOutputs } from "./kept_outputs.ts";
import { LogReader } from "./log_reader.ts";
import type { LoggedOutput } from "./logged_output.ts";

/** How much an {@linkcode OutputLog} keeps. */
export interface OutputLogOptions<Value> {
  /** How many outputs at most. Default: 1,024. */
  readonly maxItems?: number | undefined;
  /** How many bytes at most, as `size` counts them. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** How many bytes an output takes. Default, for `Uint8Array`s: their length; others need it where `maxBytes` is given. */
  readonly size?: ((value: Value) => number) | undefined;
  /**
   * What the log is called: a part of its positions. Logs of one `id` must have the
   * same outputs at the same places, such as those of replicas, or of one process
   * and the next, with `first`; a reader waits for a replica that has not come as
   * far as the reader. Default: a random one, so that a reader that comes back to
   * another log, or to that of a new process, gets a `GapError`.
   */
  readonly id?: string | undefined;
  /** The number of the first output that will be appended, for a log that goes on where another one of its `id` ended. Default: 1. */
  readonly first?: number | undefined;
  /** Where the `id` comes from; for simulations. Default: the system's random numbers. */
  readonly random?: Random | undefined;
}

/** What a reader of a log may be given: a handler's context is such a thing. */
export interface LogReadOptions {
  /** Ends the reading with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Keeps the last outputs of a stream, so that readers can go on behind the
 * position that they have read. A reader costs no more than its place in the log,
 * however slow it is; one that falls behind what is kept gets a `GapError`.
 *
 * @typeParam Value What is appended.
 */
export class OutputLog<Value> {
  readonly #kept: KeptOutputs<Value>;
  readonly #maxBytes: number;
  readonly #size: ((value: Value) => number) | undefined;
  readonly #readers = new Set<LogReader<Value>>();

  /** Made by {@linkcode outputLog}. */
  constructor(options: OutputLogOptions<Value>) {
    const { maxItems = 1_024, maxBytes, size, id, first = 1, random } = options;
    wholeNumber("maxItems", maxItems, 1, MAX_ITEMS);
    this.#maxBytes = maxBytes === undefined ? Infinity : wholeNumber("maxBytes", maxBytes, 1);
    this.#size = size === undefined ? undefined : func("size", size);
    wholeNumber("first", first, 1, Number.MAX_SAFE_INTEGER);
    const name = id === undefined ? hexOf(randomOf(random).bytes(ID_BYTES)) : text("id", id);
    if (name === "" || name.length > MAX_ID_LENGTH) {
      throw invalidOption("id", `must have 1 to ${MAX_ID_LENGTH} characters, not ${shown(name)}`);
    }
    this.#kept = new KeptOutputs(name, id !== undefined, first, maxItems, this.#maxBytes);
  }

  /** What it is called: a part of its positions. */
  get id(): string {
    return this.#kept.id;
  }

  /** The position of the last output. Give it with a snapshot, so that its reader can go on from there. */
  get position(): string {
    return this.#kept.positionOf(this.#kept.next - 1);
  }

  /** How many outputs are kept. */
  get length(): number {
    return this.#kept.length;
  }

  /** How many bytes they take, as `size` counts them; 0 without `maxBytes`. */
  get bytes(): number {
    return this.#kept.bytes;
  }

  /** How many readers there are. */
  get readers(): number {
    return this.#readers.size;
  }

  /**
   * Appends an output, and gives it to the readers that wait.
   *
   * @param value The output. It is kept as it is, so it must not be changed afterwards.
   * @returns Its position.
   * @throws {InternodeError} `Closed` after `close`; `InvalidArgument` if it is larger than `maxBytes`, or has no size.
   */
  append(value: Value): string {
    if (this.#kept.closed) {
      throw new InternodeError("Closed", "The log is closed and takes no outputs.", {
        origin: "caller",
      });
    }
    this.#kept.append(value, this.#maxBytes === Infinity ? 0 : this.#sizeOf(value));
    const { position } = this;
    for (const reader of [...this.#readers]) reader.wake();
    return position;
  }

  /**
   * Reads what follows a position, then what is appended, for as long as the
   * log is open.
   *
   * @param from The position behind which to begin. Default: the oldest output that is kept comes first.
   * @param options What ends it: the context of the handler that reads.
   * @returns An iterator; it must be read to its end or left.
   * @throws {GapError} If what follows has been dropped, or the position is not of this log.
   * @throws {InternodeError} `InvalidArgument` if that is no position at all.
   */
  read(
    from?: string | undefined,
    options: LogReadOptions = {},
  ): AsyncIterableIterator<LoggedOutput<Value>, undefined> {
    const { signal } = optionsOf("read", options);
    const next = from === undefined ? this.#kept.first : this.#kept.numberAfter(text("from", from));
    return new LogReader<Value>(this.#kept, next, signal, this.#readers);
  }

  /** Takes no more outputs. Readers come to a clean end behind the last one. */
  close(): void {
    this.#kept.closed = true;
    for (const reader of [...this.#readers]) reader.wake();
  }

  #sizeOf(value: Value): number {
    const size = this.#size;
    if (size === undefined && !(value instanceof Uint8Array)) {
      throw invalidArgument("Option maxBytes needs option size for values that are no Uint8Array.");
    }
    const bytes = size === undefined
      ? (value as Uint8Array).length
      : unpromised(size(value), "Option size");
    if (typeof bytes !== "number" || !(bytes >= 0)) {
      throw invalidOption("size", `must give a number of bytes, not ${shown(bytes)}`);
    }
    if (bytes <= this.#maxBytes) return bytes;
    throw invalidArgument(
      `An output of ${counted(bytes, "byte")} is larger than maxBytes, ${this.#maxBytes}.`,
    );
  }
}

/**
 * Keeps the last outputs of a stream, for handlers whose callers use
 * {@linkcode resume}.
 *
 * @typeParam Value What is appended.
 * @param options How much it keeps.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense.
 *
 * @example
 * ```ts
 * import { outputLog } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const log = outputLog<string>({ maxItems: 100 });
 * const first = log.append("one");
 * log.append("two");
 * log.close();
 * const rest = await Array.fromAsync(log.read(first));
 * assertEquals(rest.map(({ value }) => value), ["two"]);
 * ```
 */
export function outputLog<Value>(options: OutputLogOptions<Value> = {}): OutputLog<Value> {
  return new OutputLog(optionsOf("outputLog", options));
}

const ID_BYTES = 6;
const MAX_ID_LENGTH = 128;
const MAX_ITEMS = 2 ** 30;
