/**
 * Streams from many.
 *
 * @module
 */

import type { StreamMethod } from "../../call/service/service.ts";
import { invalidArgument } from "../../errors.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Stream } from "../../rpc/calling/stream.ts";
import type { CallOptions } from "../../rpc/contract/call_options.ts";
import type { StreamContract } from "../../rpc/contract/contract.ts";
import type { ReplicaTarget } from "../gather/replicas.ts";
import { type StreamTarget, targetsOf, withSelf } from "../gather/targets.ts";
import {
  type GridMergeOptions,
  type MergeOptions,
  mergePlan,
  type OnError,
  type ServiceMergeOptions,
} from "./merge_options.ts";
import { MergedStream, type Opening } from "./merged_stream.ts";

/**
 * Opens a stream on each of many hosts and reads them as one: each output with
 * its host, as they arrive, or in order of a key, as listings over many disks
 * are merged.
 *
 * What is given of each host are its outputs in their order, without a gap and
 * none twice. The whole ends well only when each stream has, or was given as a
 * failure (`onError: "skip"`). With an order, each output is given as soon as
 * the next one of every host is known: the slowest one sets the pace.
 *
 * @param targets Where: connections of a grid. Each host once.
 * @param contract What both sides agreed on. Inputs, if it has any, are ended at once.
 * @param initial What each handler gets with the opening.
 * @param options The order, what becomes of failures, and what all streams have in common.
 * @returns The outputs, to be iterated once.
 * @throws {InternodeError} `InvalidArgument` for options that make no sense, or a host that is there twice.
 *
 * @example One listing of all disks
 * ```ts
 * import { Manager, stream } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { mergeStreams } from "@internode/grid/patterns";
 * import { assertEquals } from "@std/assert";
 *
 * const list = stream("list", {
 *   initial: t.record({ prefix: t.string() }),
 *   output: t.string(),
 *   inputCapacity: 0,
 *   outputCapacity: 16,
 * });
 * const files = [["a/1", "a/4"], ["a/2", "a/3", "b/5"]];
 * const hosts = ["memory://disk-1", "memory://disk-2"];
 * const nodes = hosts.map((local) => new Manager({ local, hosts }));
 * nodes.forEach((node, disk) => {
 *   node.handle(list, ({ prefix }) => files[disk]!.filter((file) => file.startsWith(prefix)));
 * });
 * await Promise.all(nodes.map((node) => node.listen()));
 *
 * const grid = nodes[0]!, found: string[] = [];
 * const options = { self: grid, orderBy: (file: string) => file };
 * for await (const { value } of mergeStreams(grid.connections(), list, { prefix: "a/" }, options)) {
 *   found.push(value);
 * }
 * assertEquals(found, ["a/1", "a/2", "a/3", "a/4"]);
 * await Promise.all(nodes.map((node) => node.close()));
 * ```
 */
export function mergeStreams<Initial, Input, Output, Errors extends OnError = "fail">(
  targets: Iterable<StreamTarget>,
  contract: StreamContract<Initial, Input, Output>,
  initial: NoInfer<Initial>,
  options?: GridMergeOptions<NoInfer<Output>, Errors>,
): MergedStream<Output, Errors>;
/**
 * The same for the replicas of a service.
 *
 * @param targets Where: from `replicas`.
 * @param method The method, from a service's `methods`.
 * @param initial What each handler gets with the opening.
 * @param options The order, what becomes of failures, and what all streams have in common.
 * @returns The outputs, to be iterated once.
 */
export function mergeStreams<Initial, Input, Output, Errors extends OnError = "fail">(
  targets: Iterable<ReplicaTarget>,
  method: StreamMethod<Initial, Input, Output>,
  initial: NoInfer<Initial>,
  options?: ServiceMergeOptions<NoInfer<Output>, Errors>,
): MergedStream<Output, Errors>;
/**
 * The same for anything that can be read: streams that a function opens, such
 * as those of `resume`, which wait for a host that is lost and go on.
 *
 * @param targets Where: anything that says who it is, each name once.
 * @param open Opens one of them. The signal aborts when it is not read any more; the iterator's `return` is called, too.
 * @param options The order, and what becomes of failures.
 * @returns The outputs, to be iterated once.
 */
export function mergeStreams<
  Target extends { readonly host: string },
  Output,
  Errors extends OnError = "fail",
>(
  targets: Iterable<Target>,
  open: (target: Target, signal: AbortSignal) => AsyncIterable<Output>,
  options?: MergeOptions<Output, Errors>,
): MergedStream<Output, Errors>;
export function mergeStreams(
  given: Iterable<{ readonly host: string }>,
  what: Called | ((target: never, signal: AbortSignal) => AsyncIterable<unknown>),
  second?: unknown,
  third: GridMergeOptions<unknown> = {},
): MergedStream<unknown, OnError> {
  if (typeof what === "function") {
    const plan = mergePlan((second === undefined ? {} : second) as MergeOptions<unknown>);
    const openings = targetsOf(given).map((target): Opening<unknown> => ({
      host: target.host,
      open: (signal) => what(target as never, signal),
    }));
    return new MergedStream<unknown, OnError>(openings, plan);
  }
  if (typeof what !== "object" || what?.kind !== "stream") {
    throw invalidArgument(
      `mergeStreams takes a contract or method of kind "stream", or a function, not ${
        shown(what)
      }.`,
    );
  }
  const plan = mergePlan(third);
  const targets = targetsOf(withSelf(given, third.self)) as readonly unknown[];
  return new MergedStream<unknown, OnError>(
    (targets as readonly AnyStreamTarget[]).map((target) => opening(target, what, second, third)),
    plan,
  );
}

// deno-lint-ignore no-explicit-any -- whatever its types
type Called = StreamContract<any, any, any> | StreamMethod<any, any, any>;

interface AnyStreamTarget {
  readonly host: string;
  stream(called: Called, initial: unknown, options: CallOptions): Stream<unknown, unknown>;
}

function opening(
  target: AnyStreamTarget,
  called: Called,
  initial: unknown,
  given: GridMergeOptions<unknown>,
): Opening<unknown> {
  const { metadata, subroute, values, waitForReady, within, timeoutMs } = given;
  const contract = "contract" in called ? called.contract : called;
  return {
    host: target.host,
    open(signal) {
      const options = { metadata, subroute, values, waitForReady, within, timeoutMs, signal };
      const opened = target.stream(called, initial, options);
      if (contract.inputCapacity > 0) opened.end();
      return opened;
    },
  };
}
