/**
 * Limits connections whose handshake is not done.
 *
 * @module
 */

/**
 * Counts the connections of one listener whose handshake is not done. A node
 * or server gives its limiter to a transport in `ListenOptions`. A custom
 * transport may ignore it: its connections count from when they are handed
 * over.
 */
export interface HandshakeLimiter {
  /**
   * Takes a slot for a connection that has just been accepted.
   *
   * @param address Its IP address; `null` if it has none, as on Unix sockets.
   * @param onTimeout Called with the time-out in milliseconds when it has passed; must close the connection. `null`: the caller watches the time.
   * @returns The slot; or a text that says why there is none: the connection must then be closed.
   */
  acquire(
    address: string | null,
    onTimeout: ((limitMs: number) => void) | null,
  ): HandshakeSlot | string;
}

/**
 * Held by a connection from when it is accepted until its handshake is done:
 * TLS, the WebSocket upgrade and the handshake of the session. It is handed
 * over with the connection.
 */
export interface HandshakeSlot {
  /** Called once with the time-out in milliseconds when it has passed; set by whoever has the slot. */
  onTimeout: (limitMs: number) => void;
  /** Whether the holder watches the time itself. */
  readonly isDeadlineTaken: boolean;
  /** Takes over the time limit: the holder watches it from now on. Returns how much of it has passed, in milliseconds. */
  takeDeadline(): number;
  /** Resolves when the connection may begin TLS, which takes much memory. Rejects when the slot is released before that. */
  tlsTurn(): Promise<void>;
  /** Releases the slot: the handshake is done or the connection has ended. May be called any number of times. */
  release(): void;
}
