/**
 * The first record of both sides of a mutual TLS connection.
 *
 * With TLS alone, a side whose certificate is refused only learns that the
 * connection has ended, and may even take it for open for a moment. So the
 * first bytes that each side sends inside TLS are one record:
 *
 * | bytes | what |
 * |---|---|
 * | 1 | 1: this side believes the other, 2: it refuses it |
 * | 2 | the length of the reason in bytes, little-endian, at most 1,024; 0 after 1 |
 * | length | the reason in UTF-8: which check failed on which certificate |
 *
 * Both send theirs as soon as they have checked the other. A side that trusts
 * the other may write behind it at once, and nothing of the application is read
 * on a side that does not trust the other, or has not read that it is trusted.
 *
 * @module
 */

import { plainText } from "../../foreign/plain_text.ts";
import type { ByteChannel } from "../channel/transport.ts";

const BELIEVED = 1, REFUSED = 2;
const HEAD_BYTES = 3;
const MAX_REASON_BYTES = 1024;

const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { fatal: true });

/** The record, with its reason cut to the limit. */
export function encodeStatus(refusal: string | null): Uint8Array<ArrayBuffer> {
  const reason = new Uint8Array(MAX_REASON_BYTES);
  const { written } = encoder.encodeInto(refusal ?? "", reason);
  const record = new Uint8Array(HEAD_BYTES + written);
  record[0] = refusal === null ? BELIEVED : REFUSED;
  record[1] = written & 0xff;
  record[2] = written >> 8;
  record.set(reason.subarray(0, written), HEAD_BYTES);
  return record;
}

/**
 * Sends this side's record.
 *
 * @param channel The connection.
 * @param refusal Why this side refuses the other; `null` if it does not.
 */
export async function sendStatus(
  channel: Pick<ByteChannel, "write">,
  refusal: string | null,
): Promise<void> {
  let rest = encodeStatus(refusal);
  while (rest.length > 0) rest = rest.subarray(await channel.write(rest));
}

/**
 * Reads the other side's record.
 *
 * @param read Reads from the connection.
 * @returns Why the other side refuses this one; `null` if it does not. Rejects if the connection ends before, or something else arrives.
 */
export async function readStatus(read: ByteChannel["read"]): Promise<string | null> {
  const head = await readExactly(read, HEAD_BYTES);
  const length = head[1]! | head[2]! << 8;
  if (head[0] === BELIEVED && length === 0) return null;
  if (head[0] !== REFUSED || length > MAX_REASON_BYTES) {
    throw new Error("the other side does not speak the Internode protocol inside TLS");
  }
  const reason = decoder.decode(await readExactly(read, length));
  return plainText(reason).trim() || "it gave no reason";
}

async function readExactly(
  read: ByteChannel["read"],
  count: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const got = await read(bytes.subarray(at));
    if (got === null) throw new Error("the other side ended the connection");
    at += got;
  }
  return bytes;
}
