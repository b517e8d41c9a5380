/**
 * Interceptors around the calls that are made.
 *
 * @module
 */

import { hasAborted, reasonOf, signalProblem } from "../../foreign/signal.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { AnswerTeller } from "../calling/answer_callbacks.ts";
import { callFailure } from "../calling/call_failure.ts";
import { type EnclosableOptions, enclosedOptions } from "../calling/enclosed_options.ts";
import { Stream } from "../calling/stream.ts";
import { optionProblem } from "../contract/call_options.ts";
import type { AnyContract, SingleContract, StreamContract } from "../contract/contract.ts";
import type { ClientCall } from "../contract/interceptor.ts";
import type { ChangeableOptions, PlacedCall } from "./client_run.ts";
import type { Chain } from "./interceptor_chain.ts";
import { OpenRuns } from "./open_runs.ts";
import { type MakeRequest, RequestRun } from "./request_run.ts";
import { type OpenStream, StreamRun } from "./stream_run.ts";

/** The interceptors of a node or client, and the calls that they have. */
export class ClientChain {
  readonly #chain: Chain<ClientCall>;
  readonly #runs: OpenRuns;

  constructor(chain: Chain<ClientCall>, clock: Clock, answers: AnswerTeller) {
    this.#chain = chain;
    this.#runs = new OpenRuns(clock, answers);
  }

  /** Ends all calls that are left. */
  close(error: unknown): void {
    this.#runs.close(error);
  }

  /** The options with what a call takes over from the one around it, if there is one. */
  enclosed<Options extends EnclosableOptions>(options: Options, defaultTimeoutMs: number): Options {
    const { within } = options;
    if (within === undefined) return options;
    return enclosedOptions(options, within, this.#runs.clock, defaultTimeoutMs);
  }

  /**
   * Makes a request.
   *
   * @param make Makes the call without interceptors.
   * @returns The response; rejects also for what cannot be called.
   */
  async request<Request, Response, Options extends ChangeableOptions>(
    placed: PlacedCall<SingleContract<Request, Response>, Options>,
    request: Request,
    make: MakeRequest<Request, Response, Options>,
  ): Promise<Response> {
    const problem = problemOf(placed);
    if (problem !== null) throw problem.error;
    return await new RequestRun(placed, this.#runs, make).start(this.#chain, request);
  }

  /**
   * Opens a stream.
   *
   * @param open Opens it without interceptors.
   * @returns The stream; a failure to open shows when it is used.
   */
  stream<Initial, Input, Output, Options extends ChangeableOptions>(
    placed: PlacedCall<StreamContract<Initial, Input, Output>, Options>,
    initial: Initial,
    open: OpenStream<Initial, Input, Output, Options>,
  ): Stream<Input, Output> {
    const problem = problemOf(placed), run = new StreamRun(placed, this.#runs, open);
    if (problem === null) run.start(this.#chain, initial);
    else run.fail(problem.error);
    return new Stream(run, () => 0);
  }
}

/** Why a call cannot be made, and does not come to interceptors; `null`: it can. */
function problemOf(
  { contract, host, options, timeoutMs }: PlacedCall<AnyContract, ChangeableOptions>,
): { readonly error: unknown } | null {
  const { signal } = options;
  const notSignal = signal === undefined ? null : signalProblem(signal);
  if (notSignal === null && hasAborted(signal)) return { error: reasonOf(signal) };
  const problem = notSignal ?? optionProblem(options, timeoutMs);
  return problem === null ? null : { error: callFailure(problem, host, contract, null) };
}
