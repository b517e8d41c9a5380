/**
 * The first record of a TLS client.
 *
 * @module
 */

import { PeerLeft } from "../channel/peer_left.ts";
import type { ByteChannel } from "../channel/transport.ts";

/** Longer than nearly all first records. */
const USUAL_BYTES = 1024;
const HEAD_BYTES = 5;
const HANDSHAKE = 22, MAJOR_VERSION = 3;
const MAX_RECORD_BYTES = 16 * 1024;

/**
 * Reads the whole first record of TLS, so that a client that sends nothing, or
 * sends it slowly, costs only this buffer: a TLS connection of the runtime
 * takes about 90 KiB from the start.
 *
 * @param channel The channel.
 * @returns What was read, which may be more than the record. Rejects if it is not a handshake record, or the channel ends.
 */
export async function readTlsHello(channel: ByteChannel): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(USUAL_BYTES), have = 0, needed = HEAD_BYTES;
  while (have < needed) {
    const count = await channel.read(bytes.subarray(have));
    if (count === null) throw new PeerLeft("the connection ended within the TLS handshake");
    have += count;
    if (needed > HEAD_BYTES || have < HEAD_BYTES) continue;
    const length = bytes[3]! << 8 | bytes[4]!;
    if (bytes[0] !== HANDSHAKE || bytes[1] !== MAJOR_VERSION || length > MAX_RECORD_BYTES) {
      throw new Error("the data received is not TLS");
    }
    needed += length;
    if (needed > bytes.length) bytes = grown(bytes, needed);
  }
  return bytes.subarray(0, have);
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}
