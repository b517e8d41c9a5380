/**
 * `@std/assert` where JSR is out of reach: the same code from npm, with the types of what we use.
 *
 * @module
 */
// @ts-types="./types.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
