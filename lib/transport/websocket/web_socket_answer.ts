/**
 * Reads the text of a server's answer that refuses a WebSocket request.
 *
 * @module
 */

import { plainText } from "../../foreign/plain_text.ts";
import { contentLength, type HttpHead, lists, type Read } from "./http_head.ts";

const LF = 10;
const utf8 = new TextDecoder();

/**
 * Reads the beginning of a body as one line of text.
 *
 * @param head The head before it.
 * @param bytes The buffer; its length limits what is read.
 * @param there How many bytes it already has.
 * @param read Reads more; if it fails, the bytes so far are used.
 * @returns The text, without bytes that are not text.
 */
export async function readText(
  head: HttpHead,
  bytes: Uint8Array<ArrayBuffer>,
  there: number,
  read: Read,
): Promise<string> {
  const isChunked = lists(head, "transfer-encoding", "chunked");
  const length = isChunked ? null : contentLength(head);
  // Without a length in the head, the body ends with the connection.
  const whole = length === null || Number.isNaN(length)
    ? bytes.length
    : Math.min(length, bytes.length);
  try {
    while (there < whole && !(isChunked && withoutChunks(bytes.subarray(0, there)).isOver)) {
      const count = await read(bytes.subarray(there));
      if (count === null) break;
      there += count;
    }
  } catch {
    // The status is known, which is the main thing.
  }
  const body = bytes.subarray(0, Math.min(there, whole));
  return plainText(utf8.decode(isChunked ? withoutChunks(body).text : body)).trim();
}

/** What chunks carry (RFC 9112, 7.1), as far as they have come, and whether the last one has. */
function withoutChunks(bytes: Uint8Array): { text: Uint8Array; isOver: boolean } {
  const text = new Uint8Array(bytes.length);
  let length = 0, isOver = false;
  for (let at = 0; !isOver;) {
    const end = bytes.indexOf(LF, at);
    if (end < 0) break;
    const size = /^[\da-f]{1,8}(?=[\s;])/i.exec(utf8.decode(bytes.subarray(at, end + 1)));
    if (size === null) break;
    const chunk = bytes.subarray(end + 1, end + 1 + parseInt(size[0], 16));
    text.set(chunk, length);
    length += chunk.length;
    isOver = chunk.length === 0 && /^0+$/.test(size[0]);
    // CR LF stand behind it.
    at = end + 1 + chunk.length + 2;
  }
  return { text: text.subarray(0, length), isOver };
}
