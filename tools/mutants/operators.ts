/**
 * Which operator stands in for which.
 *
 * @module
 */

import ts from "typescript";

/** What an operator becomes. */
export interface OperatorSwap {
  /** The other operator. */
  readonly other: string;
  /** Whether it is one of numbers, so that a text beside it means something else. */
  readonly numeric: boolean;
  /** Whether each of its sides can stand alone. */
  readonly parts: boolean;
}

const K = ts.SyntaxKind;
const LOGIC: readonly [ts.SyntaxKind, string][] = [
  [K.AmpersandAmpersandToken, "||"],
  [K.BarBarToken, "&&"],
];
const COMPARISONS: readonly [ts.SyntaxKind, string][] = [
  [K.LessThanToken, "<="],
  [K.LessThanEqualsToken, "<"],
  [K.GreaterThanToken, ">="],
  [K.GreaterThanEqualsToken, ">"],
  [K.EqualsEqualsEqualsToken, "!=="],
  [K.ExclamationEqualsEqualsToken, "==="],
];
const ARITHMETIC: readonly [ts.SyntaxKind, string][] = [
  [K.PlusToken, "-"],
  [K.MinusToken, "+"],
  [K.AsteriskToken, "/"],
  [K.SlashToken, "*"],
  [K.PercentToken, "*"],
  [K.PlusEqualsToken, "-="],
  [K.MinusEqualsToken, "+="],
  [K.LessThanLessThanToken, ">>"],
  [K.GreaterThanGreaterThanToken, "<<"],
  [K.GreaterThanGreaterThanGreaterThanToken, "<<"],
  [K.AmpersandToken, "|"],
  [K.BarToken, "&"],
  [K.CaretToken, "&"],
];

const SWAPS = new Map<ts.SyntaxKind, OperatorSwap>([
  ...LOGIC.map(([kind, other]) => [kind, { other, numeric: false, parts: true }] as const),
  ...COMPARISONS.map(([kind, other]) => [kind, { other, numeric: false, parts: false }] as const),
  ...ARITHMETIC.map(([kind, other]) => [kind, { other, numeric: true, parts: false }] as const),
]);

/** What an operator becomes; `undefined` where no other makes sense. */
export function operatorSwap(kind: ts.SyntaxKind): OperatorSwap | undefined {
  return SWAPS.get(kind);
}
