/**
 * The metadata of an answer that has not left yet.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import { answerBlocks } from "./answer_metadata.ts";
import { encodeMetadata, type Metadata } from "./metadata.ts";

/** What a handler has set. */
export class AnswerDraft {
  readonly #headers = new DraftBlock();
  readonly #trailers = new DraftBlock();

  /**
   * Adds headers to those set before.
   *
   * @throws {InternodeError} `InvalidArgument` if they are no texts, or too many.
   */
  addHeaders(metadata: Metadata): void {
    this.#headers.add(metadata);
  }

  /** The same for trailers. */
  addTrailers(metadata: Metadata): void {
    this.#trailers.add(metadata);
  }

  /** What leaves with an answer or an error: all that has not left before; `null` if there is nothing. */
  get rest(): Uint8Array<ArrayBuffer> | null {
    const headers = this.#headers.left, trailers = this.#trailers.left;
    return headers === null && trailers === null ? null : answerBlocks(headers, trailers);
  }

  /** What leaves before the first output; `null` if there is nothing. */
  get first(): Uint8Array<ArrayBuffer> | null {
    const headers = this.#headers.left;
    return headers === null ? null : answerBlocks(headers, null);
  }

  /** What {@linkcode AnswerDraft.first} gave has left, or {@linkcode AnswerDraft.rest}. */
  onLeft(isRest: boolean): void {
    this.#headers.left = null;
    if (isRest) this.#trailers.left = null;
  }
}

/** How many bytes a block without entries has. */
const EMPTY_BYTES = 2;

class DraftBlock {
  /** The block; `null` if nothing was set, or if it has left. */
  left: Uint8Array<ArrayBuffer> | null = null;
  #metadata: Metadata = Object.create(null);

  add(metadata: unknown): void {
    if (typeof metadata !== "object" || metadata === null) {
      throw invalidArgument(
        `Metadata must be an object with texts, not ${shown(metadata)}.`,
      );
    }
    const all = { __proto__: null, ...this.#metadata, ...metadata } as unknown as Metadata;
    const block = encodeMetadata(all);
    this.#metadata = all;
    this.left = block.length === EMPTY_BYTES ? null : block;
  }
}
