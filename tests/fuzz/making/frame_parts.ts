/**
 * What frames that a peer could send are made of.
 *
 * @module
 */

import { errorPayload, joined, u32, utf8 } from "../../support/session/raw_frames.ts";

/** Blocks of metadata. */
export const METADATA: readonly Uint8Array[] = [
  u32(0).subarray(0, 2),
  new Uint8Array([8, 0, 1, 0, 0x6b, 3, 0, 0x76, 0x76, 0x76]),
  new Uint8Array([15, 0, 9, 0, ...utf8("__proto__"), 2, 0, 0xff, 0xfe]),
];
/** Metadata of answers: no headers, then trailers or none. */
export const TRAILERS: readonly Uint8Array[] = [
  new Uint8Array(4),
  joined(new Uint8Array(2), METADATA[1]!),
  joined(new Uint8Array(2), METADATA[2]!),
];
/** The same with headers before them. */
export const HEADERS: readonly Uint8Array[] = [
  joined(METADATA[1]!, new Uint8Array(2)),
  joined(METADATA[2]!, METADATA[1]!),
];
/** Payloads of errors. */
export const ERRORS: readonly Uint8Array[] = [
  errorPayload(3, "it failed"),
  errorPayload(1, ""),
  errorPayload(0, "not sent, it says"),
  errorPayload(9, "ä".repeat(2_000), new Uint8Array([1, 2, 3])),
  new Uint8Array([3, 3, 1, 0, 0x78, 2, 0xc3, 0x28, 0x93]),
];
/** Payloads of errors with metadata. */
export const TOLD_ERRORS: readonly Uint8Array[] = TRAILERS.map((metadata) =>
  joined(new Uint8Array([3, 5, 1, 0, 0x78]), metadata, new Uint8Array([0x93, 1]))
);
/** Payloads of errors that are cut short, each at another place. */
export const SHORT_ERRORS: readonly Uint8Array[] = [
  new Uint8Array(3),
  new Uint8Array([3, 0, 1, 0]),
  new Uint8Array([3, 2, 1, 0, 0x78]),
  new Uint8Array([3, 2, 1, 0, 0x78, 1]),
  new Uint8Array([3, 3, 255, 255, 0x78]),
  new Uint8Array([3, 4, 1, 0, 0x78, 1]),
  new Uint8Array([3, 4, 1, 0, 0x78, 0, 0, 9, 0]),
];
/** The same of metadata. */
export const SHORT_METADATA: readonly Uint8Array[] = [
  new Uint8Array([9]),
  new Uint8Array([1, 0, 0]),
  new Uint8Array([3, 0, 0, 0, 0]),
  new Uint8Array([4, 0, 1, 0, 0x6b, 1]),
  new Uint8Array([6, 0, 1, 0, 0x6b, 255, 0, 0]),
];
