/**
 * The detail of a failing handler, with its type.
 *
 * @module
 */

import type { Codec } from "../../codec/format/codec.ts";
import { isOwnError } from "../../foreign/own_error.ts";

/**
 * Returns the detail of a handler's `HandlerError`.
 *
 * @typeParam Detail The type of the `detail` codec.
 * @param called The contract, or the method of a service, that was called.
 * @param error The error that the call was rejected with.
 * @returns The detail, read by the contract's `detail` codec; `undefined` for
 * any other error, for one of another handler, or if the handler gave none.
 *
 * @example A contract of the grid
 * ```ts
 * import { failureDetail, HandlerError, Manager, single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const take = single("stock.take", {
 *   request: t.uint(),
 *   response: t.uint(),
 *   detail: t.record({ missing: t.uint() }),
 * });
 * const hosts = ["memory://depot", "memory://shop"] as const;
 * await using depot = new Manager({ local: hosts[0], hosts });
 * await using shop = new Manager({ local: hosts[1], hosts });
 * depot.handle(take, (wanted) => {
 *   throw new HandlerError("not enough in stock", { missing: wanted - 3 });
 * });
 * await Promise.all([depot.listen(), shop.listen()]);
 * await shop.waitForConnect();
 * const missing = await shop.connection(hosts[0]).request(take, 5, { timeoutMs: 500 }).then(
 *   () => 0,
 *   (error) => failureDetail(take, error)?.missing,
 * );
 * assertEquals(missing, 2);
 * ```
 *
 * @example A method of a service
 * ```ts
 * import { client, failureDetail, method, service, type ServiceConnection } from "@internode/grid/call";
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
 * export async function takeWhatThereIs(stock: ServiceConnection, wanted: number): Promise<number> {
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
  called:
    | { readonly name: string; readonly detail: Codec<Detail> | undefined }
    | {
      readonly contract: { readonly name: string };
      readonly detail?: Codec<Detail> | undefined;
    },
  error: unknown,
): Detail | undefined {
  const { name } = "contract" in called ? called.contract : called;
  return isOwnError(error) && error.code === "HandlerFailed" && error.handler === name
    ? error.detail as Detail | undefined
    : undefined;
}
