/**
 * Handlers of grids, for clients of services.
 *
 * @module
 */

import { flag, optionsOf, text } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import { invalidArgument } from "../../errors.ts";
import type { AnyContract, SingleContract, StreamContract } from "../../rpc/contract/contract.ts";
import { makeHandlerKey } from "./method_key.ts";
import type { AnyMethod, SingleMethod, StreamMethod } from "./service.ts";

/** How a handler of a grid is called. */
export interface GridMethodOptions {
  /** The subroute: which of the handler's names is called, such as one of its disks. Default: `""`. */
  readonly subroute?: string | undefined;
  /** Whether running it twice does no harm, so that a call whose fate is unknown is tried again. For single requests. Default: `false`. */
  readonly idempotent?: boolean | undefined;
}

/**
 * The method of a contract that a grid's nodes serve, for `request` of a
 * {@linkcode ServiceConnection} that leads to such a node. The node takes the
 * client as a guest, see `admin` of `@internode/grid/admin`, and serves it
 * where option `calls` of `admin` says so.
 *
 * @param contract The contract, as `Manager.handle` has it.
 * @param options Which handler, and whether it may be tried again.
 * @returns The method.
 * @throws {InternodeError} `InvalidArgument` for what is no contract.
 *
 * @example
 * ```ts
 * import { gridMethod, type ServiceConnection } from "@internode/grid/call";
 * import { single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 *
 * const free = single("disk.free", { response: t.uint() });
 * const freeOfSda = gridMethod(free, { subroute: "sda", idempotent: true });
 *
 * async function freeBytes(connection: ServiceConnection): Promise<number> {
 *   return await connection.request(freeOfSda, new Uint8Array());
 * }
 * console.log(freeBytes.name);
 * ```
 */
export function gridMethod<Request, Response, Detail>(
  contract: SingleContract<Request, Response, Detail>,
  options?: GridMethodOptions,
): SingleMethod<Request, Response, Detail>;
/**
 * The same for a contract of streams.
 *
 * @param contract The contract, as `Manager.handle` has it.
 * @param options Which handler.
 * @returns The method.
 * @throws {InternodeError} `InvalidArgument` for what is no contract.
 */
export function gridMethod<Initial, Input, Output, Detail>(
  contract: StreamContract<Initial, Input, Output, Detail>,
  options?: GridMethodOptions,
): StreamMethod<Initial, Input, Output, Detail>;
export function gridMethod(contract: AnyContract, options: GridMethodOptions = {}): AnyMethod {
  if (contract?.kind !== "single" && contract?.kind !== "stream") {
    throw invalidArgument(
      `gridMethod takes a contract made by single or stream, not ${shown(contract)}.`,
    );
  }
  const { subroute = "", idempotent } = optionsOf("gridMethod", options);
  const key = makeHandlerKey(contract.name, text("subroute", subroute)), { detail } = contract;
  const isSafe = flag("idempotent", idempotent, false);
  return contract.kind === "single"
    ? { kind: "single", key, contract, detail, idempotent: isSafe }
    : { kind: "stream", key, contract, detail, idempotent: false };
}
