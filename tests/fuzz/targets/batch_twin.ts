/**
 * What the framer should find, worked out the slow and simple way.
 *
 * @module
 */

/** What a stream of bytes comes to. */
export interface Framing {
  /** Where the frames of each whole batch begin and end. */
  readonly batches: readonly (readonly [start: number, end: number])[];
  /** How many envelopes were judged. */
  readonly envelopes: number;
  /** Whether the stream breaks the protocol after those batches. */
  readonly broken: boolean;
  /** How many bytes are left unread, where it is not broken. */
  readonly left: number;
}

/** How a stream is read. */
export interface FramingRules {
  /** How many batches belong to the handshake; after them larger ones are allowed, and checksums count. */
  readonly openAfter: number;
  /** Whether checksums count then. */
  readonly checksums: boolean;
}

/** Reads the whole stream at once. */
export function frame(stream: Uint8Array, { openAfter, checksums }: FramingRules): Framing {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const batches: [number, number][] = [];
  let at = 0, running = 0, envelopes = 0;
  for (;;) {
    if (stream.length - at < 8) {
      return { batches, envelopes, broken: false, left: stream.length - at };
    }
    const open = batches.length >= openAfter;
    const length = view.getUint32(at, true);
    envelopes++;
    if (length < 16 || length > (open ? 2_097_152 : 4_096)) {
      return { batches, envelopes, broken: true, left: 0 };
    }
    const start = at + 8, end = start + length;
    if (end > stream.length) return { batches, envelopes, broken: false, left: stream.length - at };
    if (open && checksums) {
      const sum = view.getUint32(at + 4, true);
      const isLastWord = running === 0 && sum === 0 && stream[start] === 4;
      running = tableCrc32(stream.subarray(start, end), running);
      if (running !== sum && !isLastWord) {
        return { batches, envelopes, broken: true, left: 0 };
      }
    }
    batches.push([start, end]);
    at = end;
  }
}

/** Whether a batch has a goodbye in one of its headers, walked without care for what is cut off. */
export function goodbyeIn(batch: Uint8Array): boolean {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  let at = 0;
  while (batch.length - at >= 16) {
    if (batch[at] === 4) return true;
    at += 16 + view.getUint32(at + 4, true);
  }
  return false;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  return crc;
});

/** CRC-32 a byte at a time, as old as the hills. */
function tableCrc32(bytes: Uint8Array, seed: number): number {
  let crc = ~seed;
  for (let at = 0; at < bytes.length; at++) {
    crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[at]!) & 0xff]!;
  }
  return ~crc >>> 0;
}
