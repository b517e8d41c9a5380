/**
 * One field of a record.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { DescribePart, FieldDescription } from "../description/description.ts";
import type { CompiledCodec } from "../format/compiled.ts";
import { quote } from "../format/problem.ts";
import { encodedText } from "../format/text.ts";

/** One field, compiled. */
export interface Field {
  /** Its name, in the object and on the wire. */
  readonly name: string;
  /** The name as MessagePack, head included. */
  readonly key: Uint8Array<ArrayBuffer>;
  /** What it carries. */
  readonly codec: CompiledCodec<unknown>;
  /** Whether it may be left out. */
  readonly optional: boolean;
  /** What its author says of it, where that is not said of what it carries. */
  readonly docs: string | undefined;
}

/**
 * Makes a field.
 *
 * @param name Its name.
 * @param codec What it carries.
 * @param optional Whether it may be left out.
 * @param docs What its author says of it, where that is not said of what it carries.
 * @returns The field.
 * @throws {InternodeError} `InvalidArgument` for a name over 65,535 bytes, or that is not well-formed.
 */
export function makeField(
  name: string,
  codec: CompiledCodec<unknown>,
  optional: boolean,
  docs?: string,
): Field {
  const key = encodedText(name);
  if (key === undefined) {
    throw invalidArgument(
      `The field name ${quote(name)} is over 65,535 bytes or has a lone surrogate.`,
    );
  }
  return { name, key, codec, optional, docs };
}

/**
 * Describes fields.
 *
 * @param fields In the contract's order.
 * @param part Describes what they carry.
 */
export function describeFields(fields: readonly Field[], part: DescribePart): FieldDescription[] {
  return fields.map(({ name, codec, optional, docs }) => {
    const described = part(codec);
    // A user's own codec that is optional says it itself.
    const value = optional && described.type === "optional" ? described.value : described;
    return {
      name,
      ...(optional ? { optional } : {}),
      ...(docs === undefined ? {} : { docs }),
      value,
    };
  });
}
