/**
 * Puts together the list of calls that have not ended.
 *
 * @module
 */

import type { Link } from "../../driver/link.ts";
import type { AcceptedStream } from "../../session/calls/accepted_stream.ts";
import type { IncomingCall } from "../../session/calls/incoming_call_table.ts";
import { OpenedStream } from "../../session/calls/opened_stream.ts";
import type { ReceiveHalf } from "../../session/calls/receive_half.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import type { SendHalf } from "../../session/sending/send_half.ts";
import { type CallFacts, factsOf } from "../calling/call_facts.ts";
import type { WaitingCalls } from "../calling/waiting_calls.ts";
import type {
  CallInFlight,
  CallInFlightState,
  CallsQuery,
  StreamProgress,
} from "../contract/call_in_flight.ts";
import { IncomingRequest } from "../serving/incoming_request.ts";
import { IncomingStream } from "../serving/incoming_stream.ts";
import type { AbandonedCall, Serving } from "../serving/serving.ts";

/** The oldest calls of those that are shown to it. It never holds more than twice as many as it is to list. */
export class CallListing {
  readonly #query: CallsQuery;
  readonly #nowMs: number;
  #found: CallInFlight[] = [];
  #leastMs: number;

  /** @param nowMs The time, on the clock of the sessions. */
  constructor(query: CallsQuery, nowMs: number) {
    this.#query = query;
    this.#nowMs = nowMs;
    this.#leastMs = query.minAgeMs;
  }

  /** The oldest, the oldest first. */
  get oldest(): CallInFlight[] {
    this.#sort();
    return this.#found;
  }

  /**
   * Adds calls that wait for a connection.
   *
   * @param host Whom they are for; `""` if that is not decided.
   */
  addWaiting(calls: WaitingCalls, host: string): void {
    for (const [call, { subroute }] of calls) {
      const facts = factsOf(call);
      if (facts === null) continue;
      const state = facts.backsOff ? "backOff" : "connecting";
      this.#addMade(call, facts, facts.subroute ?? subroute ?? "", host, state);
    }
  }

  /** Adds the calls of a connection, of both sides. */
  addLink({ session }: Link, host: string): void {
    const { outgoing, incoming } = session;
    for (const call of outgoing.queue.waiting()) this.#addSent(outgoing, call, host, "slot");
    for (const call of outgoing.calls) this.#addSent(outgoing, call, host, sentState(call));
    for (const call of incoming.calls) this.#addServed(call);
  }

  /** Adds handlers that still run although their calls have ended. */
  addAbandoned({ abandoned }: Serving): void {
    for (const [context, arrivedMs] of abandoned) {
      this.#addContext(context, arrivedMs, "abandoned", null);
    }
  }

  #addSent(
    { names }: Link["session"]["outgoing"],
    call: OutgoingCall,
    host: string,
    state: CallInFlightState,
  ): void {
    const facts = factsOf(call);
    if (facts === null) return;
    this.#addMade(call, facts, facts.subroute ?? names.subrouteOf(call.handler), host, state);
  }

  #addMade(
    call: OutgoingCall,
    { contract, attempt }: CallFacts,
    subroute: string,
    host: string,
    state: CallInFlightState,
  ): void {
    const { name: handler, kind } = contract, ageMs = this.#age(call.time.madeMs);
    if (!this.#wants(ageMs, handler)) return;
    const isOpen = call instanceof OpenedStream && (call.send !== null || call.receive !== null);
    this.#add({
      direction: "outgoing",
      kind,
      handler,
      subroute,
      host,
      state,
      ageMs,
      leftMs: this.#left(call.deadlineMs),
      attempt,
      stream: isOpen ? progressOf(call.send, call.receive) : null,
    });
  }

  #addServed(call: IncomingCall): void {
    if (call instanceof IncomingRequest) {
      const state = call.hasBegun ? "running" : "queued";
      this.#addContext(call.context, call.arrivedMs, state, null);
    } else if (call instanceof IncomingStream) {
      this.#addContext(call.context, call.arrivedMs, streamState(call), call);
    }
  }

  #addContext(
    context: AbandonedCall,
    arrivedMs: number,
    state: CallInFlightState,
    stream: AcceptedStream | null,
  ): void {
    const { name: handler, kind } = context.called, ageMs = this.#age(arrivedMs);
    if (!this.#wants(ageMs, handler)) return;
    this.#add({
      direction: "incoming",
      kind,
      handler,
      subroute: context.subroute,
      host: context.caller,
      state,
      ageMs,
      leftMs: this.#left(context.deadlineMs),
      attempt: 1,
      stream: stream === null ? null : progressOf(stream.send, stream.receive),
    });
  }

  /** A turn's time may be read after that of a call that was made in it. */
  #age(sinceMs: number): number {
    return Math.max(0, this.#nowMs - sinceMs);
  }

  #left(deadlineMs: number): number {
    return Math.max(0, deadlineMs - this.#nowMs);
  }

  #wants(ageMs: number, name: string): boolean {
    const { handler } = this.#query;
    return ageMs >= this.#leastMs && (handler === null || handler === name);
  }

  #add(call: CallInFlight): void {
    this.#found.push(call);
    if (this.#found.length >= 2 * this.#query.limit) this.#sort();
  }

  /** Keeps as many as are listed; younger ones need not come any more. */
  #sort(): void {
    const { limit } = this.#query;
    this.#found.sort((one, other) => other.ageMs - one.ageMs);
    if (this.#found.length <= limit) return;
    this.#found.length = limit;
    this.#leastMs = this.#found[limit - 1]!.ageMs;
  }
}

/** The state of a call that has a slot. */
function sentState(call: OutgoingCall): CallInFlightState {
  if (call.state === "abandoned") return "abandoned";
  if (call.state === "waiting") return "sending";
  return call instanceof OpenedStream && isHeldUp(call.send) ? "credit" : "running";
}

function streamState(stream: AcceptedStream): CallInFlightState {
  if (!stream.hasBegun) return "queued";
  return isHeldUp(stream.send) ? "credit" : "running";
}

function isHeldUp(send: SendHalf | null): boolean {
  return send !== null && send.waiting > 0;
}

function progressOf(send: SendHalf | null, receive: ReceiveHalf | null): StreamProgress {
  const queued = send?.queuedLoad ?? { messages: 0, bytes: 0 };
  return {
    sent: send?.sequence ?? 0,
    received: receive?.sequence ?? 0,
    sendCredit: send?.credit ?? 0,
    receiveCredit: receive?.credit ?? 0,
    queuedMessages: queued.messages,
    queuedBytes: queued.bytes,
    unreadBytes: receive?.heldBytes ?? 0,
  };
}
