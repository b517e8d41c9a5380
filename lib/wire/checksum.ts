/**
 * Checksums of batches, for transports without their own.
 *
 * @module
 */

/**
 * Continues a CRC-32 (ISO-HDLC, as in zlib, gzip and PNG) over more bytes.
 * Injected, because the runtime's function is many times faster than one in
 * JavaScript.
 *
 * @param bytes The bytes.
 * @param seed The checksum of all bytes before; 0 at the start.
 * @returns The checksum, from 0 to 2³² − 1.
 */
export type Checksum = (bytes: Uint8Array, seed: number) => number;
