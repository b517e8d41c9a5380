/**
 * Lint rules about who imports what.
 *
 * @module
 */

import { APART, repoPath, resolveImport, roomKind, roomOf, ROOMS } from "./place.ts";

/** Packages that a room may import beside what lies in `lib/`. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  codec: ["@std/msgpack"],
  auth: ["jose"],
  otel: ["@opentelemetry/api"],
};

/** Modules that Deno, Node and Bun all have and that do the same on each: the edge may import them, and `runtime` any. */
const SHARED_MODULES = new Set([
  "node:buffer",
  "node:crypto",
  "node:stream",
  "node:timers",
  "node:tls",
]);

/** Calls `check` for each import and re-export of a file, of values and of types. */
function importVisitor(
  check: (specifier: string, node: Deno.lint.Node) => void,
): Deno.lint.LintVisitor {
  return {
    ImportDeclaration: (node) => check(node.source.value, node),
    ExportAllDeclaration: (node) => check(node.source.value, node),
    ExportNamedDeclaration(node) {
      if (node.source) check(node.source.value, node);
    },
    ImportExpression(node) {
      if (node.source.type === "Literal" && typeof node.source.value === "string") {
        check(node.source.value, node);
      }
    },
    TSImportType(node) {
      if (node.argument.type !== "TSLiteralType") return;
      const { literal } = node.argument;
      if (literal.type === "Literal" && typeof literal.value === "string") {
        check(literal.value, node);
      }
    },
  };
}

/** A file of `lib/` imports only from its own room or an earlier one. */
export const layerOrder: Deno.lint.Rule = {
  create(context) {
    const path = repoPath(context.filename);
    const room = roomOf(path);
    if (room === undefined) return {};
    const rank = ROOMS.indexOf(room);
    if (rank === -1) {
      return {
        Program: (node) =>
          context.report({
            node,
            message: `lib/${room} is no room of the house: ${ROOMS.join(", ")}.`,
          }),
      };
    }
    return importVisitor((specifier, node) => {
      if (!specifier.startsWith(".")) return;
      const target = resolveImport(path, specifier);
      const other = roomOf(target);
      if (other === undefined) {
        context.report({
          node,
          message: `lib/ imports nothing from outside lib/, and this is ${target}.`,
        });
      } else if (APART.some((two) => two.includes(room) && two.includes(other) && room !== other)) {
        context.report({ node, message: `${room} and ${other} know nothing of each other.` });
      } else if (ROOMS.indexOf(other) > rank) {
        context.report({
          node,
          message: `${room} must not import from ${other}, which comes after it.`,
          hint: `Imports only go up this list: ${ROOMS.join(", ")}.`,
        });
      }
    });
  },
};

/** `lib/` has no dependencies but those listed, and only its edge imports the runtime's modules. */
export const dependencies: Deno.lint.Rule = {
  create(context) {
    const room = roomOf(repoPath(context.filename));
    if (room === undefined) return {};
    return importVisitor((specifier, node) => {
      if (specifier.startsWith(".")) return;
      if (PACKAGES[room]?.includes(specifier)) return;
      const ofRuntime = /^(?:node|npm):/.test(specifier);
      if (room === "runtime" && specifier.startsWith("node:")) return;
      if (SHARED_MODULES.has(specifier) && roomKind(room) === "edge") return;
      context.report({
        node,
        message: `lib/${room} must not import ${JSON.stringify(specifier)}.`,
        hint: ofRuntime
          ? "Only runtime imports modules of the runtime, and the edge those in SHARED_MODULES."
          : "What lib/ may depend on is listed in tools/lint/import_rules.ts.",
      });
    });
  },
};
