/**
 * What a session calls back.
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
  /** There is something to send: drain soon, after the present turn's work. */
  onOutput(): void;
  /** Judges the peer by the name in its hello: `null` accepts it, a refusal says why not. */
  checkPeer(name: string): Refusal | null;
  /** The handshake is done; calls can be made. */
  onOpen(peer: Peer): void;
  /** Finds a handler; `null` if there is none. */
  resolve(name: string, subroute: string): HandlerTarget | null;
  /** Asked after each handler that ran (`hasServed`), and after some frames without one: whether the reading turn has lasted long enough. */
  isTurnOver(hasServed: boolean): boolean;
  /** The peer wants this connection to come to an end. */
  onDraining(reason: DrainReason): void;
  /** Something was thrown, while a batch was taken in, that is no fault of the peer's but one of this side. The session ends. Must not throw. */
  onFault?: ((thrown: unknown) => void) | undefined;
  /** The session has ended; called once, after every call has had its error. */
  onClosed(error: InternodeError): void;
}
