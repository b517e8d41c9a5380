/**
 * Puts interceptors around the calls of one that makes them.
 *
 * @module
 */

import type { CallOptions } from "../contract/call_options.ts";
import { checkCalled } from "../contract/call_options.ts";
import type { Stream } from "../calling/stream.ts";
import type { AnyContract, SingleContract, StreamContract } from "../contract/contract.ts";
import type { ClientChain } from "./client_chain.ts";
import type { ChangeableOptions } from "./client_run.ts";

/** Options with what is in those of either face. */
type FaceOptions = ChangeableOptions & Pick<CallOptions, "subroute">;

/** Whoever makes calls: of contracts, or of methods that have contracts. */
interface Caller<Single, Streaming> {
  request(called: Single, request: unknown, options?: object): Promise<unknown>;
  stream(called: Streaming, initial: unknown, options?: object): Stream<unknown, unknown>;
}

/**
 * Puts interceptors around all calls of a connection. They stand in for its
 * methods, so that a connection without interceptors has no part in this.
 *
 * @param caller The connection.
 * @param chain The interceptors.
 * @param host The peer; empty if replicas are chosen later.
 * @param defaultTimeoutMs How long a request may take unless it says otherwise.
 * @param contractOf The contract of what is called.
 */
export function interceptCalls<
  Single extends { readonly kind: string },
  Streaming extends { readonly kind: string },
>(
  caller: Caller<Single, Streaming>,
  chain: ClientChain,
  host: string,
  defaultTimeoutMs: number,
  contractOf: (called: Single | Streaming) => AnyContract,
): void {
  const request = caller.request.bind(caller), stream = caller.stream.bind(caller);
  caller.request = async (called, value, given: FaceOptions = NONE) => {
    checkCalled(called, "single", given);
    const options = chain.enclosed(given, defaultTimeoutMs);
    const { subroute = "", timeoutMs = defaultTimeoutMs } = options;
    // It has been checked to be one of this kind.
    const contract = contractOf(called) as SingleContract<unknown, unknown>;
    const placed = { contract, host, subroute, options, timeoutMs };
    return await chain.request(placed, value, (changed, now) => request(called, changed, now));
  };
  caller.stream = (called, initial, given: FaceOptions = NONE) => {
    checkCalled(called, "stream", given);
    const options = chain.enclosed(given, Infinity);
    const { subroute = "", timeoutMs = Infinity } = options;
    const contract = contractOf(called) as StreamContract<unknown, unknown, unknown>;
    const placed = { contract, host, subroute, options, timeoutMs };
    return chain.stream(placed, initial, (changed, now) => stream(called, changed, now));
  };
}

const NONE: FaceOptions = {};
