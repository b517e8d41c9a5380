/**
 * The metadata of an answer, on the wire: the block of the headers, then the
 * block of the trailers; see `metadata.ts`. A block without entries means that
 * there are none.
 *
 * @module
 */

import { ByteReader } from "../../wire/byte_reader.ts";
import { joined } from "../../wire/part_of.ts";
import { decodeMetadata, type Metadata, NO_METADATA, takeMetadata } from "./metadata.ts";

/** What has come with an answer. Its texts are made when somebody asks for them. */
export class AnswerMetadata {
  readonly #headers: Uint8Array<ArrayBuffer> | null;
  readonly #trailers: Uint8Array<ArrayBuffer> | null;

  /**
   * @param headers The block of the headers; `null` if there are none.
   * @param trailers The same for the trailers.
   */
  constructor(
    headers: Uint8Array<ArrayBuffer> | null,
    trailers: Uint8Array<ArrayBuffer> | null,
  ) {
    this.#headers = headers;
    this.#trailers = trailers;
  }

  /** Whether there are headers. */
  get hasHeaders(): boolean {
    return this.#headers !== null;
  }

  /** Whether there are trailers. */
  get hasTrailers(): boolean {
    return this.#trailers !== null;
  }

  /** The headers; empty if there are none. */
  get headers(): Metadata {
    return decoded(this.#headers);
  }

  /** The trailers; empty if there are none. */
  get trailers(): Metadata {
    return decoded(this.#trailers);
  }
}

/**
 * Both blocks.
 *
 * @param headers The block of the headers; `null` for none.
 * @param trailers The same for the trailers.
 */
export function answerBlocks(
  headers: Uint8Array<ArrayBuffer> | null,
  trailers: Uint8Array<ArrayBuffer> | null,
): Uint8Array<ArrayBuffer> {
  return joined([headers ?? EMPTY_BLOCK, trailers ?? EMPTY_BLOCK]);
}

/** Reads both blocks, and leaves the reader after them. */
export function takeAnswerMetadata(reader: ByteReader): AnswerMetadata {
  return new AnswerMetadata(takeMetadata(reader), takeMetadata(reader));
}

function decoded(block: Uint8Array<ArrayBuffer> | null): Metadata {
  if (block === null) return NO_METADATA;
  const reader = new ByteReader();
  reader.reset(block, 0, block.length);
  return decodeMetadata(reader);
}

const EMPTY_BLOCK = new Uint8Array(2);
