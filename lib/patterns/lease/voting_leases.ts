/**
 * Leases of a node that votes, or does not.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { optionsOf } from "../../foreign/option_checks.ts";
import {
  checkSignal,
  leaveSignal,
  listenTo,
  reasonOf,
  throwIfAborted,
} from "../../foreign/signal.ts";
import type { Random } from "../../runtime/clock.ts";
import { EngineLeases } from "./engine_leases.ts";
import type { GridEngine } from "./grid_engine.ts";
import type { LeaseWorld } from "./held_lease.ts";
import type { Leases } from "./lease.ts";

/** How long somebody waits for a vote. */
export interface UntilVotingOptions {
  /** Gives up when it aborts, with its reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Leases over a grid, and this node's vote on them. */
export interface GridLeases extends Leases {
  /** Whether this node votes at the moment: it is a voter, has started long enough ago, and has learned what it needs to know. Until then it counts as down for leases. */
  readonly isVoting: boolean;
  /**
   * Resolves when this node votes: as when the next one of the voters may be
   * restarted. That is 1.1 × `ttlMs` after its start, or later.
   *
   * @param options How long to wait.
   * @throws {InternodeError} `InvalidArgument` if this node is no voter; `Closed`; or the signal's reason.
   */
  untilVoting(options?: UntilVotingOptions): Promise<void>;
}

/** Leases by a majority, of which this node may be a part. */
export class VotingLeases extends EngineLeases implements GridLeases {
  readonly #engine: GridEngine;

  constructor(world: LeaseWorld & { readonly engine: GridEngine }, random: Random) {
    super(world, random);
    this.#engine = world.engine;
  }

  get isVoting(): boolean {
    return this.#engine.voter?.isVoting === true;
  }

  async untilVoting(options: UntilVotingOptions = {}): Promise<void> {
    const { signal } = optionsOf("untilVoting", options), { voting, closed } = this.#engine;
    checkSignal(signal);
    if (voting === null) {
      throw invalidArgument("This node is none of the voters of its leases, so it never votes.");
    }
    closed.throwIfAborted();
    throwIfAborted(signal);
    const over = Promise.withResolvers<void>();
    const onAbort = (): void => over.reject(reasonOf(signal));
    const onClose = (): void => over.reject(closed.reason);
    listenTo(signal, onAbort, over.reject);
    closed.addEventListener("abort", onClose);
    try {
      await Promise.race([voting, over.promise]);
    } finally {
      leaveSignal(signal, onAbort);
      closed.removeEventListener("abort", onClose);
    }
  }
}
