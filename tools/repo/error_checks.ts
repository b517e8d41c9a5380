/**
 * Checks that docs/errors.md and the errors of lib/ belong together.
 *
 * @module
 */

import type { Check, Repo } from "./checks.ts";

const DOCUMENT = "docs/errors.md";
/** The functions whose errors always have one code; the message is their first argument. */
const MAKERS: Readonly<Record<string, string>> = {
  protocolError: "ProtocolError",
  disconnected: "Disconnected",
};
/** Messages of these codes need not be listed: they name the option that is wrong. */
const UNLISTED: ReadonlySet<string> = new Set(["InvalidArgument"]);
/** What stands in a message for a value that is put in. */
const VALUE = "\0";

/** What the document of errors quotes from their messages, in double quotes, stands in the sources. */
export const quotedMessages: Check = (path, text, report, repo) => {
  if (path !== DOCUMENT) return;
  const sources = [...repo].filter(([file]) => /^lib\/.*\.ts$/.test(file)).map(([, code]) => code);
  for (const { index, quote } of quotes(text)) {
    if (sources.some((code) => code.includes(quote))) continue;
    report(index, `quotes "${quote}", which no message of lib/ has`);
  }
};

/** The document of errors quotes a part of each message, under the heading of its code. */
export const listedMessages: Check = (path, text, report, repo) => {
  if (!/^lib\/.*\.ts$/.test(path) || path.startsWith("lib/testing/") || !repo.has(DOCUMENT)) return;
  const made = /\bnew InternodeError\(\s*(?:"(\w+)",\s*)|\b(?<!function )(\w+)\(\s*(?=["`\w])/g;
  for (const match of text.matchAll(made)) {
    const code = match[1] ?? MAKERS[match[2] ?? ""];
    if (code === undefined || UNLISTED.has(code) || isComment(text, match.index)) continue;
    const message = messageAt(text, match.index + match[0].length);
    // What is put in may be a whole message from elsewhere.
    if ((message.match(/[a-z]{2,}/gi)?.length ?? 0) < 2) continue;
    if (listed(repo, code).some((quote) => message.includes(quote))) continue;
    const shown = message.replaceAll(VALUE, "…");
    report(
      match.index,
      `has the message "${shown}", of which ${DOCUMENT} quotes no part at ${code}`,
    );
  }
};

/** What the document quotes below the heading of a code. */
function listed(repo: Repo, code: string): string[] {
  const text = repo.get(DOCUMENT) ?? "";
  const section = text.split(/^### /m).find((part) => part.startsWith(`${code}\n`)) ?? "";
  return quotes(section).map(({ quote }) => quote);
}

/** What a text quotes in double quotes, on one line each; code does not count. */
function quotes(text: string): { readonly index: number; readonly quote: string }[] {
  const blank = (code: string): string => code.replace(/[^\n]/g, " ");
  const prose = text.replace(/^ *(```+)[^\n]*\n[\s\S]*?^ *\1 *$/gm, blank).replace(
    /`[^`\n]*`/g,
    blank,
  );
  return [...prose.matchAll(/"([^"]+)"/g)].map((match) => ({
    index: match.index,
    quote: (match[1] ?? "").replace(/\s+/g, " "),
  }));
}

/** The literal parts of the message that begins at an offset, or of the constant that is named there. */
function messageAt(text: string, at: number): string {
  const name = /^(\w+)\s*[,)]/.exec(text.slice(at))?.[1];
  if (name === undefined) return literals(text, at);
  const before = text.slice(0, at), declared = before.lastIndexOf(`const ${name} =`);
  // A constant of another function is not meant.
  return declared < 0 || /^ {0,2}\}$/m.test(before.slice(declared))
    ? ""
    : literals(text, declared + `const ${name} =`.length);
}

/** The strings of an expression, up to the comma, bracket or semicolon that ends it. */
function literals(text: string, from: number): string {
  let found = "", depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (character === '"' || character === "`") {
      const end = literalEnd(text, at);
      found += text.slice(at + 1, end).replace(/\$\{[^}]*\}/g, VALUE);
      at = end;
    } else if ("([{".includes(character)) {
      depth++;
    } else if (")]}".includes(character) ? --depth < 0 : ",;".includes(character) && depth === 0) {
      break;
    }
  }
  return found.replace(/\s+/g, " ");
}

function literalEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== text[start]) at += text[at] === "\\" ? 2 : 1;
  return at;
}

function isComment(text: string, index: number): boolean {
  return /^\s*(?:\/\/|\/?\*)/.test(text.slice(text.lastIndexOf("\n", index) + 1, index));
}

/** All checks of this file. */
export const errorChecks: readonly Check[] = [quotedMessages, listedMessages];
