/**
 * Checks from the voters' logs that nobody held a key beside someone else.
 *
 * @module
 */

import type { Check, Life } from "./check.ts";
import type { NodeEvent } from "../log/log_event.ts";
import { majorityOf } from "../lock/majority.ts";

interface Lease {
  readonly node: number;
  readonly uid: string;
  readonly write: boolean;
  readonly from: number;
  until: number;
}

/** An owner while the events of one key are walked through. */
interface Owner {
  readonly uid: string;
  readonly write: boolean;
  /** How many leases each voter has with it; more than one only after a restart. */
  readonly leases: Map<number, number>;
}

/**
 * Rebuilds each lease: from its grant until it was released or ran out. The
 * death of a voter does not end it: its owner may still count on it, which is
 * why a voter abstains after a restart. Then two things are wrong: a voter
 * with conflicting leases at one time, and, worse, conflicting owners that
 * each have leases of a majority at one time.
 *
 * Times of different voters need not agree for this: as long as each voter's
 * own leases do not conflict, no shift between the voters can make two
 * majorities out of them.
 */
export class LeaseCheck implements Check {
  readonly #majority: number;
  readonly #leases = new Map<string, Lease[]>();
  readonly #current = new Map<string, Lease>();
  #firstAt = Infinity;

  /** @param nodes How many voters there are. */
  constructor(nodes: number) {
    this.#majority = majorityOf(nodes);
  }

  take({ node, life }: Life, event: NodeEvent): void {
    if (event.event === "grant") {
      const { key, uid, write, at: from, until } = event;
      this.#firstAt = Math.min(this.#firstAt, from);
      const lease: Lease = { node, uid, write, from, until };
      this.#current.set(`${node} ${life} ${key} ${uid}`, lease);
      const leases = this.#leases.get(key);
      if (leases === undefined) this.#leases.set(key, [lease]);
      else leases.push(lease);
    } else if (event.event === "refresh" || event.event === "release") {
      const lease = this.#current.get(`${node} ${life} ${event.key} ${event.uid}`);
      if (lease === undefined) return;
      lease.until = event.event === "refresh" ? event.until : Math.min(lease.until, event.at);
    }
  }

  finish(): string[] {
    const locks = new Set<string>(), voters = new Set<string>();
    for (const [key, leases] of this.#leases) this.#checkKey(key, leases, locks, voters);
    return [...locks, ...voters];
  }

  #checkKey(key: string, leases: Lease[], locks: Set<string>, voters: Set<string>): void {
    const lasting = leases.filter((lease) => lease.until > lease.from);
    const turns = lasting.flatMap((lease) => [
      { at: lease.from, lease, begins: true },
      { at: lease.until, lease, begins: false },
    ]);
    // What ends at a moment has ended before anything begins at that moment.
    turns.sort((a, b) => a.at - b.at || Number(a.begins) - Number(b.begins));
    const owners = new Map<string, Owner>();
    for (const { at, lease, begins } of turns) {
      let owner = owners.get(lease.uid);
      if (owner === undefined) {
        owners.set(lease.uid, owner = { uid: lease.uid, write: lease.write, leases: new Map() });
      }
      const count = (owner.leases.get(lease.node) ?? 0) + (begins ? 1 : -1);
      if (count > 0) owner.leases.set(lease.node, count);
      else owner.leases.delete(lease.node);
      if (owner.leases.size === 0) owners.delete(owner.uid);
      if (begins) this.#checkOwner(key, at, lease.node, owner, owners, locks, voters);
    }
  }

  #checkOwner(
    key: string,
    at: number,
    node: number,
    owner: Owner,
    owners: Map<string, Owner>,
    locks: Set<string>,
    voters: Set<string>,
  ): void {
    for (const other of owners.values()) {
      if (other === owner || (!other.write && !owner.write)) continue;
      const pair = `${describe(other)} and ${describe(owner)}`;
      if (other.leases.has(node)) {
        voters.add(`Voter ${node} had leases on ${key} for ${pair} at one time.`);
      }
      if (other.leases.size >= this.#majority && owner.leases.size >= this.#majority) {
        const seconds = ((at - this.#firstAt) / 1_000).toFixed(3);
        locks.add(`${key} was locked by ${pair} at one time, ${seconds} s after the first lease.`);
      }
    }
  }
}

function describe(owner: Owner): string {
  return `${owner.write ? "writer" : "reader"} ${owner.uid}`;
}
