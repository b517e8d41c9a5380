/**
 * From a node, client or server to what can be looked at in it.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import type { HandlerContext } from "../contract/handler.ts";
import { CallContext } from "../serving/call_context.ts";
import type { CallInFlight, CallsOptions } from "../contract/call_in_flight.ts";
import type { Inspection } from "./inspection.ts";

/** What can be looked into: a `Manager`, a `ServiceConnection`, or a server of `serve`, `serveOn` or `Manager.listen`. */
export interface Inspectable {
  /**
   * The calls that have not ended, the oldest first. It costs nothing but what
   * it takes to ask.
   *
   * @param options Which, and how many.
   */
  calls(options?: CallsOptions): readonly CallInFlight[];
}

/** By the faces' objects, so that nothing of it stands in their types. */
const INSPECTIONS = new WeakMap<object, Inspection>();

/** Says what can be looked at in a node, client or server. For the faces. */
export function registerInspection(face: Inspectable, inspection: Inspection): void {
  INSPECTIONS.set(face, inspection);
}

/**
 * What can be looked at in a node, client or server. Internal: users have
 * `calls()` and the exports `./admin` and `./operations`.
 *
 * @param face The node, client or server, or the context of a call that it serves.
 * @throws {InternodeError} `InvalidArgument` for anything else.
 */
export function inspectionOf(face: Inspectable | HandlerContext): Inspection {
  const of: object | null = face instanceof CallContext ? face.face : face;
  const found = typeof of === "object" && of !== null ? INSPECTIONS.get(of) : undefined;
  if (found !== undefined) return found;
  throw invalidArgument(
    "It takes a Manager, a client of connect, or a server of serve, serveOn or Manager.listen, " +
      `not ${shown(face)}.`,
  );
}
