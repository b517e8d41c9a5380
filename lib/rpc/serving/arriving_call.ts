/**
 * What requests and streams have in common as they arrive at their handler.
 *
 * @module
 */

import { memoryOf } from "../../codec/format/memory_cost.ts";
import { InternodeError } from "../../errors.ts";
import type { Metadata } from "../../session/frames/metadata.ts";
import type { ByteReader } from "../../wire/byte_reader.ts";
import type { AnyContract } from "../contract/contract.ts";
import { CallContext } from "./call_context.ts";
import { auditRefused, recordCall } from "./call_record.ts";
import type { CallSource } from "./call_source.ts";
import type { Serving } from "./serving.ts";

/**
 * Makes the context of a call whose payload was decoded.
 *
 * @param reader What it was decoded from.
 * @param bytes How many bytes it had.
 */
export function contextOf(
  serving: Serving,
  contract: AnyContract,
  source: CallSource,
  subroute: string,
  metadata: Metadata,
  deadlineMs: number,
  reader: ByteReader,
  bytes: number,
): CallContext {
  const context = new CallContext(serving, source, subroute, metadata, deadlineMs);
  context.record = recordCall(serving, contract, subroute, source.host, metadata);
  context.room = reader.room;
  const memory = memoryOf(reader, bytes);
  if (memory > 0) context.hold(memory);
  return context;
}

/**
 * Refuses a call for which there is no place, not even to wait.
 *
 * @param answer Tells its caller.
 */
export function refuseWaiting(
  serving: Serving,
  contract: AnyContract,
  source: CallSource,
  context: CallContext,
  answer: (error: InternodeError) => void,
): void {
  const what = contract.kind === "single" ? "calls" : "streams";
  const message =
    `Too many ${what} of ${contract.name} run and wait on this node already. Try again later.`;
  const error = new InternodeError("Overloaded", message, {
    origin: "remote",
    outcome: "notExecuted",
  });
  context.letGo();
  answer(error);
  context.record?.fail(error.code, error);
  auditRefused(serving, contract, context.subroute, source, error);
}
