/**
 * Outputs that are lent to the reader of a stream.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import { invalidOption } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import type { AnyContract } from "../contract/contract.ts";

/**
 * What is wrong with the option `lendOutputs` of a call.
 *
 * @param lendOutputs The given value; `undefined` if there is none.
 * @returns The call's failure; `null` if nothing is wrong.
 */
export function lendingProblem(
  contract: AnyContract,
  lendOutputs: unknown,
): InternodeError | null {
  if (lendOutputs === undefined || lendOutputs === false) return null;
  if (lendOutputs !== true) {
    return invalidOption("lendOutputs", `must be true or false, not ${shown(lendOutputs)}`);
  }
  if (contract.kind === "stream" && contract.outputCapacity > 0 && contract.output.raw === true) {
    return null;
  }
  return invalidOption("lendOutputs", "works only for streams whose outputs are raw bytes");
}
