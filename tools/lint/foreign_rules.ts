/**
 * Lint rules about what users throw.
 *
 * @module
 */

import { repoPath, roomOf } from "./place.ts";

/** What is caught, and what is given as a reason, is called so. */
const THROWN = new Set(["error", "thrown", "cause", "failure", "err"]);
const CLASSES = new Set(["Error", "InternodeError"]);
const HINT = "What users throw may be a proxy or have no text: " +
  "take textOf, nameOf, isError or isOwnError of lib/foreign.";

/** What was thrown is only looked at by the functions of `foreign`, which never throw. */
export const foreignErrors: Deno.lint.Rule = {
  create(context) {
    const room = roomOf(repoPath(context.filename));
    if (room === undefined || room === "foreign") return {};
    const report = (node: Deno.lint.Node, what: string): void =>
      context.report({ node, message: `${what} may throw.`, hint: HINT });
    const isThrown = (node: Deno.lint.Node | undefined): boolean =>
      node?.type === "Identifier" && THROWN.has(node.name);
    return {
      BinaryExpression(node) {
        const { operator, right } = node;
        if (operator !== "instanceof" || right.type !== "Identifier") return;
        if (CLASSES.has(right.name)) report(node, `instanceof ${right.name}`);
      },
      CallExpression(node) {
        const { callee } = node;
        if (callee.type !== "Identifier" || callee.name !== "String") return;
        if (isThrown(node.arguments[0])) report(node, "String() of what was thrown");
      },
      TemplateLiteral(node) {
        if (node.expressions.some(isThrown)) report(node, "A template with what was thrown");
      },
    };
  },
};
