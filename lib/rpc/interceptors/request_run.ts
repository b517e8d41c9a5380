/**
 * A single request on its way through the interceptors of its caller.
 *
 * @module
 */

import { type Metadata, NO_METADATA } from "../../session/frames/metadata.ts";
import { hasCallbacks, type ToldMetadata } from "../calling/answer_callbacks.ts";
import type { SingleContract } from "../contract/contract.ts";
import type { CallResult, ClientCall, SingleResult } from "../contract/interceptor.ts";
import { type ChangeableOptions, ClientRun, type PlacedCall } from "./client_run.ts";
import { type Chain, RUN } from "./interceptor_chain.ts";
import type { OpenRuns } from "./open_runs.ts";

/** Makes the call that the last interceptor has passed on. */
export type MakeRequest<Request, Response, Options> = (
  request: Request,
  options: Options,
) => Promise<Response>;

/** The end of one call that an interceptor has passed on. */
interface Answer {
  /** The result, or what it has failed with. */
  readonly end: unknown;
  readonly isFailure: boolean;
  readonly told: ToldMetadata;
}

/** A promise of a response, which is settled by the deadline whatever interceptors do. */
export class RequestRun<Request, Response, Options extends ChangeableOptions>
  extends ClientRun<SingleContract<Request, Response>, Options> {
  readonly #make: MakeRequest<Request, Response, Options>;
  readonly #promise: PromiseWithResolvers<Response> = Promise.withResolvers();
  /** What the caller may be told of: nothing is kept for a caller who does not want to be. */
  readonly #answers: Answer[] = [];
  #underWay = 0;
  #isLate = false;

  constructor(
    placed: PlacedCall<SingleContract<Request, Response>, Options>,
    runs: OpenRuns,
    make: MakeRequest<Request, Response, Options>,
  ) {
    super(placed, runs);
    this.#make = make;
  }

  /** Starts the call. */
  start(chain: Chain<ClientCall>, request: Request): Promise<Response> {
    this.open();
    if (this.ended === null) {
      chain({ ...this.shown, kind: "single", request, [RUN]: this }).then(
        // It has been checked to be one of this kind.
        (result) => this.#succeed(result as SingleResult),
        (error) => {
          this.#tell(error, true);
          this.fail(error);
        },
      );
    }
    return this.#promise.promise;
  }

  /** Makes the call: again, if the interceptors want it. */
  override async proceed(call: ClientCall): Promise<CallResult> {
    if (this.ended !== null) throw this.ended.error ?? this.misuse("called next after its end");
    if (call.kind !== "single") throw this.misuse("changed the kind of the call");
    this.#underWay++;
    let headers: Metadata | null = null, trailers: Metadata | null = null;
    const options = {
      ...this.optionsOf(call),
      onHeaders: (given: Metadata): void => void (headers = given),
      onTrailers: (given: Metadata): void => void (trailers = given),
    };
    try {
      const response = await this.#make(call.request as Request, options);
      this.note("executed");
      const result: SingleResult = {
        kind: "single",
        response,
        headers: headers ?? NO_METADATA,
        trailers: trailers ?? NO_METADATA,
      };
      this.#keep(result, false, headers, trailers);
      return result;
    } catch (error) {
      this.noteFailure(error);
      this.#keep(error, true, headers, trailers);
      throw error;
    } finally {
      this.#underWay--;
      if (this.#isLate) this.#failSoon();
    }
  }

  /** What is under way ends at the same deadline, and says more of it. */
  override onLate(): void {
    this.#isLate = true;
    if (this.#underWay === 0) this.#failSoon();
  }

  /** Ends the call for its caller. */
  override fail(error: unknown): void {
    if (this.end(error)) this.#promise.reject(error);
  }

  #succeed(result: SingleResult): void {
    this.#tell(result, false);
    if (this.end(undefined)) this.#promise.resolve(result.response as Response);
  }

  #keep(
    end: unknown,
    isFailure: boolean,
    headers: Metadata | null,
    trailers: Metadata | null,
  ): void {
    if (!hasCallbacks(this.placed.options)) return;
    this.#answers.push({
      end,
      isFailure,
      told: {
        hasHeaders: headers !== null,
        hasTrailers: trailers !== null,
        headers: headers ?? NO_METADATA,
        trailers: trailers ?? NO_METADATA,
      },
    });
  }

  /** Tells of the answer that the caller gets; of the last of its kind, if an interceptor has made another end of it. */
  #tell(end: unknown, isFailure: boolean): void {
    if (this.ended !== null) return;
    const answer = this.#answers.findLast((each) => each.end === end) ??
      this.#answers.findLast((each) => each.isFailure === isFailure);
    if (answer !== undefined) this.runs.answers.tell(this.placed.options, answer.told);
  }

  /** After those interceptors that only pass on what they are told. */
  #failSoon(): void {
    this.runs.clock.soon(() => {
      if (this.#underWay === 0 && this.ended === null) this.fail(this.lateError(false));
    });
  }
}
