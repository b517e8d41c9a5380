/**
 * The few functions of the C library that a socket is polled by.
 *
 * @module
 */

/** The C library's own functions; lengths and counts stay far below 2³¹. Each gives what it gives in C. */
export interface Libc {
  /** Reads from a socket. */
  recv(descriptor: number, into: Uint8Array<ArrayBuffer>, length: bigint, flags: number): number;
  /** Writes to a socket. */
  send(descriptor: number, bytes: Uint8Array<ArrayBuffer>, length: bigint, flags: number): number;
  /** Looks at descriptors. */
  poll(entries: Uint8Array<ArrayBuffer>, count: bigint, timeoutMs: number): number;
  /** Where a socket's own end is. */
  getsockname(
    descriptor: number,
    address: Uint8Array<ArrayBuffer>,
    length: Uint8Array<ArrayBuffer>,
  ): number;
  /** Where its other end is. */
  getpeername(
    descriptor: number,
    address: Uint8Array<ArrayBuffer>,
    length: Uint8Array<ArrayBuffer>,
  ): number;
  /** What a descriptor leads to; a function of its own since glibc 2.33 only. */
  readonly fstat: ((descriptor: number, facts: Uint8Array<ArrayBuffer>) => number) | null;
}

/** Opens and closes the C library. */
export interface LibcLoader {
  /** Opens it where that is already permitted; nobody is ever asked. Each success is to be followed by one `release`. `null`: not permitted, or not on this system. */
  acquire(): Libc | null;
  /** Gives it back; the last one closes it. */
  release(): void;
}
