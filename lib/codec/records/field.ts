/**
 * One field of a record.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
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
}

/**
 * Makes a field.
 *
 * @param name Its name.
 * @param codec What it carries.
 * @param optional Whether it may be left out.
 * @returns The field.
 * @throws {InternodeError} `InvalidArgument` for a name over 65,535 bytes, or that is not well-formed.
 */
export function makeField(name: string, codec: CompiledCodec<unknown>, optional: boolean): Field {
  const key = encodedText(name);
  if (key === undefined) {
    throw invalidArgument(
      `The field name ${quote(name)} is over 65,535 bytes or has a lone surrogate.`,
    );
  }
  return { name, key, codec, optional };
}
