/**
 * Which handlers a question is about.
 *
 * @module
 */

import { isReservedName } from "../rpc/contract/handler_bundle.ts";

/**
 * Whether a handler is one that was asked for.
 *
 * @param name Its name.
 * @param asked The one that is asked for; `undefined`: all but those of admin, which must be asked for by their names.
 */
export function isAskedFor(name: string, asked: string | undefined): boolean {
  return asked === undefined ? !isReservedName(name) : name === asked;
}
