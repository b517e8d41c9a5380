/**
 * The handlers of a node or server, as admin tells of them.
 *
 * @module
 */

import { list } from "../codec/values/list.ts";
import { optional } from "../codec/values/presence.ts";
import { boolean, float, string } from "../codec/values/scalars.ts";
import { record } from "../codec/records/record.ts";
import { single, type SingleContract } from "../rpc/contract/contract.ts";

/** Which handlers are described. */
export interface DescribeRequest {
  /** Only the handler of this name. Default: all but those of admin. */
  readonly handler?: string | undefined;
}

/** A handler of a node or server. */
export interface AdminHandler {
  /** The contract's name. */
  readonly name: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The subroutes that it serves; `[""]` for none. */
  readonly subroutes: readonly string[];
  /** The name on the wire: a fingerprint for the method of a service, else the contract's name. */
  readonly wireName: string;
  /** How many of its calls may run at a time; `Infinity` without a limit. */
  readonly concurrency: number;
  /** How many of them run, where there is a limit; 0 otherwise. */
  readonly running: number;
  /** How many calls wait for a place. */
  readonly waiting: number;
  /** Whether an `allow` rule decides who may call it. */
  readonly isGuarded: boolean;
  /** What its contract looks like, as JSON; `undefined` from a node that cannot tell. */
  readonly description?: string | undefined;
}

/** The handlers. */
export interface DescribeResponse {
  /** In the order in which they were registered. */
  readonly handlers: readonly AdminHandler[];
}

/** Asks for the handlers. */
export const describeContract: SingleContract<DescribeRequest, DescribeResponse> = single(
  "internode.describe",
  {
    docs: "The handlers, and what their contracts look like.",
    request: record({ handler: optional(string()) }),
    response: record({
      handlers: list(record({
        name: string(),
        kind: string(),
        subroutes: list(string()),
        wireName: string(),
        concurrency: float(),
        running: float(),
        waiting: float(),
        isGuarded: boolean(),
        description: optional(string()),
      })),
    }),
  },
);
