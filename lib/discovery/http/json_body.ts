/**
 * JSON over HTTP, within bounds.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";

/** A JSON object whose members nobody has looked at yet. */
export type JsonObject = { readonly [name: string]: unknown };

/**
 * Takes a value for an object, or for an empty one if it is something else.
 *
 * @param value Any JSON value.
 * @returns It, if it is an object.
 */
export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/**
 * Tells objects from other JSON values.
 *
 * @param value Any JSON value.
 * @returns Whether it is an object and no array.
 */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a body line by line, or whole, and never holds more than a limit. */
export class JsonBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null;
  readonly #decoder = new TextDecoder();
  readonly #maxBytes: number;
  readonly #advice: string;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => void this.close();
  readonly #lines: string[] = [];
  #held = "";
  #ended = false;

  /**
   * Takes over a response's body.
   *
   * @param response What was answered.
   * @param maxBytes How long a line, or the whole, may be: about so many bytes.
   * @param advice What to do about a longer one, without a full stop.
   * @param signal Gives up.
   */
  constructor(response: Response, maxBytes: number, advice: string, signal: AbortSignal) {
    this.#reader = response.body?.getReader() ?? null;
    this.#maxBytes = maxBytes;
    this.#advice = advice;
    this.#signal = signal;
    // Deno 2.9 forgets the signal that `fetch` got once the response has been
    // collected as garbage, though its body is still being read.
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /**
   * Reads all of it.
   *
   * @returns The text.
   * @throws {InternodeError} `MessageTooLarge`; or the signal's reason.
   */
  async text(): Promise<string> {
    while (!this.#ended) this.#held += await this.#more();
    return this.#held;
  }

  /**
   * Reads the next line that is not empty.
   *
   * @returns The line; `null` at the end. A line that the end cuts off is lost.
   * @throws {InternodeError} `MessageTooLarge`; or the signal's reason.
   */
  async line(): Promise<string | null> {
    while (this.#lines.length === 0) {
      if (this.#ended) return null;
      // Only what is new is looked through: a line may come in very many pieces.
      const [first, ...others] = (await this.#more()).split("\n");
      this.#held += first;
      for (const other of others) {
        if (this.#held.trim() !== "") this.#lines.push(this.#held);
        this.#held = other;
      }
    }
    return this.#lines.shift()!;
  }

  /** Lets go of what has not been read. */
  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    try {
      await this.#reader?.cancel();
    } catch {
      // It has failed before; who reads was told.
    }
  }

  async #more(): Promise<string> {
    const chunk = await this.#reader?.read();
    // To the reader a body that was closed looks like one that has ended.
    this.#signal.throwIfAborted();
    this.#ended = chunk?.value === undefined;
    if (this.#ended) this.#signal.removeEventListener("abort", this.#onAbort);
    const text = this.#decoder.decode(chunk?.value, { stream: !this.#ended });
    if (this.#held.length + text.length <= this.#maxBytes) return text;
    await this.close();
    throw new InternodeError(
      "MessageTooLarge",
      `its answer is over ${this.#maxBytes} bytes. ${this.#advice}`,
      { origin: "remote", outcome: "executed" },
    );
  }
}
