/**
 * What a failing handler told, with its type.
 *
 * @module
 */

import { isOwnError } from "../../foreign/own_error.ts";
import type { SingleMethod, StreamMethod } from "./service.ts";

/**
 * Gives what the handler of a method told with a `HandlerError`.
 *
 * @param method The method that was called.
 * @param error What the call was rejected with.
 * @returns The detail, read by the method's `detail` codec; `undefined` for
 * any other error, for one of another method, or where the handler told none.
 *
 * @example
 * ```ts
 * import { client, failureDetail, method, service, type StubConnection } from "@internode/grid/call";
 * import * as t from "@internode/grid/codec";
 *
 * const Stock = service("stock", {
 *   take: method({
 *     request: t.uint(),
 *     response: t.uint(),
 *     detail: t.record({ missing: t.uint() }),
 *   }),
 * });
 *
 * export async function takeWhatThereIs(stock: StubConnection, wanted: number): Promise<number> {
 *   const { take } = client(Stock, stock);
 *   try {
 *     return await take(wanted);
 *   } catch (error) {
 *     const detail = failureDetail(Stock.methods.take, error);
 *     if (detail === undefined) throw error;
 *     return await take(wanted - detail.missing);
 *   }
 * }
 * ```
 */
export function failureDetail<Detail>(
  method:
    | SingleMethod<unknown, unknown, Detail>
    | StreamMethod<unknown, unknown, unknown, Detail>,
  error: unknown,
): Detail | undefined {
  return isOwnError(error) && error.code === "HandlerFailed" &&
      error.handler === method.contract.name
    ? error.detail as Detail | undefined
    : undefined;
}
