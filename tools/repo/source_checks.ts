/**
 * Checks of source files, and of what no file may say.
 *
 * @module
 */

import type { Check } from "./checks.ts";

/** Each file tells in its first lines what it is. */
export const moduleComment: Check = (path, text, report) => {
  if (!/^(?:mod\.ts|(?:lib|bench|examples|tools)\/.*\.ts)$/.test(path)) return;
  if (path.endsWith(".d.ts")) return;
  const comment = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[1];
  if (comment === undefined || !/@module\b/.test(comment)) {
    report(0, "starts without a /** … @module */ comment");
  } else if (/^[\s*]*@module/.test(comment)) {
    report(0, "has a module comment that says nothing");
  }
};

/** The patterns are written so that they do not match themselves. */
const FORBIDDEN: readonly [RegExp, string][] = [
  [/(?<![\w.-])\/(?:home|root|Users|work)\/[\w.-]+/g, "names a path of somebody's machine"],
  [/\b[A-Z]:\\Users\b/g, "names a path of somebody's machine"],
  [/\bregistry\.[a-z0-9-]+\.[a-z]{2,}/g, "names a registry's host"],
  [/\bnpm\.jsr\.[a-z]+/g, "names a registry's host"],
  [/\b(?:artifactor[y]|verdacci[o]|npmmirro[r])\b/gi, "names a registry's host"],
  [/\b(?:TOD[O]|FIXM[E]|XX[X])\b/g, "leaves work undone"],
];

/** The project speaks of itself alone, and is finished. */
export const forbiddenWords: Check = (_path, text, report) => {
  for (const [pattern, message] of FORBIDDEN) {
    for (const match of text.matchAll(pattern)) report(match.index, `${message}: ${match[0]}`);
  }
};

/** Who silences a rule says why. */
export const reasonedIgnores: Check = (path, text, report) => {
  if (!path.endsWith(".ts")) return;
  for (
    const match of text.matchAll(
      /^[^"'`\n]*\/[/*] *(deno-lint-ignore(?:-file)?|@ts-[a-z-]+)\b(.*)$/gm,
    )
  ) {
    const [, what = "", rest = ""] = match;
    if (what.startsWith("@ts-") && what !== "@ts-ignore" && what !== "@ts-nocheck") continue;
    if (!/ -- \S/.test(rest)) report(match.index, `${what} without a reason: add " -- <reason>"`);
  }
};

/** Packages from npm are named with their exact version. */
export const pinnedPackages: Check = (path, text, report) => {
  if (!/(?:^|\/)deno\.json$|\.ts$/.test(path)) return;
  for (const match of text.matchAll(/"npm[:](@?[^"@]+)(@[^"/]*)?[^"]*"/g)) {
    if (!/^@\d+\.\d+\.\d+$/.test(match[2] ?? "")) {
      report(match.index, `${match[1]} is not pinned to an exact version`);
    }
  }
};

/** Actions of workflows are named by their commit, as tags can be moved, with the version beside it. */
export const pinnedActions: Check = (path, text, report) => {
  if (!path.startsWith(".github/workflows/")) return;
  for (const match of text.matchAll(/^[ -]*uses: *(?!\.\/)(\S+?)(@\S+)?( # v\d+\.\d+\.\d+)?$/gm)) {
    if (!/^@[0-9a-f]{40}$/.test(match[2] ?? "") || match[3] === undefined) {
      report(match.index, `${match[1]} is not pinned to a commit, with " # v1.2.3" after it`);
    }
  }
};

/** Of one thing no text says "1 things": `counted` knows how it is called. */
export const countedThings: Check = (path, text, report) => {
  if (!/^lib\/.*\.ts$/.test(path)) return;
  const things =
    /^(?! *(?:\*|\/\/)).*?\$\{[^{}]*\b(?:count|length|size|[a-z]+Count)\} (?:[a-z]+ )?(calls|connections|endpoints|failures|handlers|hosts|items|names|parts|records|streams)\b(?!.* === 1 \?)/gm;
  for (const match of text.matchAll(things)) {
    const said = text.slice(Math.max(0, match.index - 120), match.index + match[0].length);
    if (/ === 1$|=== 1\s*\?/.test(said)) continue;
    report(match.index, `says "1 ${match[1]}" of one: take counted of lib/foreign/text_of.ts`);
  }
};

/** All checks of this file. */
export const sourceChecks: readonly Check[] = [
  moduleComment,
  forbiddenWords,
  reasonedIgnores,
  pinnedPackages,
  pinnedActions,
  countedThings,
];
