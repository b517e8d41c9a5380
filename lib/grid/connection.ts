/**
 * A peer, as this node's code sees it.
 *
 * @module
 */

import { hasAborted, reasonOf, signalProblem } from "../foreign/signal.ts";
import { type InternodeError, invalidArgument } from "../errors.ts";
import type { Link } from "../driver/link.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import { MAX_NAME_BYTES, nameProblem } from "../session/frames/handler_name.ts";
import { CallTime } from "../session/frames/call_time.ts";
import type { OutgoingCall } from "../session/sending/outgoing_call_table.ts";
import {
  type CallOptions,
  checkCalled,
  type EnclosingCall,
  NO_OPTIONS,
  optionProblem,
  rankOf,
} from "../rpc/contract/call_options.ts";
import type { CallTraces } from "../rpc/tracing/call_trace.ts";
import { withTraceContext } from "../rpc/tracing/client_span.ts";
import type { ConnectionStats } from "../rpc/connecting/connection_stats.ts";
import type { ConnectionState } from "../rpc/contract/connection_state.ts";
import type { AnyContract, SingleContract, StreamContract } from "../rpc/contract/contract.ts";
import type { GridNode } from "./grid_node.ts";
import { enclosedOptions } from "../rpc/calling/enclosed_options.ts";
import { arrayProblem, withArray } from "../rpc/calling/given_array.ts";
import { lendingProblem } from "../rpc/calling/lent_outputs.ts";
import { OutgoingStream } from "../rpc/calling/outgoing_stream.ts";
import type { RequestDelegate } from "../rpc/calling/call_delegate.ts";
import { type AnswerTeller, callbackProblem } from "../rpc/calling/answer_callbacks.ts";
import type { CallFigures } from "../rpc/metering/call_figures.ts";
import type { FaceFigures } from "../rpc/metering/face_figures.ts";
import { HostFigures } from "../rpc/metering/host_figures.ts";
import type { GridPeer } from "./grid_peer.ts";
import { managerCloses } from "./peer_errors.ts";
import type { Reconnector } from "../rpc/connecting/reconnector.ts";
import { PendingRequest } from "../rpc/calling/pending_request.ts";
import { Stream } from "../rpc/calling/stream.ts";
import type { Tracer } from "../rpc/contract/tracer.ts";
import { untilConnected, type WaitOptions } from "./wait_for_connect.ts";
import { func } from "../foreign/option_checks.ts";

/**
 * The way to one peer, from `Manager.connection`. Underneath, the connection may
 * be lost and made again.
 *
 * When its host leaves the list of hosts it is `closed`: calls fail as
 * `NotListed`, `notSent`, and its listeners have heard the last of it. Should the
 * host come back, calls on it work again, but listeners must be added again.
 *
 * @example
 * ```ts
 * import { Manager, single } from "@internode/grid";
 * import { assertEquals } from "@std/assert";
 *
 * const echo = single("echo");
 * const hosts = ["memory://doc-a", "memory://doc-b"];
 * await using a = new Manager({ local: "memory://doc-a", hosts });
 * await using b = new Manager({ local: "memory://doc-b", hosts });
 * b.handle(echo, (bytes) => bytes);
 * await Promise.all([a.listen(), b.listen()]);
 *
 * const reply = await a.connection("memory://doc-b").request(echo, new Uint8Array([1, 2]), {
 *   timeoutMs: 500,
 *   waitForReady: true,
 * });
 * assertEquals(reply, new Uint8Array([1, 2]));
 * ```
 */
export class Connection {
  /** The peer's canonical URL. */
  readonly host: string;

  readonly #node: GridNode;
  readonly #present: () => GridPeer | undefined;
  #peer: GridPeer;
  #reconnector: Reconnector;
  #delegate: RequestDelegate;

  /** Made by the manager, which knows whether a host that has left is present again. */
  constructor(node: GridNode, peer: GridPeer, present: () => GridPeer | undefined) {
    this.host = peer.host;
    this.#node = node;
    this.#present = present;
    this.#peer = peer;
    this.#reconnector = peer.reconnector;
    this.#delegate = new GridCallDelegate(node, peer);
  }

  /** Where the connection stands. */
  get state(): ConnectionState {
    this.#follow();
    return this.#peer.state;
  }

  /** Who the peer has proven to be by its certificate, while it is connected; `undefined` otherwise, and without mutual TLS. */
  get identity(): PeerIdentity | undefined {
    this.#follow();
    return this.#reconnector.link?.identity;
  }

  /** Counters of this connection; reading them costs, keeping them does not. */
  stats(): ConnectionStats {
    this.#follow();
    return this.#peer.stats();
  }

  /**
   * Calls back at each change of state, also when a new connection replaces
   * one that is lost; one that is renewed stays `connected` and is no news. After
   * `closed` there is none.
   *
   * @returns A function that ends that.
   */
  onStateChange(listener: (state: ConnectionState, connection: Connection) => void): () => void {
    func("listener", listener);
    this.#follow();
    return this.#peer.onStateChange((state) => listener(state, this));
  }

  /**
   * Waits until the connection is made.
   *
   * @param options How long, and what ends the waiting.
   * @throws {InternodeError} `Unreachable` when the time is up, `NotListed` when the host leaves, `Closed` when the manager closes; the signal's reason when it aborts.
   */
  waitForConnect(options: WaitOptions = {}): Promise<void> {
    this.#follow();
    return untilConnected(this.#peer, this.#node.options.clock, options);
  }

  /**
   * Makes a single request.
   *
   * While the connection is being made the request waits; while the peer is
   * known to be down it fails at once, unless `waitForReady` is set. A
   * `Uint8Array` of more than 8 KiB must not be changed until the call ends.
   *
   * @param contract What both sides agreed on.
   * @param request What the handler gets.
   * @param options Time-out, signal, subroute, metadata.
   * @returns The response. Rejects with the signal's reason when that aborts, else with an `InternodeError`.
   */
  request<Request, Response>(
    contract: SingleContract<Request, Response>,
    request: NoInfer<Request>,
    options: CallOptions = NO_OPTIONS,
  ): Promise<Response> {
    if (this.#reconnector.link === null) this.#follow();
    // So short that V8 makes no function of it, and no memory for one.
    return new Promise((resolve, reject) => {
      this.#start(contract, request, options, resolve, reject);
    });
  }

  #start<Request, Response>(
    contract: SingleContract<Request, Response>,
    request: Request,
    options: CallOptions,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ): void {
    checkCalled(contract, "single", options);
    const { into, subroute, within } = options;
    const answered = into === undefined ? contract : withArray(contract, into);
    const call = new PendingRequest(answered, this.#delegate, subroute, resolve, reject);
    const given = within === undefined ? options : this.#enclosed(options, within);
    this.#make(call, contract, request, given);
  }

  #enclosed(options: CallOptions, within: EnclosingCall, defaultTimeoutMs?: number): CallOptions {
    const { clock, defaultTimeoutMs: usualMs } = this.#node.options;
    return enclosedOptions(options, within, clock, defaultTimeoutMs ?? usualMs);
  }

  /**
   * Opens a stream. What was said of {@linkcode Connection.request} about
   * waiting holds here too; a failure to open shows when the stream is used.
   *
   * @param contract What both sides agreed on.
   * @param initial What the handler gets with the opening.
   * @param given Time-out (for the whole stream; default: none), signal, subroute, metadata.
   * @returns The stream.
   */
  stream<Initial, Input, Output>(
    contract: StreamContract<Initial, Input, Output>,
    initial: NoInfer<Initial>,
    given: CallOptions = NO_OPTIONS,
  ): Stream<Input, Output> {
    checkCalled(contract, "stream", given);
    const { within } = given;
    const options = within === undefined ? given : this.#enclosed(given, within, Infinity);
    if (this.#reconnector.link === null) this.#follow();
    const { signal, timeoutMs = Infinity, subroute = "", lendOutputs = false } = options;
    const call = new OutgoingStream(contract, this.#delegate, subroute, lendOutputs);
    if (this.#prepareCall(call, timeoutMs, options, contract)) {
      const link = this.#reconnector.link;
      if (link !== null) {
        link.beginCall(call, timeoutMs);
        this.#open(link, call, contract, initial, options);
      } else {
        call.time = new CallTime(this.#node.options.clock.now(), timeoutMs);
        this.#peer.wait(call, options, (made) => {
          this.#open(made, call, contract, initial, options);
        });
      }
      if (signal !== undefined && call.state !== "ended") call.watch(signal);
    }
    return new Stream<Input, Output>(call, () => this.#delegate.beginTurn());
  }

  /** A host that has left may be a peer again. */
  #follow(): void {
    if (!this.#peer.hasLeft) return;
    const peer = this.#present();
    if (peer === undefined) return;
    this.#peer = peer;
    this.#reconnector = peer.reconnector;
    this.#delegate = new GridCallDelegate(this.#node, peer);
  }

  /** Sends the call now, or when there is a connection. */
  #make<Request, Response>(
    call: PendingRequest<Request, Response>,
    contract: SingleContract<Request, Response>,
    request: Request,
    options: CallOptions,
  ): void {
    const node = this.#node;
    const { signal, timeoutMs = node.options.defaultTimeoutMs } = options;
    const isPlain = options === NO_OPTIONS && !node.closing;
    if (!isPlain) {
      if (!this.#prepareCall(call, timeoutMs, options, contract)) return;
      call.tellTo(options);
    }
    const link = this.#reconnector.link;
    if (link !== null) {
      const nowMs = link.beginCall(call, timeoutMs);
      this.#request(link, nowMs, call, contract, request, options);
    } else {
      call.time = new CallTime(node.options.clock.now(), timeoutMs);
      this.#wait(call, contract, request, options);
    }
    if (signal !== undefined && call.state !== "ended") call.watch(signal);
  }

  /** By itself, as a function that makes a closure pays for it at each call. */
  #wait<Request, Response>(
    call: PendingRequest<Request, Response>,
    contract: SingleContract<Request, Response>,
    request: Request,
    options: CallOptions,
  ): void {
    this.#peer.wait(call, options, (link) => {
      this.#request(link, link.beginTurn(), call, contract, request, options);
    });
  }

  /** Checks what can be checked at once; a call that fails here is ended. */
  #prepareCall(
    call: FallibleCall,
    timeoutMs: number,
    options: CallOptions,
    contract: AnyContract,
  ): boolean {
    const { signal, subroute, into, lendOutputs } = options;
    let failure: InternodeError;
    const notSignal = signal === undefined ? null : signalProblem(signal);
    if (notSignal !== null) {
      failure = notSignal;
    } else if (hasAborted(signal)) {
      call.state = "ended";
      call.fail(reasonOf(signal));
      return false;
    } else if (subroute !== undefined && nameProblem(subroute, 0) !== null) {
      failure = invalidArgument(
        `a subroute has at most ${MAX_NAME_BYTES} bytes of UTF-8; this one ${
          nameProblem(subroute, 0)
        }`,
      );
    } else if (this.#node.closing) {
      failure = managerCloses();
    } else {
      const problem = optionProblem(options, timeoutMs) ?? arrayProblem(contract, into) ??
        lendingProblem(contract, lendOutputs) ?? callbackProblem(contract.kind, options);
      if (problem === null) {
        call.priority = rankOf(options.priority);
        return true;
      }
      failure = problem;
    }
    call.state = "ended";
    call.onError(failure, null);
    return false;
  }

  #request<Request, Response>(
    link: Link,
    nowMs: number,
    call: PendingRequest<Request, Response>,
    contract: SingleContract<Request, Response>,
    request: Request,
    options: CallOptions,
  ): void {
    try {
      const number = this.#nameNumber(link, contract, options.subroute, nowMs);
      const metadata = withTraceContext(options.metadata, call.span);
      link.session.outgoing.request(call, number, contract.request, request, metadata, nowMs);
      const { spinUs = this.#node.options.spinUs } = options;
      if (spinUs > 0) link.spinFor(call, spinUs);
    } catch (error) {
      call.state = "ended";
      call.onError(error, null);
    }
  }

  #open<Initial, Input, Output>(
    link: Link,
    call: OutgoingStream<Initial, Input, Output>,
    contract: StreamContract<Initial, Input, Output>,
    initial: Initial,
    options: CallOptions,
  ): void {
    const { metadata, subroute } = options;
    call.openOn(
      link,
      initial,
      metadata,
      (nowMs) => this.#nameNumber(link, contract, subroute, nowMs),
    );
  }

  #nameNumber(
    link: Link,
    contract: AnyContract,
    subroute: string | undefined,
    nowMs: number,
  ): number {
    const { outgoing } = link.session;
    return subroute === undefined || subroute === ""
      ? outgoing.keyNumber(contract, contract.name, nowMs)
      : outgoing.nameNumber(contract.name, subroute, nowMs);
  }
}

/** A call that can fail with something that is not an error of ours. */
interface FallibleCall extends OutgoingCall {
  fail(failure: unknown): void;
}

/** What calls ask of their connection: the grid's part. */
class GridCallDelegate implements RequestDelegate {
  readonly host: string;
  readonly traces: CallTraces;
  readonly spans: Tracer | null;
  readonly figures: FaceFigures;
  readonly answers: AnswerTeller;
  readonly #node: GridNode;
  readonly #peer: GridPeer;
  #ofHost: HostFigures | null = null;

  constructor(node: GridNode, peer: GridPeer) {
    this.host = peer.host;
    this.traces = node.traces;
    this.spans = node.options.tracer;
    this.answers = node.answers;
    this.figures = node.serving.figures;
    this.#node = node;
    this.#peer = peer;
  }

  figuresOf(contract: AnyContract): CallFigures {
    return (this.#ofHost ??= new HostFigures(this.figures, "client", this.host)).of(contract);
  }

  now(): number {
    return this.#node.options.clock.now();
  }

  beginTurn(): number {
    return this.#peer.reconnector.link?.beginTurn() ?? this.now();
  }

  abort(call: OutgoingCall, reason: unknown): void {
    this.#peer.abort(call, reason);
  }
}
