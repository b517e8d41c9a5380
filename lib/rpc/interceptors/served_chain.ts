/**
 * Interceptors around handlers.
 *
 * @module
 */

import type { ErrorOutcome } from "../../errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { AnyContract, SingleContract, StreamContract } from "../contract/contract.ts";
import type {
  HandlerContext,
  SingleHandlerFunction,
  StreamHandlerFunction,
} from "../contract/handler.ts";
import type {
  CallResult,
  ServerCall,
  SingleCallPart,
  SingleResult,
  StreamCallPart,
  StreamResult,
} from "../contract/interceptor.ts";
import type { CallContext } from "../serving/call_context.ts";
import { auditRefused } from "../serving/call_record.ts";
import type { CallSource } from "../serving/call_source.ts";
import { isRefusal, RefusedCall } from "../serving/refused_call.ts";
import { handlerFailure, type HandlerInterceptors, type Serving } from "../serving/serving.ts";
import { CheckedMessages, type MessageOwner } from "./checked_messages.ts";
import { HandlerMessages } from "./handler_messages.ts";
import { type Chain, type InterceptedRun, RUN } from "./interceptor_chain.ts";
import { type Tracked, TrackedMessages } from "./tracked_messages.ts";

/** What is intercepted: the calls of one connection under one name. */
interface ServedPlace<Contract extends AnyContract> {
  /** The interceptors. */
  readonly chain: Chain<ServerCall>;
  /** What both sides agreed on. */
  readonly contract: Contract;
  /** What handlers need of their node. */
  readonly serving: Serving;
  /** The connection. */
  readonly source: CallSource;
}

/** The interceptors of a node or server. */
export class ServedChain implements HandlerInterceptors {
  readonly #chain: Chain<ServerCall>;

  constructor(chain: Chain<ServerCall>) {
    this.#chain = chain;
  }

  /** See {@linkcode HandlerInterceptors}. */
  single<Request, Response>(
    contract: SingleContract<Request, Response>,
    handler: SingleHandlerFunction<Request, Response>,
    serving: Serving,
    source: CallSource,
  ): SingleHandlerFunction<Request, Response> {
    const place = { chain: this.#chain, contract, serving, source };
    return (request, context) =>
      new ServedRequest(place, context as CallContext, handler).start(request);
  }

  /** See {@linkcode HandlerInterceptors}. */
  stream<Initial, Input, Output>(
    contract: StreamContract<Initial, Input, Output>,
    handler: StreamHandlerFunction<Initial, Input, Output>,
    serving: Serving,
    source: CallSource,
  ): StreamHandlerFunction<Initial, Input, Output> {
    const place = { chain: this.#chain, contract, serving, source };
    const intercepted = (
      initial: Initial,
      input: AsyncIterableIterator<Input>,
      context: HandlerContext,
    ): unknown => new ServedStream(place, context as CallContext, handler, input).start(initial);
    // A promise of outputs may come in their place.
    return intercepted as StreamHandlerFunction<Initial, Input, Output>;
  }
}

/** The same, if there are any. */
export function servedChainOf(chain: Chain<ServerCall> | null): ServedChain | null {
  return chain === null ? null : new ServedChain(chain);
}

/** One call on its way to its handler and back. */
abstract class ServedRun<Contract extends AnyContract> implements InterceptedRun<ServerCall> {
  protected readonly place: ServedPlace<Contract>;
  protected readonly context: CallContext;
  /** Whether the handler has begun. */
  protected hasRun = false;
  /** Whether the interceptors have ended the call: what the caller is told must stay true. */
  protected isOver = false;
  /** What the handler has thrown. */
  protected thrown: { readonly error: unknown } | null = null;

  constructor(place: ServedPlace<Contract>, context: CallContext) {
    this.place = place;
    this.context = context;
  }

  /** See {@linkcode InterceptedRun}. */
  get clock(): Clock {
    return this.place.serving.clock;
  }

  /** Runs the handler, unless the call has ended. */
  async proceed(call: ServerCall): Promise<CallResult> {
    if (call.kind !== this.place.contract.kind) throw this.misuse("changed the kind of the call");
    if (this.hasRun) throw this.misuse("called next twice");
    const { cancelReason } = this.context;
    if (cancelReason !== null) throw cancelReason;
    if (this.isOver) throw this.misuse("called next after the call had ended");
    this.hasRun = true;
    try {
      return await this.handle(call);
    } catch (error) {
      this.thrown = { error };
      throw error;
    }
  }

  /** No error of ours, as the caller is not to blame. */
  misuse(what: string): TypeError {
    return new TypeError(`An interceptor of ${this.place.contract.name} ${what}.`);
  }

  protected abstract handle(call: ServerCall): Promise<CallResult>;

  /** What all calls show. */
  protected get shown(): {
    readonly side: "server";
    readonly contract: AnyContract;
    readonly host: string;
    readonly subroute: string;
    readonly metadata: HandlerContext["metadata"];
    readonly values: HandlerContext["values"];
    readonly context: HandlerContext;
  } {
    const { place: { contract }, context } = this,
      { caller: host, subroute, metadata, values } = context;
    return { side: "server", contract, host, subroute, metadata, values, context };
  }

  /** What the caller is told of what was thrown: of the handler's own, what it would be told without interceptors. */
  protected failureOf(thrown: unknown): unknown {
    this.isOver = true;
    const { context, place: { contract, serving, source }, hasRun } = this;
    if (thrown !== null && (thrown === context.cancelReason || thrown === context.stopping)) {
      return thrown;
    }
    if (this.thrown !== null && thrown === this.thrown.error) return thrown;
    const outcome: ErrorOutcome = hasRun ? "executed" : "notExecuted";
    if (!isRefusal(thrown)) {
      if (hasRun) return thrown;
      const { error, detail } = handlerFailure(thrown, contract, null);
      return new RefusedCall(error, outcome, detail);
    }
    const refused = new RefusedCall(thrown, outcome, null);
    if (!hasRun) auditRefused(serving, contract, context.subroute, source, refused);
    return refused;
  }
}

class ServedRequest<Request, Response> extends ServedRun<SingleContract<Request, Response>> {
  readonly #handler: SingleHandlerFunction<Request, Response>;

  constructor(
    place: ServedPlace<SingleContract<Request, Response>>,
    context: CallContext,
    handler: SingleHandlerFunction<Request, Response>,
  ) {
    super(place, context);
    this.#handler = handler;
  }

  async start(request: Request): Promise<Response> {
    try {
      const call = { ...this.shown, kind: "single", request, [RUN]: this } as const;
      // It has been checked to be one of this kind.
      const result = await this.place.chain(call) as SingleResult;
      this.isOver = true;
      return result.response as Response;
    } catch (thrown) {
      throw this.failureOf(thrown);
    }
  }

  protected override async handle(call: ServerCall): Promise<CallResult> {
    // Both were checked to be of one kind.
    const { request } = call as SingleCallPart;
    const response = await this.#handler(request as Request, this.context);
    return { kind: "single", response };
  }
}

class ServedStream<Initial, Input, Output> extends ServedRun<StreamContract<Initial, Input, Output>>
  implements MessageOwner {
  /** The handler's outputs; `null` before it has begun. */
  made: HandlerMessages | null = null;
  readonly #handler: StreamHandlerFunction<Initial, Input, Output>;
  readonly #input: AsyncIterableIterator<Input>;
  readonly #inputs: Tracked<Input>;

  constructor(
    place: ServedPlace<StreamContract<Initial, Input, Output>>,
    context: CallContext,
    handler: StreamHandlerFunction<Initial, Input, Output>,
    input: AsyncIterableIterator<Input>,
  ) {
    super(place, context);
    this.#handler = handler;
    this.#input = input;
    this.#inputs = new TrackedMessages(input);
  }

  async start(initial: Initial): Promise<AsyncIterable<Output>> {
    try {
      const inputs = this.#inputs;
      const call = { ...this.shown, kind: "stream", initial, inputs, [RUN]: this } as const;
      const { outputs } = await this.place.chain(call) as StreamResult;
      if (outputs === this.made) return outputs as AsyncIterable<Output>;
      return new CheckedMessages(outputs as AsyncIterable<Output>, this);
    } catch (thrown) {
      void this.made?.return();
      throw this.failureOf(thrown);
    }
  }

  // deno-lint-ignore require-await -- what the handler throws becomes a rejection
  protected override async handle(call: ServerCall): Promise<CallResult> {
    const { initial, inputs } = call as StreamCallPart;
    const returned: unknown = this.#handler(
      initial as Initial,
      this.#inputsOf(inputs as AsyncIterable<Input>),
      this.context,
    );
    const made = this.made = new HandlerMessages(returned, () => this.context.cancelReason);
    return { kind: "stream", outputs: made };
  }

  /** The inputs as the handler gets them: untouched ones without a detour. */
  #inputsOf(given: AsyncIterable<Input>): AsyncIterableIterator<Input> {
    const made = this.#inputs;
    if (given === made) return this.#input;
    return new CheckedMessages(given, { made, failureOf: (thrown) => thrown, onMessagesEnd() {} });
  }

  /** See {@linkcode MessageOwner}. */
  override failureOf(thrown: unknown): unknown {
    const { made } = this;
    return made !== null && made.state === "failed" && thrown === made.failure
      ? thrown
      : super.failureOf(thrown);
  }

  /** See {@linkcode MessageOwner}: the run of the handler knows. */
  onMessagesEnd(): void {}
}
