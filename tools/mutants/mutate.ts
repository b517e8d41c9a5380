/**
 * All mutants of a source file, found in its syntax tree.
 *
 * @module
 */

import ts from "typescript";
import type { Mutant } from "./mutant.ts";
import { operatorSwap } from "./operators.ts";

/** What stands in the place of a node. */
interface Change {
  readonly node: ts.Node;
  readonly replacement: string;
  /** What was done; without it, the two texts are shown. */
  readonly change?: string;
}

/**
 * Makes every mutant of a file, in the order of its lines. Types, imports and
 * texts are left alone.
 *
 * @param file The file, from the repository's root on.
 * @param text What stands in it.
 */
export function mutate(file: string, text: string): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lines = text.split("\n");
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) {
      return;
    }
    for (const change of changesOf(node, source)) mutants.push(toMutant(change));
    node.forEachChild(visit);
  };
  const toMutant = ({ node, replacement, change }: Change): Mutant => {
    const start = node.getStart(source), line = source.getLineAndCharacterOfPosition(start).line;
    return {
      file,
      line: line + 1,
      lineText: lines[line]!.trim(),
      change: change ?? `\`${short(node.getText(source))}\` became \`${short(replacement)}\``,
      start,
      end: node.end,
      replacement,
    };
  };
  visit(source);
  return mutants;
}

function changesOf(node: ts.Node, source: ts.SourceFile): Change[] {
  if (ts.isIfStatement(node)) return [...negated(node.expression, source), ...withoutGuard(node)];
  if (ts.isWhileStatement(node)) return negated(node.expression, source);
  if (ts.isConditionalExpression(node)) return negated(node.condition, source);
  if (ts.isExpressionStatement(node)) return withoutStatement(node);
  if (ts.isBinaryExpression(node)) return otherOperator(node, source);
  if (ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)) {
    return otherUnary(node, source);
  }
  if (ts.isPropertyAccessExpression(node)) return otherBound(node);
  return otherConstant(node);
}

/** A condition the other way round, unless that is what the change of its operator does already. */
function negated(condition: ts.Expression, source: ts.SourceFile): Change[] {
  if (ts.isPrefixUnaryExpression(condition)) return [];
  if (ts.isBinaryExpression(condition) && isEquality(condition.operatorToken.kind)) return [];
  return [{ node: condition, replacement: `!(${condition.getText(source)})` }];
}

/** An `if` whose only end is to leave: what it guards is then done regardless. */
function withoutGuard(node: ts.IfStatement): Change[] {
  if (node.elseStatement !== undefined || !leaves(node.thenStatement)) return [];
  return [{ node, replacement: ";", change: "the guard was removed" }];
}

function leaves(statement: ts.Statement): boolean {
  if (ts.isBlock(statement)) return statement.statements.some(leaves);
  return ts.isReturnStatement(statement) || ts.isThrowStatement(statement) ||
    ts.isContinueStatement(statement) || ts.isBreakStatement(statement);
}

/** Calls and assignments that stand alone; not what a constructor sets up, without which nothing works. */
function withoutStatement(node: ts.ExpressionStatement): Change[] {
  const { expression } = node;
  if (
    ts.isCallExpression(expression) && expression.expression.kind === ts.SyntaxKind.SuperKeyword
  ) {
    return [];
  }
  const { parent } = node;
  const isSetUp = ts.isBlock(parent) && ts.isConstructorDeclaration(parent.parent);
  if (isSetUp && ts.isBinaryExpression(expression)) return [];
  return [{ node, replacement: ";", change: "the statement was removed" }];
}

function otherOperator(node: ts.BinaryExpression, source: ts.SourceFile): Change[] {
  const { left, right, operatorToken } = node;
  const swap = operatorSwap(operatorToken.kind);
  if (swap === undefined || (swap.numeric && (isText(left) || isText(right)))) return [];
  const changes: Change[] = [{ node: operatorToken, replacement: swap.other }];
  if (swap.parts) {
    const whole = node.getText(source);
    for (const [part, name] of [[left, "right"], [right, "left"]] as const) {
      changes.push({
        node,
        replacement: part.getText(source),
        change: `the ${name} part of \`${short(whole)}\` was removed`,
      });
    }
  }
  return changes;
}

function otherUnary(
  node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression,
  source: ts.SourceFile,
): Change[] {
  const operand = node.operand.getText(source);
  switch (node.operator) {
    case ts.SyntaxKind.ExclamationToken:
      return [{ node, replacement: operand }];
    case ts.SyntaxKind.PlusPlusToken:
    case ts.SyntaxKind.MinusMinusToken: {
      // A loop that counts the wrong way never ends, which any test notices.
      if (ts.isForStatement(node.parent) && node.parent.incrementor === node) return [];
      const other = node.operator === ts.SyntaxKind.PlusPlusToken ? "--" : "++";
      return [{
        node,
        replacement: ts.isPrefixUnaryExpression(node) ? other + operand : operand + other,
      }];
    }
    default:
      return [];
  }
}

/** The lesser for the greater, and the other way round. */
function otherBound(node: ts.PropertyAccessExpression): Change[] {
  if (!ts.isIdentifier(node.expression) || node.expression.text !== "Math") return [];
  const other = new Map([["min", "max"], ["max", "min"]]).get(node.name.text);
  return other === undefined ? [] : [{ node, replacement: `Math.${other}` }];
}

function otherConstant(node: ts.Node): Change[] {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [{ node, replacement: "false" }];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [{ node, replacement: "true" }];
  if (ts.isNumericLiteral(node)) return [{ node, replacement: String(Number(node.text) + 1) }];
  if (ts.isBigIntLiteral(node)) {
    return [{ node, replacement: `${BigInt(node.text.slice(0, -1)) + 1n}n` }];
  }
  return [];
}

function isEquality(kind: ts.SyntaxKind): boolean {
  return kind === ts.SyntaxKind.EqualsEqualsEqualsToken ||
    kind === ts.SyntaxKind.ExclamationEqualsEqualsToken;
}

/** Whether a `+` beside it joins texts. */
function isText(node: ts.Expression): boolean {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  return ts.isBinaryExpression(node) && (isText(node.left) || isText(node.right));
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`;
}
