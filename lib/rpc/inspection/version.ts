/**
 * The version of this package.
 *
 * @module
 */

/** The version; `deno task lint` checks that deno.json has the same. */
export const VERSION = "0.1.0";
