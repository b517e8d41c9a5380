/**
 * The errors that callers get.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import { PayloadKind } from "../../wire/frame.ts";
import type { AnyContract } from "../contract/contract.ts";
import { decodePayload } from "../contract/payload.ts";

/**
 * Adds host and handler to an error of the session, and the handler's detail if
 * the contract has a codec for it. Anything else, such as a signal's reason,
 * stays as it is.
 *
 * @param host The peer; empty if the call has reached none.
 */
export function callFailure(
  error: unknown,
  host: string,
  contract: AnyContract,
  detail: ByteReader | null,
): unknown {
  // Without a host, only what names no handler yet is news.
  if (!isOwnError(error) || host === "" && error.handler !== undefined) return error;
  const { code, origin, outcome, message, remoteName, remoteMessage } = error;
  const where = host === "" ? contract.name : `${contract.name} on ${host}`;
  return new InternodeError(code, `${where}: ${message}`, {
    origin,
    outcome,
    host: host === "" ? undefined : host,
    handler: contract.name,
    remoteName,
    remoteMessage,
    detail: detail === null || contract.detail === undefined
      ? undefined
      : readDetail(contract, detail),
    cause: error.cause ?? error,
  });
}

/** A detail that cannot be read must not hide the failure itself. */
function readDetail(contract: AnyContract, detail: ByteReader): unknown {
  try {
    return decodePayload(contract.detail!, PayloadKind.bytes, detail);
  } catch {
    return undefined;
  }
}
