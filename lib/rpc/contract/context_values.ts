/**
 * Typed values that go with a call through interceptors and handlers.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";

/**
 * Names a value of type `T`. Two keys are never the same, whatever their
 * descriptions. Made by {@linkcode contextKey}.
 *
 * @typeParam T The value.
 */
export class ContextKey<T> {
  /** For people, such as in a debugger. */
  readonly description: string;
  /** What `get` gives where no value is set. */
  readonly fallback: T;

  /** Made by {@linkcode contextKey}. */
  constructor(description: string, fallback: T) {
    this.description = description;
    this.fallback = fallback;
  }
}

/** Values of a call, by their keys. They stay in this process: nothing of them is sent. */
export interface ContextValues {
  /** The value of a key; the key's default where none is set. */
  get<T>(key: ContextKey<T>): T;
  /** Whether a value is set. */
  has(key: ContextKey<unknown>): boolean;
  /** Sets a value, and returns these values. */
  set<T>(key: ContextKey<T>, value: NoInfer<T>): this;
  /** Forgets a value, and returns these values. */
  delete(key: ContextKey<unknown>): this;
}

/**
 * Makes a key of a value that an interceptor or a caller sets, and that
 * handlers and interceptors read.
 *
 * @param description For people.
 * @returns The key; without a default, the value is `undefined` where none is set.
 *
 * @example A server interceptor tells handlers who the user is
 * ```ts
 * import { contextKey, InternodeError, Manager, type ServerInterceptor, single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const user = contextKey<string>("user");
 * const authenticate: ServerInterceptor = (next) => (call) => {
 *   const name = call.metadata["user"];
 *   if (name === undefined) throw new InternodeError("Unauthenticated", "Say who you are.");
 *   call.values.set(user, name);
 *   return next(call);
 * };
 *
 * const whoami = single("whoami", { request: t.nothing(), response: t.string() });
 * const local = "memory://values";
 * await using grid = new Manager({
 *   local,
 *   hosts: [local],
 *   interceptors: { server: [authenticate] },
 * });
 * grid.handle(whoami, (_request, { values }) => values.get(user) ?? "nobody");
 * await grid.listen();
 *
 * const to = grid.connection(local);
 * assertEquals(await to.request(whoami, undefined, { metadata: { user: "ada" } }), "ada");
 * ```
 */
export function contextKey<T>(description: string): ContextKey<T | undefined>;
/**
 * Makes a key with a default.
 *
 * @param description For people.
 * @param fallback What `get` gives where no value is set.
 * @returns The key.
 */
export function contextKey<T>(description: string, fallback: T): ContextKey<T>;
export function contextKey(description: string, fallback?: unknown): ContextKey<unknown> {
  if (typeof description === "string") return new ContextKey(description, fallback);
  throw invalidArgument(
    `The description of a context key must be a string, not ${shown(description)}.`,
  );
}

/** The values of one call. */
class Values implements ContextValues {
  readonly #values: Map<ContextKey<unknown>, unknown>;

  constructor(from: Values | undefined) {
    this.#values = new Map(from === undefined ? undefined : from.#values);
  }

  get<T>(key: ContextKey<T>): T {
    const found = this.#values.get(checked(key));
    return (found === undefined && !this.#values.has(key) ? key.fallback : found) as T;
  }

  has(key: ContextKey<unknown>): boolean {
    return this.#values.has(checked(key));
  }

  set<T>(key: ContextKey<T>, value: NoInfer<T>): this {
    this.#values.set(checked(key), value);
    return this;
  }

  delete(key: ContextKey<unknown>): this {
    this.#values.delete(checked(key));
    return this;
  }
}

function checked<T>(key: ContextKey<T>): ContextKey<unknown> {
  if (key instanceof ContextKey) return key;
  throw invalidArgument(`A context key must come from contextKey, not ${shown(key)}.`);
}

/**
 * Makes values for option `values` of a call, where the caller's interceptors
 * read them.
 *
 * @returns Values without any.
 *
 * @example
 * ```ts
 * import { contextKey, contextValues } from "@internode/grid";
 * import { assertEquals } from "@std/assert";
 *
 * const priority = contextKey("priority", 0);
 * const values = contextValues().set(priority, 7);
 * assertEquals([values.get(priority), contextValues().get(priority)], [7, 0]);
 * ```
 */
export function contextValues(): ContextValues {
  return new Values(undefined);
}

/**
 * A call's own copy of values that its caller has given.
 *
 * @param given Option `values`.
 */
export function copyOfValues(given: ContextValues | undefined): ContextValues {
  return new Values(given as Values | undefined);
}

/** What is wrong with option `values`; `null`: nothing. */
export function valuesProblem(given: unknown): InternodeError | null {
  if (given === undefined || given instanceof Values) return null;
  return invalidArgument(`Option values must come from contextValues, not ${shown(given)}.`);
}
