/**
 * Lint rules about single files: how long they are, that tests do not sleep, and
 * what fields for times begin with.
 *
 * @module
 */

import { repoPath } from "./place.ts";

/** The most lines a file may have. */
export const MAX_LINES = 400;

const MEASURED = /^(?:lib|tests|bench|examples|tools)\//;
const SLEEPS = new Set(["delay", "setTimeout"]);

/** A file has at most {@linkcode MAX_LINES} lines. */
export const fileLength: Deno.lint.Rule = {
  create(context) {
    if (!MEASURED.test(repoPath(context.filename))) return {};
    return {
      Program() {
        const { text } = context.sourceCode;
        const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
        if (lines <= MAX_LINES) return;
        context.report({
          range: [0, 1],
          message: `This file has ${lines} lines; the most is ${MAX_LINES}.`,
          hint: "One noun a file: see which of its nouns wants a file of its own.",
        });
      },
    };
  },
};

/** Where code runs for each message. */
const BUSY = /^lib\/(?:wire|session|driver|rpc|call|transport)\//;
const TIME = /(?:^m|M)s$/;

/** A time is a fraction sooner or later, so its field is not an integer at first; see `DOUBLE_ZERO`. */
export const fractionalTimes: Deno.lint.Rule = {
  create(context) {
    if (!BUSY.test(repoPath(context.filename))) return {};
    return {
      PropertyDefinition({ key, value, readonly }) {
        if (key.type !== "Identifier" && key.type !== "PrivateIdentifier") return;
        if (readonly || !TIME.test(key.name) || value === null || !isInteger(value)) return;
        context.report({
          node: value,
          message: `${key.name} begins as an integer: with its first fraction V8 throws away ` +
            "what it has compiled for the class.",
          hint: "Begin with DOUBLE_ZERO of lib/wire/double_zero.ts, NaN or ±Infinity.",
        });
      },
    };
  },
};

function isInteger(value: Deno.lint.Expression): boolean {
  if (value.type === "Literal") return Number.isInteger(value.value);
  return value.type === "UnaryExpression" && value.operator === "-" && isInteger(value.argument);
}

/** A test waits for what it waits for, not for time to pass. */
export const noSleep: Deno.lint.Rule = {
  create(context) {
    if (!/^tests\/.*\.ts$/.test(repoPath(context.filename))) return {};
    return {
      CallExpression({ callee }) {
        const name = callee.type === "Identifier" ? callee.name : globalMember(callee);
        if (name === undefined || !SLEEPS.has(name)) return;
        context.report({
          node: callee,
          message: `A test must not sleep with ${name}(): wait for the condition itself.`,
          hint: "Where time itself is the matter, say why: " +
            "// deno-lint-ignore internode/no-sleep -- <reason>",
        });
      },
    };
  },
};

function globalMember(callee: Deno.lint.Expression): string | undefined {
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return undefined;
  const ofGlobal = callee.object.type === "Identifier" && callee.object.name === "globalThis";
  return ofGlobal ? callee.property.name : undefined;
}
