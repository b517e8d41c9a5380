/**
 * A difference between an old and a new contract.
 *
 * @module
 */

/**
 * What a difference is about.
 *
 * - `added`, `removed`: a contract, an optional field or a detail
 * - `kind`: a request became a stream, a direction of a stream came or went
 * - `capacity`: how many messages of a stream may be under way
 * - `idempotent`: whether a call may be repeated
 * - `type`: another kind of value
 * - `missing`: a field that one side needs and the other may not send
 * - `optional`, `nullable`: a value that one side may leave out, or send as `null`
 * - `value`, `variant`: a text of an enumeration, a variant of a union
 * - `limit`: sizes, counts and depths
 * - `validated`: a schema that judges values
 */
export type ChangeReason =
  | "added"
  | "removed"
  | "kind"
  | "capacity"
  | "idempotent"
  | "type"
  | "missing"
  | "optional"
  | "nullable"
  | "value"
  | "variant"
  | "limit"
  | "validated";

/** A difference between an old and a new contract. */
export interface ContractChange {
  /** The contract's name. */
  readonly contract: string;
  /** Where in the contract: `request.resources[].name`. Empty: the contract itself. */
  readonly path: string;
  /** Whether nodes with the old and with the new contract understand each other, in both directions. */
  readonly compatible: boolean;
  /** What it is about. */
  readonly reason: ChangeReason;
  /** What happens between old and new nodes, as a sentence without its full stop. */
  readonly text: string;
}

/**
 * Writes changes for people, one on each line: those that break first.
 *
 * @param changes Found by `breaking`.
 * @returns The lines; empty if there are no changes.
 */
export function changesText(changes: readonly ContractChange[]): string {
  const lines = (compatible: boolean): string[] =>
    changes.filter((change) => change.compatible === compatible).map((
      { contract, path, text },
    ) =>
      `${compatible ? "compatible" : "breaking"}: ${contract}${
        path === "" ? "" : ` ${path}`
      }: ${text}`
    );
  return [...lines(false), ...lines(true)].join("\n");
}
