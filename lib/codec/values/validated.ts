/**
 * Values that a schema judges beyond their types.
 *
 * @module
 */

import { shown, textOf } from "../../foreign/text_of.ts";
import { disregard, thenOf } from "../../foreign/thenable.ts";
import type { Codec } from "../format/codec.ts";
import { asPart, CompiledCodec, Later } from "../format/compiled.ts";
import { fieldStep, Problem } from "../format/problem.ts";
import type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from "./standard_schema.ts";
import { invalidOption } from "../../foreign/option_checks.ts";
import { guard } from "../../foreign/guard.ts";

/** So many issues are told; the rest is counted. */
const MAX_ISSUES_SHOWN = 3;

/**
 * Values that a Standard Schema (zod, valibot, arktype, …) judges on the
 * receiving side, after they were read: patterns, ranges, rules between
 * fields. What the schema makes of a value is what the receiver gets, so it
 * may narrow the type (a branded string) or fill in defaults. The sender does
 * not validate.
 *
 * @typeParam T What the codec carries; the schema must take it.
 * @typeParam Output What the schema makes of it; the codec must be able to carry it.
 * @param codec Carries the value. Not optional or nothing: write `optional(validated(…))`.
 * @param schema Judges it, synchronously. A schema that answers with a promise is an error at the first value.
 * @returns The codec.
 * @throws {InternodeError} `InvalidArgument` for a codec whose value may be absent.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as t from "@internode/grid/codec";
 *
 * const isPort: t.StandardSchema<number> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "example",
 *     validate: (value) =>
 *       Number(value) < 65_536
 *         ? { value: Number(value) }
 *         : { issues: [{ message: "over 65535" }] },
 *   },
 * };
 * const Port = t.validated(t.uint(), isPort);
 * assert(t.fromBytes(Port, t.toBytes(Port, 9000)) === 9000);
 * ```
 */
export function validated<Input, Output, T extends Input>(
  codec: Codec<T>,
  schema: StandardSchema<Input, Output>,
): Codec<Output> {
  const part = asPart(codec, "validated()");
  const { validate, vendor } = guard(() => schema["~standard"], () => undefined) ?? {};
  if (typeof validate !== "function") {
    throw invalidOption("schema", `must be a Standard Schema, not ${shown(schema)}`);
  }
  return new CompiledCodec<Output>({
    fixedBytes: part.fixedBytes,
    describe: (describePart) => ({
      type: "validated",
      value: describePart(part),
      vendor: typeof vendor === "string" ? vendor : "unknown",
    }),
    // What is given to write is checked by the codec itself.
    write: new Later(() => part.finalWrite() as CompiledCodec<unknown>["write"]),
    read(reader, depth): Output {
      const result = validate(part.read(reader, depth));
      if (thenOf(result) !== null) {
        disregard(result);
        throw new Problem(
          `has a schema (of ${vendor}) that validates asynchronously, which a codec cannot wait for`,
        );
      }
      if (typeof result !== "object" || result === null) {
        throw new Problem(`has a schema (of ${vendor}) that returns no result`);
      }
      return accept(result as StandardSchemaResult<Output>);
    },
  });
}

function accept<Output>(result: StandardSchemaResult<Output>): Output {
  if (result.issues === undefined) return result.value;
  const { issues } = result;
  // The path of the first goes where paths go; those of the others stand beside them.
  const told = issues.slice(0, MAX_ISSUES_SHOWN).map((issue, i) => {
    const path = i === 0 ? "" : pathOf(issue).replace(/^\./, "");
    const text = textOf(issue);
    return path === "" ? text : `${path} ${text}`;
  });
  if (issues.length > MAX_ISSUES_SHOWN) {
    told.push(`and ${issues.length - MAX_ISSUES_SHOWN} more`);
  }
  const problem = new Problem(`is not valid: ${told.join("; ").replace(/\.$/, "")}`);
  if (issues[0] !== undefined) problem.path = pathOf(issues[0]);
  throw problem;
}

function pathOf(issue: StandardSchemaIssue): string {
  return (issue.path ?? []).map((step) => {
    const key = typeof step === "object" ? step.key : step;
    return typeof key === "number" ? `[${key}]` : fieldStep(String(key));
  }).join("");
}
