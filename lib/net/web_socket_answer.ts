/**
 * The text of what a server answers to a request for WebSocket that it refuses.
 *
 * @module
 */

import { type HttpHead, lists, printable, type Read } from "./http_head.ts";

const utf8 = new TextDecoder();

/**
 * Reads the beginning of a body as one line of text.
 *
 * @param head The head before it.
 * @param bytes Where it gathers; the most that is read.
 * @param length How much of it is there already.
 * @param read Reads on; when it fails, what is there must do.
 * @returns The text without whatever is no text.
 */
export async function readText(
  head: HttpHead,
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  read: Read,
): Promise<string> {
  const chunked = lists(head, "transfer-encoding", "chunked");
  const announced = Number(head.fields.get("content-length") ?? Infinity);
  const whole = chunked || !(announced >= 0) ? bytes.length : Math.min(announced, bytes.length);
  try {
    while (length < whole && !(chunked && isLastChunkIn(bytes.subarray(0, length)))) {
      const count = await read(bytes.subarray(length));
      if (count === null) break;
      length += count;
    }
  } catch {
    // The status is known, which is the main thing.
  }
  const text = utf8.decode(bytes.subarray(0, Math.min(length, whole)));
  return printable(chunked ? withoutChunkSizes(text) : text);
}

function isLastChunkIn(bytes: Uint8Array): boolean {
  return /(?:^|\n)0+\r?\n\r?\n$/.test(utf8.decode(bytes));
}

/** Good enough for showing: sizes count bytes, and what is shown is mostly ASCII. */
function withoutChunkSizes(text: string): string {
  return text.replaceAll(/(?:^|\r\n)[0-9a-fA-F]+(?:;[^\r\n]*)?\r\n/g, "");
}
