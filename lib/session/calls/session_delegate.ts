/**
 * The callbacks of a session.
 *
 * @module
 */

import type { Refusal } from "../frames/wire_error.ts";
import type { InternodeError } from "../../errors.ts";
import type { DrainReason } from "../frames/drain_reason.ts";
import type { HandlerTarget } from "./handler_target.ts";
import type { Peer } from "../frames/session_options.ts";

/** Makes decisions for a session and receives its events. */
export interface SessionDelegate {
  /** There is something to send: drain it soon, after the work of the current turn. */
  onOutput(): void;
  /** Checks the name in the peer's hello: `null` accepts the peer, a refusal says why not. */
  checkPeer(name: string): Refusal | null;
  /** The handshake is done; calls can be made. */
  onOpen(peer: Peer): void;
  /** Finds a handler; `null` if there is none. */
  resolve(name: string, subroute: string): HandlerTarget | null;
  /** Whether the reading turn has lasted long enough; called after each handler that ran (`hasServed`), and after some frames without one. */
  isTurnOver(hasServed: boolean): boolean;
  /** The peer asks to end this connection. */
  onDraining(reason: DrainReason): void;
  /** Handling a batch threw an error that is not the peer's fault. The session ends. Must not throw. */
  onFault?: ((thrown: unknown) => void) | undefined;
  /** The session has ended; called once, after every call has got its error. */
  onClosed(error: InternodeError): void;
}
