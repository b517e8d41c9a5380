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

/**
 * Sees all nodes at once, frozen ones too, and writes down what must not have
 * happened: two nodes that hold a lease of one name, a gain before the former
 * holder was told (unless that is frozen), a token that is not above all
 * earlier ones, and a write of a holder that the store refuses.
 */
export class LeaseLedger {
  /** What must not have happened. */
  readonly wrongs: string[] = [];
  /** How many gains there were. */
  gains = 0;
  /** How many writes the store has refused. */
  refused = 0;
  readonly #states: NodeStates;
  readonly #open = new Map<string, Gain[]>();
  readonly #tokens = new Map<string, number>();
  readonly #stored = new Map<string, number>();

  constructor(states: NodeStates) {
    this.#states = states;
  }

  /** A node has gained a lease. */
  gained(node: number, lease: Lease): Gain {
    const { name, token } = lease, gain = { node, lease, isTold: false };
    const open = this.#open.get(name) ?? [], last = this.#tokens.get(name) ?? 0;
    this.gains++;
    if (token <= last) this.#wrong(`${name}: node ${node} gained token ${token} after ${last}`);
    for (const other of open) {
      if (other.lease.isHeld) {
        this.#wrong(
          `${name}: node ${node} (${token}) gained it while node ${other.node} ` +
            `(${other.lease.token}) held it for another ${other.lease.remainingMs} ms`,
        );
      } else if (!other.isTold && !this.#states.isFrozen(other.node)) {
        this.#wrong(`${name}: node ${node} gained it before node ${other.node} was told`);
      }
    }
    this.#tokens.set(name, Math.max(token, last));
    this.#open.set(name, [...open.filter(({ isTold }) => !isTold), gain]);
    return gain;
  }

  /** A holder writes, whether it still is one or not; says whether the store took it. */
  write({ node, lease }: Gain): boolean {
    const { name, token } = lease, stored = this.#stored.get(name) ?? 0;
    if (token < stored) {
      this.refused++;
      if (lease.isHeld) {
        this.#wrong(`${name}: node ${node} holds it (${token}), and was refused after ${stored}`);
      }
      return false;
    }
    this.#stored.set(name, token);
    return true;
  }

  /** Those who hold a lease at the moment. */
  holders(name: string): Gain[] {
    return (this.#open.get(name) ?? []).filter(({ lease }) => lease.isHeld);
  }

  /** Looks, at any moment. */
  look(): void {
    for (const name of this.#open.keys()) {
      const nodes = this.holders(name).map(({ node }) => node);
      if (nodes.length > 1) this.#wrong(`${name}: nodes ${nodes} hold it`);
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
