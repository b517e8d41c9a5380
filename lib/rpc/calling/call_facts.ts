/**
 * What is known of a call that this side has made.
 *
 * @module
 */

import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import type { AnyContract } from "../contract/contract.ts";

/** What its session does not know of a call. */
export interface CallFacts {
  /** What is called. */
  readonly contract: Pick<AnyContract, "name" | "kind">;
  /** The subroute; `undefined` if only its session knows it. */
  readonly subroute?: string | undefined;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
  /** Whether it waits for the time of its next attempt. */
  readonly backsOff: boolean;
}

/** A call that says what it is. Sessions have calls of tests, too, which do not. */
export interface KnownCall extends OutgoingCall {
  /** What is known of it; put together when it is asked for. */
  readonly facts: CallFacts;
}

/** What is known of a call; `null`: nothing. */
export function factsOf(call: OutgoingCall): CallFacts | null {
  return (call as Partial<KnownCall>).facts ?? null;
}
