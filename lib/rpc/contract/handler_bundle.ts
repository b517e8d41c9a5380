/**
 * Handlers of this library that a node or server takes together.
 *
 * @module
 */

/** What the names of all handlers of bundles begin with; users' handlers have others. */
export const RESERVED_PREFIX = "internode.";

/** Whether only a bundle may have a handler of that name. */
export function isReservedName(name: string): boolean {
  return name.startsWith(RESERVED_PREFIX);
}

/**
 * Handlers of this library that a node or server takes together, such as
 * `admin`: `grid.handle(admin, { allow })`. Their names begin with `internode.`.
 *
 * @typeParam Options What `handle` takes with it.
 */
export interface HandlerBundle<Options extends object> {
  /** Tells a bundle from a contract. */
  readonly kind: "bundle";
  /** Its name, for messages. */
  readonly name: string;
  /** Never there: it carries the type of the options. */
  readonly options?: Options | undefined;
}
