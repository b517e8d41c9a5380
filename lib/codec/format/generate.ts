/**
 * Makes functions out of source text.
 *
 * The text is ours alone: names that users chose enter it only as string
 * literals made by {@linkcode literal}, values only as bindings.
 *
 * Why text at all: each generated function has call sites and object shapes
 * of its own, which V8 can specialise. The same record written and read (ns;
 * lock arguments, as in bench/pure/codec_bench.ts): generated 155 and 190,
 * closures over a list of fields 310 and 375, those with a class for each
 * shape 310 and 300.
 *
 * Where the runtime forbids it (`--disallow-code-generation-from-strings`),
 * closures do the same: `record_interpreted.ts`, `list_interpreted.ts`.
 *
 * @module
 */

/** Whether the runtime lets anybody make functions out of source text. */
export const canGenerate: boolean = probe();

function probe(): boolean {
  try {
    new Function("");
    return true;
  } catch {
    return false;
  }
}

/**
 * V8 shares what it has learnt, and the machine code it has made, between
 * functions of the same text. So many are kept apart by a number; whoever makes
 * codecs without end then costs neither memory nor time for compiling each.
 */
const MAX_DISTINCT = 1_000;
let distinct = 0;

/**
 * Runs a function body.
 *
 * @typeParam F What it returns, usually a function.
 * @param body The source text of the body; in strict mode. A function that it returns is best written as `(function () {})`, which V8 compiles at once instead of reading it twice.
 * @param bindings What the text can name beside JavaScript's own globals.
 * @returns What the body returns.
 */
export function generate<F>(body: string, bindings: { readonly [name: string]: unknown }): F {
  if (distinct < MAX_DISTINCT) distinct++;
  const make = new Function(...Object.keys(bindings), `"use strict"; // ${distinct}\n${body}`);
  return make(...Object.values(bindings)) as F;
}

/**
 * A text as a string literal of JavaScript.
 *
 * @param text Any text, whoever chose it.
 * @returns Source text that stands for it.
 */
export function literal(text: string): string {
  return JSON.stringify(text);
}
