/**
 * The handlers of several hosts, put together.
 *
 * @module
 */

import type { AdminHandler } from "../../admin/describe_contract.ts";
import type { ContractDescription } from "../../reflection/contract_description.ts";
import type { Answered } from "./ask_all.ts";
import { contractOfHandler } from "./described.ts";

/** A handler, over all hosts that have it. */
export interface SharedHandler {
  /** The handler's name. */
  readonly name: string;
  /** `"single"` or `"stream"`. */
  readonly kind: string;
  /** The hosts that have it. */
  readonly hosts: readonly string[];
  /** Its different contracts, each with the hosts that run it, the most usual first. */
  readonly contracts: readonly {
    readonly contract: ContractDescription;
    readonly hosts: readonly string[];
  }[];
  /** How many of its calls run, where there is a limit. */
  readonly running: number;
  /** How many wait for a place. */
  readonly waiting: number;
  /** How many may run on one host at a time. */
  readonly concurrency: number;
  /** Whether an `allow` rule decides who may call it, on each host. */
  readonly isGuarded: boolean;
  /** Its subroutes; `[""]` for none. */
  readonly subroutes: readonly string[];
}

/** Puts the handlers of several hosts together. */
export function shareHandlers(
  answers: readonly Answered<readonly AdminHandler[]>[],
): readonly SharedHandler[] {
  const all = answers.flatMap(({ host, value }) => value.map((handler) => ({ host, handler })));
  const groups = Map.groupBy(all, ({ handler }) => handler.name);
  return Array.from(groups.values(), (group): SharedHandler => {
    const { name, kind } = group[0]!.handler, handlers = group.map(({ handler }) => handler);
    const byText = Map.groupBy(group, ({ handler }) => handler.description);
    const contracts = [...byText.values()].flatMap((same) => {
      const contract = contractOfHandler(same[0]!.handler);
      return contract === null ? [] : [{ contract, hosts: same.map(({ host }) => host) }];
    });
    return {
      name,
      kind,
      hosts: group.map(({ host }) => host),
      contracts: contracts.sort((one, other) => other.hosts.length - one.hosts.length),
      running: handlers.reduce((sum, { running }) => sum + running, 0),
      waiting: handlers.reduce((sum, { waiting }) => sum + waiting, 0),
      concurrency: Math.min(...handlers.map(({ concurrency }) => concurrency)),
      isGuarded: handlers.every(({ isGuarded }) => isGuarded),
      subroutes: [...new Set(handlers.flatMap(({ subroutes }) => subroutes))],
    };
  });
}
