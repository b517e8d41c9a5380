/**
 * The admin service.
 *
 * @module
 */

import { flag, func } from "../foreign/option_checks.ts";
import { type BundleHandler, makeBundle } from "../rpc/bundles/open_bundle.ts";
import type { AllowRule } from "../rpc/contract/allow.ts";
import type { HandlerContext } from "../rpc/contract/handler.ts";
import type { HandlerBundle } from "../rpc/contract/handler_bundle.ts";
import { AdminService } from "./admin_service.ts";
import { callsContract, traceContract, type TraceRequest } from "./calls_contract.ts";
import { describeContract } from "./describe_contract.ts";
import { statusContract } from "./status_contract.ts";
import { figuresContract } from "./figures_contract.ts";
import {
  drainContract,
  healthContract,
  logLevelContract,
  pingContract,
} from "./steering_contract.ts";

/** How many calls of one of its handlers run at a time. */
const CONCURRENCY = 32;

/** What `handle` takes with {@linkcode admin}. */
export interface AdminOptions {
  /**
   * Who may call it, such as of `allowNames`; see `HandleOptions.allow`. Only
   * `true` is good. It must be given where other machines can call, unless by
   * mutual TLS. Default: everyone who may connect.
   */
  readonly allow?: AllowRule | undefined;
  /** Whether guests of a node may also call its other handlers, each by its own `allow` rule. It has no effect for a server, whose clients may do so in any case. Default: `false`. */
  readonly calls?: boolean | undefined;
}

/**
 * The admin service: `grid.handle(admin, { allow })` of a `Manager`, and
 * `server.handle(admin, { allow })` of a server of `serve`. It tells operators'
 * tools what the node or server does, and lets them change the level of its
 * log, and drain it. Off unless it is registered.
 *
 * A node takes guests then: clients such as {@linkcode AdminClient}, that are
 * no hosts of the grid. They prove themselves as peers do, by secret and
 * certificate; at most 16 are there at a time; they are never called.
 *
 * @example A node that can be looked at
 * ```ts
 * import { Manager } from "@internode/grid";
 * import { admin, AdminClient } from "@internode/grid/admin";
 * import { assertEquals } from "@std/assert";
 *
 * const local = "memory://watched";
 * await using grid = new Manager({ local, hosts: [local] });
 * grid.handle(admin, { allow: ({ host }) => host === "ops" });
 * await grid.listen();
 *
 * await using tool = await AdminClient.connect(local, { name: "ops" });
 * const { name, phase } = await tool.status();
 * assertEquals({ name, phase }, { name: local, phase: "open" });
 * ```
 */
export const admin: HandlerBundle<AdminOptions> = makeBundle<AdminOptions>(
  "admin",
  (face, { allow, calls }, audit) => {
    const service = new AdminService(face, audit);
    if (allow !== undefined) func("allow", allow);
    const mayCall = flag("calls", calls, false);
    return {
      handlers: handlersOf(service).map((one) => ({ ...one, concurrency: CONCURRENCY })),
      allow: allow ?? null,
      guests: { mayCall },
      close: () => service.close(),
    };
  },
);

function handlersOf(service: AdminService): readonly BundleHandler[] {
  return [
    { contract: statusContract, handler: (request) => service.status(request) },
    { contract: callsContract, handler: (request) => service.calls(request) },
    {
      contract: traceContract,
      handler: (request: TraceRequest, _input: unknown, { closing }: HandlerContext) => {
        const feed = service.trace(request);
        closing.addEventListener("abort", () => feed.end());
        return feed;
      },
    },
    { contract: describeContract, handler: (request) => service.describe(request) },
    { contract: pingContract, handler: (request) => service.ping(request) },
    { contract: healthContract, handler: (request) => service.health(request) },
    { contract: figuresContract, handler: (request) => service.figures(request) },
    {
      contract: logLevelContract,
      handler: (request, context) => service.logLevel(request, context),
    },
    { contract: drainContract, handler: (request, context) => service.drain(request, context) },
  ];
}
