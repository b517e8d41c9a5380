/**
 * Asking many.
 *
 * @module
 */

import type { SingleMethod } from "../../call/service/service.ts";
import { invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import type { SingleContract } from "../../rpc/contract/contract.ts";
import {
  type AskOptions,
  type GatherOptions,
  type QuorumOptions,
  quorumPlan,
} from "./gather_options.ts";
import { Gathering } from "./gathering.ts";
import { type RequestTarget, targetsOf, withSelf } from "./targets.ts";
import {
  type AnyTarget,
  FUNCTION_TIMEOUT_MS,
  FunctionQuestion,
  RequestQuestion,
} from "./questions.ts";
import type { Called } from "./shared_encoding.ts";
import type { ReplicaTarget, ServiceGatherOptions } from "./replicas.ts";

/**
 * Makes one request to many hosts: all at once, or some first. The request is
 * encoded once. Each host is asked once and ends in one result; nothing is
 * repeated.
 *
 * With `need` it is a quorum: it resolves when so many have answered well, and
 * rejects as soon as so many cannot any more. What it promises then is that so
 * many hosts have answered, and nothing of the others: a write that was not
 * needed any more, or that rejected, may have run on any host that was asked.
 * Who writes to `w` and reads from `r` of `n` hosts reads what was written if
 * `w + r > n`.
 *
 * @param targets Whom: connections of a grid. Each host once.
 * @param contract What both sides agreed on.
 * @param request What each handler gets; must not be changed until all calls have ended.
 * @param options How many have to answer, how long it may take, and what all calls have in common.
 * @returns Await it for the whole, or iterate it for each result as it comes.
 * @throws {InternodeError} `InvalidArgument`, with nobody asked, for options that make no sense, or a host that is there twice.
 *
 * @example A write that two of three have taken
 * ```ts
 * import { Manager, single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { gather } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const write = single("write", { request: t.string(), response: t.nothing() });
 * const hosts = ["memory://store-1", "memory://store-2", "memory://store-3"];
 * const nodes = hosts.map((local) => new Manager({ local, hosts }));
 * for (const node of nodes) node.handle(write, () => undefined);
 * await Promise.all(nodes.map((node) => node.listen()));
 *
 * const grid = nodes[0]!;
 * const { values } = await gather(grid.connections(), write, "a value", {
 *   self: grid, // this node, too
 *   need: 2,
 *   timeoutMs: 500,
 * });
 * assertEquals(values.length, 2);
 * await Promise.all(nodes.map((node) => node.close()));
 * ```
 *
 * @example Each answer as it comes
 * ```ts
 * import { Manager, single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { gather } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const load = single("load", { request: t.nothing(), response: t.uint() });
 * const hosts = ["memory://busy-1", "memory://busy-2"];
 * const nodes = hosts.map((local) => new Manager({ local, hosts }));
 * nodes.forEach((node, index) => node.handle(load, () => index));
 * await Promise.all(nodes.map((node) => node.listen()));
 *
 * const loads = new Map<string, number>();
 * const all = gather(nodes[0]!.connections(), load, undefined, { self: nodes[0]!, timeoutMs: 500 });
 * for await (const result of all) {
 *   if (result.ok) loads.set(result.host, result.value);
 *   else console.log(`${result.host}: ${result.code}, ${result.outcome}`);
 * }
 * assertEquals(loads, new Map([["memory://busy-1", 0], ["memory://busy-2", 1]]));
 * await Promise.all(nodes.map((node) => node.close()));
 * ```
 */
export function gather<Request, Response>(
  targets: Iterable<RequestTarget>,
  contract: SingleContract<Request, Response>,
  request: NoInfer<Request>,
  options?: GatherOptions<Response>,
): Gathering<Response>;
/**
 * The same for the replicas of a service.
 *
 * @param targets Whom: from `replicas`.
 * @param method The method, from a service's `methods`.
 * @param request What each handler gets.
 * @param options How many have to answer, how long it may take, and what all calls have in common.
 * @returns Await it for the whole, or iterate it for each result as it comes.
 */
export function gather<Request, Response>(
  targets: Iterable<ReplicaTarget>,
  method: SingleMethod<Request, Response>,
  request: NoInfer<Request>,
  options?: ServiceGatherOptions<Response>,
): Gathering<Response>;
/**
 * The same for anything that can be asked: each target by a function, which may
 * make a request of its own to each, or several.
 *
 * @param targets Whom: anything that says who it is, each name once.
 * @param ask Asks one of them. What it throws, or its promise rejects with, is the failure of that target; one that hangs has failed when the time is up.
 * @param options How many have to answer, and how long it may take.
 * @returns Await it for the whole, or iterate it for each result as it comes.
 */
export function gather<Target extends { readonly host: string }, Value>(
  targets: Iterable<Target>,
  ask: (target: Target, options: AskOptions) => Value | Promise<Value>,
  options?: QuorumOptions<Value>,
): Gathering<Value>;
export function gather(
  given: Iterable<{ readonly host: string }>,
  what: Called | ((target: never, options: AskOptions) => unknown),
  second?: unknown,
  third: GatherOptions<unknown> = {},
): Gathering<unknown> {
  if (typeof what === "function") {
    const plan = quorumPlan((second === undefined ? {} : second) as QuorumOptions<unknown>);
    const { timeoutMs = FUNCTION_TIMEOUT_MS } = plan;
    return new Gathering(
      new FunctionQuestion(targetsOf(given), what as (target: object) => unknown),
      { ...plan, timeoutMs },
    );
  }
  if (typeof what !== "object" || what?.kind !== "single") {
    throw invalidArgument(
      `gather takes a contract or method of kind "single", or a function, not ${shown(what)}.`,
    );
  }
  const plan = quorumPlan(third);
  const targets = targetsOf(withSelf(given, third.self)) as readonly unknown[];
  const question = new RequestQuestion(targets as readonly AnyTarget[], what, second, third);
  return new Gathering(question, plan);
}
