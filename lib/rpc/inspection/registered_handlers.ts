/**
 * The handlers of a node or server, for who looks at them.
 *
 * @module
 */

import type { HandlerTable, ListedHandler } from "../serving/handler_table.ts";
import type { RegisteredHandler } from "./inspection.ts";

/** The handlers of a table, in the order in which they were added. */
export function registeredHandlers(table: HandlerTable): RegisteredHandler[] {
  return table.list().map(registered);
}

function registered(
  { contract, wireName, subroutes, gate, allow }: ListedHandler,
): RegisteredHandler {
  return {
    name: contract.name,
    subroutes,
    contract,
    wireName,
    concurrency: gate?.concurrency ?? Infinity,
    running: gate?.running ?? 0,
    waiting: gate?.waiting ?? 0,
    isGuarded: allow !== null,
  };
}
