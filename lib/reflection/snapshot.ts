/**
 * Contracts as a file holds them, to be compared with later ones.
 *
 * @module
 */

import { invalidArgument } from "../errors.ts";
import { messageOf, shown } from "../foreign/text_of.ts";
import type { AnyContract } from "../rpc/contract/contract.ts";
import type { ContractDescription, ServiceDescription } from "./contract_description.ts";
import { type DescribableService, describe } from "./describe.ts";
import { readContracts } from "./read_contract.ts";

/**
 * Contracts to be compared or shown: contracts, services and descriptions of
 * either, or the text of a snapshot.
 */
export type ContractSet =
  | string
  | readonly (AnyContract | DescribableService | ContractDescription | ServiceDescription)[];

/** The number of the snapshots' format. */
const FORMAT = 1;

/**
 * Writes contracts as a snapshot: JSON, indented and with a line break at its
 * end, whose bytes are always the same for the same contracts. A directory of
 * versions keeps it, and `breaking` and `assertCompatible` read it.
 *
 * @param contracts The contracts.
 * @returns The text.
 * @throws {InternodeError} `InvalidArgument` for what are no contracts.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { single } from "@internode/grid";
 * import { breaking, snapshot } from "@internode/grid/reflection";
 *
 * const echo = single("echo");
 * assertEquals(breaking(snapshot([echo]), [echo]), []);
 * ```
 */
export function snapshot(contracts: ContractSet): string {
  return `${JSON.stringify({ format: FORMAT, contracts: descriptionsOf(contracts) }, null, 2)}\n`;
}

/**
 * The descriptions of contracts, however they are given. Those of a kind that
 * is not known are left out.
 *
 * @param contracts Contracts, services, descriptions, or the text of a snapshot.
 * @returns Their descriptions, the caller's own.
 * @throws {InternodeError} `InvalidArgument` for what are no contracts.
 */
export function descriptionsOf(
  contracts: ContractSet,
): (ContractDescription | ServiceDescription)[] {
  if (typeof contracts === "string") return readSnapshot(contracts);
  if (!Array.isArray(contracts)) {
    throw invalidArgument(
      `Contracts must be a list, or the text of a snapshot, not ${shown(contracts)}.`,
    );
  }
  return readContracts(contracts.map((one) => isCode(one) ? describe(one) : one));
}

/** Whether it is made by single, stream or service, and no description yet. */
function isCode(one: object): one is AnyContract | DescribableService {
  if (typeof one !== "object" || one === null) return false;
  if (!("kind" in one)) return true;
  const codec: unknown = "request" in one ? one.request : "initial" in one ? one.initial : null;
  return typeof codec === "object" && codec !== null && "encode" in codec;
}

function readSnapshot(text: string): (ContractDescription | ServiceDescription)[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`A snapshot of contracts is not JSON: ${messageOf(error)}.`);
  }
  if (typeof json !== "object" || json === null || !("format" in json)) {
    throw invalidArgument("A snapshot of contracts must be an object with format and contracts.");
  }
  if (json.format !== FORMAT) {
    throw invalidArgument(
      `A snapshot of contracts has the format ${
        shown(json.format)
      }, and this version reads ${FORMAT}.`,
    );
  }
  return readContracts("contracts" in json ? json.contracts : undefined);
}
