/**
 * What became of leases, and whether that may be.
 *
 * @module
 */

import type { Lease } from "@internode/grid/patterns";

/** A lease that a node has gained. */
export interface Gain {
  readonly node: number;
  readonly lease: Lease;
  /** Its user has been told that it is over. */
  isTold: boolean;
}

/** Where nodes are, at this moment. */
export interface NodeStates {
  isFrozen(node: number): boolean;
}

/** The highest tokens of a name that there were: of all leases, and of those that were not shared. */
interface Highest {
  all: number;
  alone: number;
}

/**
 * Sees all nodes at once, frozen ones too, and writes down what must not have
 * happened: two nodes that hold a lease of one name which they do not both share, a gain
 * before a former holder in its way was told (unless that is frozen), a token that is not
 * above all earlier ones of leases in its way, and a write of a holder that the store refuses.
 */
export class LeaseLedger {
  /** What must not have happened. */
  readonly wrongs: string[] = [];
  /** How many gains there were. */
  gains = 0;
  /** How many of them were shared. */
  shared = 0;
  /** How many writes the store has refused. */
  refused = 0;
  readonly #states: NodeStates;
  readonly #open = new Map<string, Gain[]>();
  readonly #tokens = new Map<string, Highest>();
  readonly #stored = new Map<string, Highest>();

  constructor(states: NodeStates) {
    this.#states = states;
  }

  /** A node has gained a lease. */
  gained(node: number, lease: Lease): Gain {
    const { name, token } = lease, gain = { node, lease, isTold: false };
    const open = this.#open.get(name) ?? [], last = least(this.#tokens, lease);
    this.gains++;
    if (lease.isShared) this.shared++;
    if (token <= last) this.#wrong(`${name}: node ${node} gained token ${token} after ${last}`);
    for (const other of open) {
      if (lease.isShared && other.lease.isShared) continue;
      if (other.lease.isHeld) {
        this.#wrong(
          `${name}: node ${node} (${token}) gained it while node ${other.node} ` +
            `(${other.lease.token}) held it for another ${other.lease.remainingMs} ms`,
        );
      } else if (!other.isTold && !this.#states.isFrozen(other.node)) {
        this.#wrong(`${name}: node ${node} gained it before node ${other.node} was told`);
      }
    }
    note(this.#tokens, lease);
    this.#open.set(name, [...open.filter(({ isTold }) => !isTold), gain]);
    return gain;
  }

  /** A holder writes, whether it still is one or not; says whether the store took it. */
  write({ node, lease }: Gain): boolean {
    const { name, token } = lease, stored = least(this.#stored, lease);
    if (token < stored) {
      this.refused++;
      if (lease.isHeld) {
        this.#wrong(`${name}: node ${node} holds it (${token}), and was refused after ${stored}`);
      }
      return false;
    }
    note(this.#stored, lease);
    return true;
  }

  /** Those who hold a lease at the moment. */
  holders(name: string): Gain[] {
    return (this.#open.get(name) ?? []).filter(({ lease }) => lease.isHeld);
  }

  /** Looks, at any moment. */
  look(): void {
    for (const name of this.#open.keys()) {
      const holders = this.holders(name), nodes = holders.map(({ node }) => node);
      if (nodes.length > 1 && !holders.every(({ lease }) => lease.isShared)) {
        this.#wrong(`${name}: nodes ${nodes} hold it, and do not all share it`);
      }
    }
  }

  /** A process has died, and what it believed with it. */
  died(node: number): void {
    for (const [name, open] of this.#open) {
      this.#open.set(name, open.filter((gain) => gain.node !== node));
    }
  }

  #wrong(what: string): void {
    this.wrongs.push(what);
  }
}

/** Which token a lease must be above, or not below, to be later than those in its way. */
function least(highest: ReadonlyMap<string, Highest>, { name, isShared }: Lease): number {
  const { all, alone } = highest.get(name) ?? { all: 0, alone: 0 };
  return isShared ? alone : all;
}

function note(highest: Map<string, Highest>, { name, token, isShared }: Lease): void {
  const { all, alone } = highest.get(name) ?? { all: 0, alone: 0 };
  highest.set(name, {
    all: Math.max(all, token),
    alone: isShared ? alone : Math.max(alone, token),
  });
}
