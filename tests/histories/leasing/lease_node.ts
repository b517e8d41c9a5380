/**
 * A node that wants leases.
 *
 * @module
 */

import { Manager, type SingleContract, type SingleHandlerFunction } from "@internode/grid";
import { type GridLeases, gridLeases, type LeaseGrid } from "@internode/grid/patterns";
import type { SeededRandom, SimulatedNode } from "@internode/grid/testing";
import { pause } from "../../../lib/runtime/pause.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import type { Gain, LeaseLedger } from "./lease_ledger.ts";

/** How a node uses leases. */
export type LeaseRole = "leader" | "singleton" | "lease" | "shared";

/** Asks a voter's own handler of that contract. */
export type Voting = (contract: string, request: unknown) => unknown;

/** What answers in a voter's place, to see that the checker notices. */
export type Spoiler = (contract: string, request: unknown, voter: Voting) => unknown;

/** What a {@linkcode LeaseNode} is made from. */
export interface LeaseNodeOptions {
  readonly node: SimulatedNode;
  readonly voters: readonly string[];
  readonly ttlMs: number;
  readonly ledger: LeaseLedger;
  /** What it wants, by the names of leases. */
  readonly roles: readonly (readonly [name: string, role: LeaseRole])[];
  readonly spoil?: Spoiler | undefined;
}

/** Writes while it holds a lease, and once more when it does not. */
export class LeaseNode {
  readonly manager: Manager;
  readonly leases: GridLeases;
  readonly #options: LeaseNodeOptions;
  readonly #closing = new AbortController();

  constructor(options: LeaseNodeOptions) {
    const { node, voters, ttlMs, spoil } = options;
    const { host, hosts, clock, random, transports } = node, logger = new QuietLogger();
    this.#options = options;
    const manager = this.manager = new Manager({
      local: host,
      hosts,
      clock,
      random,
      transports,
      logger,
      dialTimeoutMs: 1_000,
      reconnect: { maxMs: 500 },
    });
    const handlers = new Map<string, (request: unknown) => unknown>();
    const voter: Voting = (contract, request) => handlers.get(contract)!(request);
    const handle = (
      contract: SingleContract<unknown, unknown>,
      handler: SingleHandlerFunction<unknown, unknown>,
    ): void => {
      handlers.set(contract.name, handler as (request: unknown) => unknown);
      manager.handle(
        contract,
        spoil === undefined ? handler : (request) => spoil(contract.name, request, voter),
      );
    };
    const grid: LeaseGrid = {
      local: manager.local,
      hosts: manager.hosts,
      connection: (to) => manager.connection(to),
      handle: handle as unknown as LeaseGrid["handle"],
    };
    this.leases = gridLeases(grid, { voters, ttlMs, clock, random, logger });
  }

  /** Whether it votes, with all that it has confirmed in memory. */
  get votes(): boolean {
    return this.leases.isVoting;
  }

  /** Listens, and begins to want. */
  async start(): Promise<void> {
    await this.manager.listen();
    const { roles, node: { random } } = this.#options;
    for (const [name, role] of roles) this.#want(name, role, random.fork(name));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.leases.close();
    await this.manager.close({ graceMs: 0 });
  }

  #want(name: string, role: LeaseRole, random: SeededRandom): void {
    const { ledger, node: { index } } = this.#options, { leases } = this;
    if (role === "leader") {
      let gain: Gain | null = null;
      leases.leader(name, {
        onGained: (lease) => void this.#use(gain = ledger.gained(index, lease), random),
        onLost: () => void (gain!.isTold = true),
      });
    } else if (role === "singleton") {
      leases.singleton(name, async (lease) => {
        const gain = ledger.gained(index, lease);
        await this.#use(gain, random, random.chance(0.3) ? random.float(0, 20) : Infinity);
        gain.isTold = true;
      });
    } else {
      void this.#loop(name, role === "shared", random);
    }
  }

  async #loop(name: string, shared: boolean, random: SeededRandom): Promise<void> {
    const { ledger, ttlMs, node: { index } } = this.#options;
    while (!this.#closing.signal.aborted) {
      try {
        const timeoutMs = random.pick([0, 5 * ttlMs]);
        const lease = await this.leases.lease(name, { shared, timeoutMs });
        const gain = ledger.gained(index, lease);
        await this.#use(gain, random, random.float(0, 20));
        gain.isTold = true;
        await lease.release();
      } catch {
        await this.#pause(random.float(0, ttlMs / 2));
      }
      await this.#pause(random.float(0, ttlMs / 4));
    }
  }

  /** Writes until it is told to stop, and once more a while later. */
  async #use(gain: Gain, random: SeededRandom, writes = Infinity): Promise<void> {
    const { ledger, ttlMs } = this.#options, { lease } = gain;
    for (let count = 0; count < writes && !lease.signal.aborted; count++) {
      ledger.write(gain);
      await this.#pause(random.float(0, ttlMs / 3), lease.signal);
    }
    // A write that was under way; the function has not waited for it.
    if (random.chance(0.5)) {
      void this.#pause(random.float(0, 2 * ttlMs)).then(() => ledger.write(gain));
    }
  }

  async #pause(ms: number, signal: AbortSignal = this.#closing.signal): Promise<void> {
    await pause(this.#options.node.clock, ms, AbortSignal.any([signal, this.#closing.signal]));
  }
}
