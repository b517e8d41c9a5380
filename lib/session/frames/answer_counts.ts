/**
 * How the calls of a peer have ended.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { DOUBLE_ZERO } from "../../wire/double_zero.ts";

/** Counts calls by how they ended, each once. */
export class AnswerCounts {
  /** How many succeeded. */
  ok: number = DOUBLE_ZERO;
  readonly #failed = new Map<ErrorCode, number>();

  /** A call has failed. */
  onFailed(code: ErrorCode): void {
    this.#failed.set(code, this.failed(code) + 1);
  }

  /** How many have failed with that code. */
  failed(code: ErrorCode): number {
    return this.#failed.get(code) ?? 0;
  }

  /** The counts that are not 0, by error code, and `OK`. */
  shown(): Readonly<Record<string, number>> {
    return { ...this.ok > 0 && { OK: this.ok }, ...Object.fromEntries(this.#failed) };
  }

  /** Adds the counts of another one. */
  add(other: AnswerCounts): void {
    this.ok += other.ok;
    for (const [code, count] of other.#failed) this.#failed.set(code, this.failed(code) + count);
  }
}
