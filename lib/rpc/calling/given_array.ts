/**
 * Responses that are written into an array of the caller.
 *
 * @module
 */

import { counted } from "../../foreign/text_of.ts";
import type { Codec } from "../../codec/format/codec.ts";
import { InternodeError } from "../../errors.ts";
import type { AnyContract, SingleContract } from "../contract/contract.ts";
import { invalidOption } from "../../foreign/option_checks.ts";

/** A contract of raw bytes whose responses are written to the beginning of an array. */
export function withArray<Request, Response>(
  contract: SingleContract<Request, Response>,
  into: Uint8Array,
): SingleContract<Request, Response> {
  // Only calls of contracts of raw bytes can get here.
  return { ...contract, response: arrayCodec(into) as Codec<unknown> as Codec<Response> };
}

/**
 * What is wrong with the array that a caller has given for the response.
 *
 * @param into The given value; `undefined` if there is none.
 * @returns The call's failure; `null` if nothing is wrong.
 */
export function arrayProblem(contract: AnyContract, into: unknown): InternodeError | null {
  if (into === undefined) return null;
  if (contract.kind === "single" && contract.response.raw === true) {
    return into instanceof Uint8Array ? null : invalidOption("into", "must be a Uint8Array");
  }
  return invalidOption("into", "works only for single requests whose response is raw bytes");
}

function arrayCodec(into: Uint8Array): Codec<Uint8Array> {
  return {
    raw: true,
    encode: (value, writer) => writer.append(value),
    decode(reader): Uint8Array {
      const { remaining } = reader;
      if (remaining <= into.length) return into.subarray(0, reader.readInto(into));
      throw new InternodeError(
        "InvalidPayload",
        `it has ${counted(remaining, "byte")}, and the array given as \`into\` has ${into.length}`,
        { origin: "caller" },
      );
    },
  };
}
