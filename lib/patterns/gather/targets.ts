/**
 * Whom many calls are made to.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { invalidOption } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";
import type { Stream } from "../../rpc/calling/stream.ts";
import type { CallOptions } from "../../rpc/contract/call_options.ts";
import type { SingleContract, StreamContract } from "../../rpc/contract/contract.ts";

/** This node, as `self`: a `Manager` is one. */
export interface OwnNode {
  /** Its own host. */
  readonly local: string;
  /** The way to a host, itself included. */
  connection(host: string): RequestTarget & StreamTarget;
}

/** Whom a request can be made to: a `Connection` of the grid is one. Its promise must end by `timeoutMs` and `signal`. */
export interface RequestTarget {
  /** Who it is. */
  readonly host: string;
  /** Makes a request. */
  request<Request, Response>(
    contract: SingleContract<Request, Response>,
    request: NoInfer<Request>,
    options?: CallOptions,
  ): Promise<Response>;
}

/** Where a stream can be opened: a `Connection` of the grid is one. */
export interface StreamTarget {
  /** Who it is. */
  readonly host: string;
  /** Opens a stream. */
  stream<Initial, Input, Output>(
    contract: StreamContract<Initial, Input, Output>,
    initial: NoInfer<Initial>,
    options?: CallOptions,
  ): Stream<Input, Output>;
}

/**
 * Who is asked: each once.
 *
 * @throws {InternodeError} `InvalidArgument` for what is no list of targets, or for a host that is there twice, as its answer would count twice.
 */
export function targetsOf<Target extends { readonly host: string }>(
  given: Iterable<Target>,
): Target[] {
  if (typeof given !== "object" || given === null || !(Symbol.iterator in given)) {
    throw invalidArgument(`Targets must be a list, such as connections, not ${shown(given)}.`);
  }
  const targets = [...given];
  // A loop within a loop is faster than a set for as few as there mostly are.
  const seen = targets.length > 8 ? new Set<string>() : null;
  for (let index = 0; index < targets.length; index++) {
    const host: unknown = targets[index]?.host;
    if (typeof host !== "string") {
      throw invalidArgument(`Targets must have their name as host; ${shown(host)} is none.`);
    }
    let isTwice = false;
    if (seen !== null) isTwice = seen.has(host) || seen.add(host) === null;
    else for (let at = 0; at < index; at++) isTwice ||= targets[at]!.host === host;
    if (isTwice) {
      throw invalidArgument(`${shown(host)} is there twice among the targets; it has one answer.`);
    }
  }
  return targets;
}

/**
 * The targets with this node first, as nothing is nearer.
 *
 * @throws {InternodeError} `InvalidArgument` for what is no manager.
 */
export function withSelf(
  given: Iterable<{ readonly host: string }>,
  self: OwnNode | undefined,
): Iterable<{ readonly host: string }> {
  if (self === undefined) return given;
  if (typeof self?.connection !== "function" || typeof self.local !== "string") {
    throw invalidOption("self", `must be the manager of this node, not ${shown(self)}`);
  }
  const others = targetsOf(given).filter(({ host }) => host !== self.local);
  return [self.connection(self.local), ...others];
}
