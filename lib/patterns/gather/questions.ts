/**
 * The questions that can be put to many: a request, or whatever a function asks.
 *
 * @module
 */

import { promiseOf } from "../../foreign/thenable.ts";
import type { CallOptions } from "../../rpc/contract/call_options.ts";
import type { AskOptions, SharedCallOptions } from "./gather_options.ts";
import type { Question } from "./gathering.ts";
import { type Called, type Encoding, type SharedCalled, sharedOf } from "./shared_encoding.ts";

/** How long functions may take, in milliseconds. */
export const FUNCTION_TIMEOUT_MS: number = 60_000;

/** Anything that requests are made to. */
export interface AnyTarget {
  readonly host: string;
  request(called: never, request: never, options: CallOptions): Promise<unknown>;
}

/** A request, the same to each. */
export class RequestQuestion implements Question {
  readonly what: string;
  readonly hosts: readonly string[];
  readonly isForeign = false;
  readonly #targets: readonly AnyTarget[];
  readonly #called: object;
  readonly #shared: SharedCalled | null;
  readonly #encoding: Encoding<unknown>;
  readonly #given: SharedCallOptions;
  #options: CallOptions | null = null;

  /**
   * @param called A contract or a method.
   * @param given What all calls have in common.
   */
  constructor(
    targets: readonly AnyTarget[],
    called: Called,
    request: unknown,
    given: SharedCallOptions,
  ) {
    this.what = "contract" in called ? called.contract.name : called.name;
    this.hosts = targets.map(({ host }) => host);
    this.#targets = targets;
    this.#shared = targets.length < 2 ? null : sharedOf(called);
    this.#called = this.#shared === null ? called : this.#shared.called;
    this.#encoding = { value: request, bytes: null };
    this.#given = given;
  }

  ask(index: number, signal: AbortSignal, timeoutMs: number | undefined): unknown {
    let options = this.#options;
    if (options === null || options.timeoutMs !== timeoutMs) {
      const { metadata, spinUs, subroute, values, waitForReady, within } = this.#given;
      const shared = { metadata, spinUs, subroute, values, waitForReady, within };
      options = this.#options = { ...shared, signal, timeoutMs };
    }
    const target = this.#targets[index]!, shared = this.#shared, encoding = this.#encoding;
    if (shared === null) {
      return target.request(this.#called as never, encoding.value as never, options);
    }
    const { codec } = shared, before = codec.current;
    codec.current = encoding;
    try {
      return target.request(this.#called as never, encoding.value as never, options);
    } finally {
      // A codec of the user's may ask others in the middle of it.
      codec.current = before;
    }
  }
}

/** What a function asks each. */
export class FunctionQuestion<Target extends { readonly host: string }> implements Question {
  readonly what = "gather";
  readonly hosts: readonly string[];
  readonly isForeign = true;
  readonly #targets: readonly Target[];
  readonly #ask: (target: Target, options: AskOptions) => unknown;

  constructor(
    targets: readonly Target[],
    ask: (target: Target, options: AskOptions) => unknown,
  ) {
    this.hosts = targets.map(({ host }) => host);
    this.#targets = targets;
    this.#ask = ask;
  }

  ask(index: number, signal: AbortSignal, timeoutMs: number = Infinity): unknown {
    const target = this.#targets[index]!;
    return promiseOf(() => this.#ask.call(undefined, target, { signal, timeoutMs }));
  }
}
