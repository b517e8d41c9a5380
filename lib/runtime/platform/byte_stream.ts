/**
 * A connection as the modules of Node have it, which all runtimes have.
 *
 * @module
 */

/** A connection of `node:net`, `node:tls` or `node:http`: what these call `Duplex` or `Socket`. */
export interface ByteStream {
  /** The IP address of the other end, as long as it is connected. */
  readonly remoteAddress?: string | undefined;
  /** The port of the other end. */
  readonly remotePort?: number | undefined;
  /** Hears what comes. */
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  /** Hears that nothing more comes, or that it is closed. */
  on(event: "end" | "close", listener: () => void): unknown;
  /** Hears why it has failed. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Holds back what comes. */
  pause(): unknown;
  /** Undoes `pause`. */
  resume(): unknown;
  /** Writes; the callback is called when the system has the bytes. */
  write(bytes: Uint8Array, callback: (error?: Error | null) => void): unknown;
  /** Closes both directions. */
  destroy(): unknown;
  /** Turns Nagle's delay off. */
  setNoDelay?(noDelay?: boolean): unknown;
  /** Sets after how long of silence it emits `timeout`; 0: never. */
  setTimeout?(timeoutMs: number): unknown;
}
