/**
 * Handlers that are called by what their hosts say of them.
 *
 * @module
 */

import type { AdminClient } from "../../admin/admin_client.ts";
import type { AdminHandler } from "../../admin/describe_contract.ts";
import type { Description } from "../../codec/description/description.ts";
import { InternodeError } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { messageOf, sentence, textOf } from "../../foreign/text_of.ts";
import { contractOf } from "../../reflection/codec_of.ts";
import type { ContractDescription } from "../../reflection/contract_description.ts";
import { fromJson } from "../../reflection/json_value.ts";
import type { AnyContract } from "../../rpc/contract/contract.ts";
import { UsageError } from "../arguments/usage_error.ts";
import type { World } from "../world/world.ts";
import { contractOfHandler } from "../asking/described.ts";

/** A handler, ready to be called. */
export interface CalledHandler {
  /** What its host says of it. */
  readonly contract: ContractDescription;
  /** The contract to call it by, with its name on the wire. */
  readonly method: AnyContract;
  /** The request. */
  readonly request: unknown;
}

/** Finds a handler, and makes a request for it. */
export async function prepareCall(
  client: AdminClient,
  name: string,
  json: string | undefined,
  world: World,
): Promise<CalledHandler> {
  const handler = await handlerOf(client, name), contract = contractOfHandler(handler);
  if (contract === null) {
    throw new InternodeError(
      "InvalidArgument",
      `${client.address} does not say what ${quoted(name)} takes, as it runs another version.`,
    );
  }
  const request = await requestOf(json, contract, world);
  // The method of a service is known by another name on the wire.
  return { contract, method: { ...contractOf(contract), name: handler.wireName }, request };
}

/**
 * The handler of a name.
 *
 * @returns Rejects with an `InternodeError` that names those that there are.
 */
async function handlerOf(client: AdminClient, name: string): Promise<AdminHandler> {
  const { handlers: [handler] } = await client.describe({ handler: name });
  if (handler !== undefined) return handler;
  const { handlers } = await client.describe();
  const names = handlers.map((each) => each.name).join(", ");
  throw new InternodeError(
    "InvalidArgument",
    `${client.address} has no handler ${quoted(name)}. There are: ${names || "none"}.`,
  );
}

/** The request of a call, out of what was typed: JSON, `-` for the standard input, or nothing. */
async function requestOf(
  given: string | undefined,
  contract: ContractDescription,
  { terminal }: World,
): Promise<unknown> {
  const shape = contract.kind === "single" ? contract.request : contract.initial;
  if (given === undefined) {
    try {
      // Nothing, an empty record, or bytes of which there are none.
      return fromJson(shape, shape.type === "nothing" ? null : shape.type === "raw" ? "" : {});
    } catch {
      throw new UsageError(
        `${contract.name} takes a request: give it as JSON. "describe --handler ${contract.name}" shows its shape.`,
      );
    }
  }
  let text = given;
  if (given === "-") {
    const decoder = new TextDecoder();
    text = "";
    for await (const bytes of terminal.input()) text += decoder.decode(bytes, { stream: true });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`The request is no JSON: ${messageOf(error)}.`);
  }
  return valueOf(shape, json, "The request");
}

/**
 * A value of what was typed.
 *
 * @param what What it is, for the error.
 * @throws {UsageError} For JSON of another shape.
 */
export function valueOf(shape: Description, json: unknown, what: string): unknown {
  try {
    return fromJson(shape, json);
  } catch (error) {
    throw new UsageError(
      `${what} does not fit: ${sentence(textOf(error).replace(/^Cannot read JSON: /, ""))}`,
    );
  }
}

/** Metadata out of `KEY=VALUE`. */
export function metadataOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(given.map((each) => {
    const at = each.indexOf("=");
    if (at > 0) return [each.slice(0, at), each.slice(at + 1)] as const;
    throw new UsageError(`--meta must be KEY=VALUE, not ${quoted(each)}.`);
  }));
}
