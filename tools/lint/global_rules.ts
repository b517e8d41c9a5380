/**
 * Lint rules about the globals that a room may name.
 *
 * @module
 */

import { repoPath, roomKind, roomOf } from "./place.ts";
import { isGlobalReference } from "./references.ts";

/** What only one runtime has, or not all have alike. */
const RUNTIMES = new Set(["Deno", "Bun", "process"]);
const RUNTIME = new Set([...RUNTIMES, "WebSocket", "WebSocketStream"]);

const TIME_AND_CHANCE = new Set([
  "setTimeout",
  "setInterval",
  "setImmediate",
  "performance",
  "Date.now",
  "Math.random",
  "AbortSignal.timeout",
  "crypto.getRandomValues",
  "crypto.randomUUID",
]);

const IMPURE = new Set([
  ...TIME_AND_CHANCE,
  "queueMicrotask",
  "crypto",
  "console",
  "fetch",
  "Worker",
  "MessageChannel",
  "BroadcastChannel",
  "globalThis",
  "self",
  "window",
]);

/** Calls `report` for each global in the set, named alone or as `Object.member`, and for the present date. */
function globalVisitor(
  names: ReadonlySet<string>,
  reportOnce: (node: Deno.lint.Node, name: string) => void,
): Deno.lint.LintVisitor {
  // In { fetch } the key and the value are two nodes at one place.
  const reported = new Set<number>();
  const report = (node: Deno.lint.Node, name: string): void => {
    if (reported.has(node.range[0])) return;
    reported.add(node.range[0]);
    reportOnce(node, name);
  };
  const present = (node: Deno.lint.NewExpression | Deno.lint.CallExpression): void => {
    if (!names.has("Date.now") || node.callee.type !== "Identifier") return;
    if (node.callee.name !== "Date" || !isGlobalReference(node.callee)) return;
    // Date(…) without new tells the present whatever it is given.
    if (node.type === "CallExpression" || node.arguments.length === 0) {
      report(node, node.type === "CallExpression" ? "Date()" : "new Date()");
    }
  };
  return {
    Identifier(node) {
      if (names.has(node.name) && isGlobalReference(node)) report(node, node.name);
    },
    MemberExpression(node) {
      const { object } = node;
      const member = memberName(node);
      if (object.type !== "Identifier" || member === undefined) return;
      const name = `${object.name}.${member}`;
      if (!names.has(name) && !(object.name === "globalThis" && names.has(member))) return;
      if (names.has(object.name) || !isGlobalReference(object)) return;
      report(node, name);
    },
    NewExpression: present,
    CallExpression: present,
  };
}

function memberName(node: Deno.lint.MemberExpression): string | undefined {
  const { property } = node;
  if (property.type === "Identifier" && !node.computed) return property.name;
  return property.type === "Literal" && typeof property.value === "string"
    ? property.value
    : undefined;
}

/** Only the edge names what touches the runtime, and of it only `runtime` what one runtime alone has. */
export const edgeOnly: Deno.lint.Rule = {
  create(context) {
    const room = roomOf(repoPath(context.filename));
    if (room === undefined || room === "runtime") return {};
    return globalVisitor(
      roomKind(room) === "edge" ? RUNTIMES : RUNTIME,
      (node, name) =>
        context.report({
          node,
          message: `lib/${room} must not name ${name}: lib/runtime/ holds what touches a runtime.`,
        }),
    );
  },
};

/** `errors`, `foreign`, `wire`, `codec` and `session` know no clock, no timer, no chance, no output. */
export const pureRooms: Deno.lint.Rule = {
  create(context) {
    const room = roomOf(repoPath(context.filename));
    if (room === undefined || roomKind(room) !== "pure") return {};
    return globalVisitor(IMPURE, (node, name) =>
      context.report({
        node,
        message: `lib/${room} is pure and must not name ${name}.`,
        hint: "Let bytes and `now` come in, and bytes, events and the next deadline go out.",
      }));
  },
};

/** All other rooms but the edge take time and chance from outside. */
export const injectedTime: Deno.lint.Rule = {
  create(context) {
    const room = roomOf(repoPath(context.filename));
    if (room === undefined || roomKind(room) !== "injected") return {};
    return globalVisitor(TIME_AND_CHANCE, (node, name) =>
      context.report({
        node,
        message: `lib/${room} must not name ${name}: take a Clock or a Random instead.`,
        hint: "The same code runs on sockets and in a simulation on virtual time.",
      }));
  },
};
