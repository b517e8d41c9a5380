/**
 * What hosts say of their contracts.
 *
 * @module
 */

import type { AdminHandler } from "../../admin/describe_contract.ts";
import type { ContractDescription } from "../../reflection/contract_description.ts";
import { readContract } from "../../reflection/read_contract.ts";

/** The contract of a handler; `null` where its node cannot tell, or this version cannot read it. */
export function contractOfHandler({ description }: AdminHandler): ContractDescription | null {
  if (description === undefined) return null;
  try {
    return readContract(JSON.parse(description));
  } catch {
    return null;
  }
}

/** The contracts of handlers, each once. */
export function contractsOf(handlers: readonly AdminHandler[]): readonly ContractDescription[] {
  const contracts = handlers.map(contractOfHandler).filter((one) => one !== null);
  return [...new Map(contracts.map((one) => [`${one.kind} ${one.name}`, one])).values()];
}
