/**
 * `@std/async` where JSR is out of reach: the same code from npm, with the types of what we use.
 * Its modules one by one, since `channel.js`, a part of the package's own `mod.js`, imports a file
 * that the package does not have.
 *
 * @module
 */
// @ts-types="./types.d.ts"
export { abortable } from "npm:deno-std@1.4.0/async/abortable.js";
// @ts-types="./types.d.ts"
export { deadline } from "npm:deno-std@1.4.0/async/deadline.js";
// @ts-types="./types.d.ts"
export { delay } from "npm:deno-std@1.4.0/async/delay.js";
// @ts-types="./types.d.ts"
export { MuxAsyncIterator } from "npm:deno-std@1.4.0/async/mux_async_iterator.js";
// @ts-types="./types.d.ts"
export { pooledMap } from "npm:deno-std@1.4.0/async/pool.js";
// @ts-types="./types.d.ts"
export { retry, RetryError } from "npm:deno-std@1.4.0/async/retry.js";
// @ts-types="./types.d.ts"
export { tee } from "npm:deno-std@1.4.0/async/tee.js";
export type { DeadlineOptions, DelayOptions, RetryOptions } from "./types.d.ts";
