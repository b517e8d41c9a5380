/**
 * A stream of a service's method.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { CallTraces } from "../../rpc/tracing/call_trace.ts";
import { rankOf } from "../../rpc/contract/call_options.ts";
import { OutgoingStream } from "../../rpc/calling/outgoing_stream.ts";
import type { CallDelegate } from "../../rpc/calling/call_delegate.ts";
import type { AnyContract } from "../../rpc/contract/contract.ts";
import type { CallFigures } from "../../rpc/metering/call_figures.ts";
import type { FaceFigures } from "../../rpc/metering/face_figures.ts";
import type { Unsent, WaitingCall } from "../../rpc/calling/waiting_calls.ts";
import type { Tracer } from "../../rpc/contract/tracer.ts";
import { attemptAttributes } from "../../rpc/tracing/span_attributes.ts";
import type { AnswerMetadata } from "../../session/frames/answer_metadata.ts";
import { CallTime } from "../../session/frames/call_time.ts";
import type { OutgoingCall } from "../../session/sending/outgoing_call_table.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { ClientCore } from "./client_core.ts";
import type { OpenLink } from "../replicas/service_replica.ts";
import { healthVerdict } from "../replicas/health_verdict.ts";
import { refusal } from "./call_refusal.ts";
import type { ServiceCallOptions } from "../service/service_call_options.ts";
import { unsentError } from "./service_errors.ts";
import type { StreamMethod } from "../service/service.ts";

/** Picks a replica, or waits for one, and is opened there; it stays with that replica. */
export class ServiceStream<Initial, Input, Output> extends OutgoingStream<Initial, Input, Output>
  implements WaitingCall {
  readonly #core: ClientCore;
  readonly #method: StreamMethod<Initial, Input, Output>;
  readonly #initial: Initial;
  readonly #options: ServiceCallOptions;
  readonly #carrier: Carrier;
  #isAnswered = false;

  constructor(
    core: ClientCore,
    method: StreamMethod<Initial, Input, Output>,
    initial: Initial,
    options: ServiceCallOptions,
  ) {
    const carrier = new Carrier(core);
    super(method.contract, carrier, "", options.lendOutputs);
    this.#core = core;
    this.#method = method;
    this.#initial = initial;
    this.#options = options;
    this.#carrier = carrier;
  }

  /** Begins a turn on the connection that carries the stream. */
  beginTurn(): number {
    return this.#carrier.beginTurn();
  }

  /** Opens the stream. */
  start(): void {
    const core = this.#core;
    const { signal, timeoutMs = Infinity } = this.#options;
    const failure = refusal(core, this.#method, this.#options, timeoutMs);
    if (failure !== undefined) return this.#fail(failure.error);
    this.priority = rankOf(this.#options.priority);
    const link = this.#pick();
    if (link !== null) {
      link.link.beginCall(this, timeoutMs);
      this.#open(link);
    } else if (this.state !== "ended") {
      this.time = new CallTime(core.options.clock.now(), timeoutMs);
      core.replicas.wait(this, this);
    }
    if (signal !== undefined && this.ending === null) this.watch(signal);
  }

  /** See {@linkcode WaitingCall}. */
  get waitForReady(): boolean {
    return this.#options.waitForReady !== false;
  }

  /** See {@linkcode WaitingCall}. */
  tryAgain(): boolean {
    const link = this.#pick();
    // A balancer may have aborted the stream's signal.
    if (link !== null && this.state === "waiting") this.#open(link);
    return link !== null || this.state === "ended";
  }

  /** See {@linkcode WaitingCall}. */
  failureOf(why: Unsent): InternodeError {
    return unsentError(why, this.contract.name, this.#core.replicas);
  }

  /** Ends the stream from this side. */
  override cancel(reason: unknown): void {
    super.cancel(this.#carrier.host === "" ? reason ?? this.#cancelled() : reason);
  }

  /** A message of the handler. */
  override onMessage(kind: number, reader: ByteReader): void {
    this.#isAnswered = true;
    super.onMessage(kind, reader);
  }

  /** What the handler has set. */
  override onMetadata(metadata: AnswerMetadata): void {
    this.#isAnswered = true;
    super.onMetadata(metadata);
  }

  /** The handler has ended well. */
  override onEnd(): void {
    this.#carrier.release()?.replica.health.onSuccess();
    super.onEnd();
  }

  /** The stream has failed, or was cancelled. */
  override onError(error: unknown, detail: ByteReader | null): void {
    const link = this.#carrier.release();
    // One that has answered is not to blame for a stream that lasts longer than it may.
    if (link !== null && !this.#isAnswered) {
      this.#core.replicas.onVerdict(link.replica, healthVerdict(error));
    }
    super.onError(error, detail);
  }

  /** Chooses a replica; `null`: there is none now, or the stream has failed. */
  #pick(): OpenLink | null {
    const { shardKey, balancer } = this.#options;
    const { options, plainPick, replicas } = this.#core;
    try {
      const pick = { shardKey, tried: null, random: plainPick.random };
      return replicas.pick(balancer ?? options.balancer, pick);
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  #open(link: OpenLink): void {
    const { key } = this.#method, { metadata } = this.#options;
    this.#carrier.take(link);
    this.span?.set?.(attemptAttributes(this.#carrier.host, 1));
    this.openOn(link.link, this.#initial, metadata, (nowMs) => link.methodNumber(key, nowMs));
  }

  #cancelled(): InternodeError {
    const { name } = this.contract;
    return new InternodeError("Cancelled", `${name}: cancelled before it was sent to a replica.`, {
      origin: "caller",
      handler: name,
    });
  }

  #fail(error: unknown): void {
    this.state = "ended";
    this.onError(error, null);
  }
}

/** What the stream asks of the connection it is on, or will be on. */
class Carrier implements CallDelegate {
  /** The replica's address; empty before one is picked. */
  host = "";
  readonly traces: CallTraces;
  readonly spans: Tracer | null;
  readonly figures: FaceFigures;
  readonly #core: ClientCore;
  #link: OpenLink | null = null;
  #isHeld = false;

  constructor(core: ClientCore) {
    this.#core = core;
    this.traces = core.traces;
    this.spans = core.spans;
    this.figures = core.figures;
  }

  /** The stream is opened on this connection. */
  take(link: OpenLink): void {
    this.#link = link;
    this.#isHeld = true;
    this.host = link.replica.endpoint.address;
    link.begin();
  }

  /** The stream has ended; gives the connection it was on, once. */
  release(): OpenLink | null {
    if (!this.#isHeld) return null;
    this.#isHeld = false;
    this.#link!.end();
    return this.#link;
  }

  figuresOf(contract: AnyContract): CallFigures {
    return (this.#link?.replica ?? this.#core).figuresOf(contract);
  }

  now(): number {
    return this.#core.options.clock.now();
  }

  beginTurn(): number {
    return this.#link?.link.beginTurn() ?? this.now();
  }

  abort(call: OutgoingCall, reason: unknown): void {
    if (this.#link === null) {
      if (this.#core.replicas.waiting.cancel(call, reason)) return;
      call.state = "ended";
      call.onError(reason, null);
    } else {
      const nowMs = this.#link.link.beginTurn();
      this.#link.link.session.outgoing.cancel(call, reason, "Cancelled", nowMs);
    }
  }
}
