/**
 * Where connections stand that have not proven themselves.
 *
 * @module
 */

/**
 * Counts the connections of one listener that have not proven themselves. Who
 * listens may give one to a transport by `ListenOptions`; a transport of your
 * own that knows nothing of it has its connections counted from when it hands
 * them over.
 */
export interface Door {
  /**
   * Takes a place for a connection that has just been accepted.
   *
   * @param address Its IP address; `null` if it has none, as on Unix sockets.
   * @param onLate Ends the connection when its time is up, of which it is told how long it was, in milliseconds; `null`: the caller keeps the time.
   * @returns The place; a text says why there is none, and the connection must be closed.
   */
  enter(address: string | null, onLate: ((limitMs: number) => void) | null): DoorPlace | string;
}

/**
 * Held by a connection from when it was accepted until it has proven itself,
 * through all that is between: TLS, the upgrade to WebSocket, the session's
 * handshake. Whoever has the connection has its place, and gives both on.
 */
export interface DoorPlace {
  /** What is done when the time is up, once, with how long that was, in milliseconds; set by who has the place. */
  onLate: (limitMs: number) => void;
  /** Whether the time is no longer kept here. */
  readonly isHeld: boolean;
  /** Says that who has it keeps the time from now on, and gives how much of it is gone, in milliseconds. */
  hold(): number;
  /** Waits until the connection may begin with TLS, which takes much memory. Rejects when the place is given back before. */
  tlsTurn(): Promise<void>;
  /** Gives the place back: the connection has proven itself, or is no more. Any number of calls. */
  leave(): void;
}
