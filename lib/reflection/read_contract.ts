/**
 * Descriptions of contracts from outside: of another version, of a file.
 *
 * @module
 */

import {
  countAt,
  docsAt,
  type Given,
  itemsAt,
  objectAt,
  readDescription,
  textAt,
} from "../codec/description/read_description.ts";
import type { Description } from "../codec/description/description.ts";
import { invalidArgument } from "../errors.ts";
import { shown } from "../foreign/text_of.ts";
import type { ContractDescription, ServiceDescription } from "./contract_description.ts";

/**
 * Checks the description of a contract from outside, such as one that JSON has
 * carried. What is left of it is what this version knows.
 *
 * @param value Anything.
 * @returns The description, with nothing of `value` in it.
 * @throws {InternodeError} `InvalidArgument`, naming the path of what does not fit, and for a kind of contract that is not known.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readContract } from "@internode/grid/reflection";
 *
 * const text = `{"kind":"single","name":"a","request":{"type":"raw"},"response":{"type":"later"}}`;
 * const read = readContract(JSON.parse(text));
 * assertEquals(read.kind === "single" && read.response, { type: "custom", kind: "later" });
 * ```
 */
export function readContract(value: unknown): ContractDescription {
  const where = "the contract", given = objectAt(value, where);
  const kind = textAt(given, "kind", where);
  const { ["detail"]: detail, ["method"]: method } = given;
  const shared = {
    name: textAt(given, "name", where),
    ...docsAt(given, where),
    ...(detail === undefined ? {} : { detail: readDescription(detail) }),
    ...(method === undefined ? {} : { method: textAt(given, "method", where) }),
  };
  if (kind === "single") {
    const { ["idempotent"]: idempotent } = given;
    return {
      kind,
      ...shared,
      request: readDescription(given["request"]),
      response: readDescription(given["response"]),
      ...(typeof idempotent === "boolean" ? { idempotent } : {}),
    };
  }
  if (kind === "stream") {
    return {
      kind,
      ...shared,
      initial: readDescription(given["initial"]),
      ...direction(given, "input"),
      ...direction(given, "output"),
      inputCapacity: countAt(given, "inputCapacity", where),
      outputCapacity: countAt(given, "outputCapacity", where),
    };
  }
  throw invalidArgument(`A contract of kind ${shown(kind)} is not known to this version.`);
}

/**
 * Checks the descriptions of contracts and services from outside. Those of a
 * kind that is not known are left out.
 *
 * @param values Anything.
 * @returns The descriptions, with nothing of `values` in them.
 * @throws {InternodeError} `InvalidArgument`, naming the path of what does not fit.
 */
export function readContracts(values: unknown): (ContractDescription | ServiceDescription)[] {
  return itemsAt({ contracts: values }, "contracts", "the description").flatMap(
    (value): (ContractDescription | ServiceDescription)[] => {
      const given = objectAt(value, "the contract");
      switch (given["kind"]) {
        case "single":
        case "stream":
          return [readContract(given)];
        case "service":
          return [{
            kind: "service",
            name: textAt(given, "name", "the service"),
            ...docsAt(given, "the service"),
            methods: itemsAt(given, "methods", "the service").filter(isKnown).map(readContract),
          }];
        default:
          return [];
      }
    },
  );
}

function isKnown(method: unknown): boolean {
  const { ["kind"]: kind } = objectAt(method, "the method");
  return kind === "single" || kind === "stream";
}

function direction(given: Given, key: "input" | "output"): { [K in typeof key]?: Description } {
  return given[key] === undefined ? {} : { [key]: readDescription(given[key]) };
}
