/**
 * Browsers' connections, without a network.
 *
 * @module
 */

import type { NetAddress, TcpListener, TcpSocket } from "../../../lib/runtime/platform/socket.ts";

const ADDRESS: NetAddress = { transport: "tcp", hostname: "127.0.0.1", port: 8080 };

/** A connection whose other end is a test. */
export class FakeSocket implements TcpSocket {
  readonly localAddr: NetAddress = ADDRESS;
  readonly remoteAddr: NetAddress = ADDRESS;
  /** What was written. */
  written = "";
  /** How many writes there were. */
  writes = 0;
  isClosed = false;
  /** Whether the browser reads. */
  reads = true;
  readonly #request: Uint8Array<ArrayBuffer>;
  #wasRead = false;
  #end: (() => void) | null = null;

  constructor(request: string) {
    this.#request = new TextEncoder().encode(request);
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.isClosed) return Promise.resolve(null);
    if (!this.#wasRead) {
      this.#wasRead = true;
      into.set(this.#request);
      return Promise.resolve(this.#request.length);
    }
    return new Promise((resolve) => this.#end = () => resolve(null));
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    this.writes++;
    if (!this.reads) return new Promise(() => {});
    // Not all at once.
    const some = bytes.subarray(0, 1_000);
    this.written += new TextDecoder().decode(some);
    return Promise.resolve(some.length);
  }

  close(): void {
    this.isClosed = true;
    this.#end?.();
  }

  /** The browser leaves. */
  leave(): void {
    this.#end?.();
  }

  setNoDelay(): void {}
}

/** Gives connections to a server. */
export class FakeListener implements TcpListener {
  readonly addr: NetAddress = ADDRESS;
  #accept: ((socket: FakeSocket) => void) | null = null;
  #fail: ((error: Error) => void) | null = null;

  accept(): Promise<FakeSocket> {
    return new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#fail = reject;
    });
  }

  close(): void {
    this.#fail?.(new Error("closed"));
  }

  /** Lets the server accept one. */
  open(socket: FakeSocket): void {
    this.#accept!(socket);
  }
}
