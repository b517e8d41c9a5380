/**
 * The keys of one node.
 *
 * @module
 */

import { abortable } from "@std/async";
import type { Entry, ForwardedAddition } from "./contracts.ts";
import type { Placement } from "./placement.ts";

/** After so many nodes a request waits until something changes: nodes that see different placements may point at each other. */
const MAX_HOPS = 3;

/** What a {@linkcode KeyStore} asks of its node. */
export interface StoreDelegate {
  /** The name of its node. */
  readonly name: string;
  /** All nodes of the grid, itself among them. */
  readonly nodes: readonly string[];
  /** Has another node do it; `null`: there is no such node now. */
  forward(owner: string, addition: ForwardedAddition, signal: AbortSignal): Promise<number | null>;
}

/**
 * Keeps each key at exactly one node while owners change.
 *
 * - Whoever holds a key serves it, whoever owns it.
 * - A key is handed over to its new owner; from there on, until that one has
 *   taken it, its requests wait.
 * - A node takes keys that it owns in the placement that it knows, and no others.
 * - A key that nobody holds is made by its owner, once each node has answered that
 *   it has handed over everything in the owner's placement: then nobody else holds
 *   it. What a node answered before another placement came and went counts no more.
 *
 * Nodes that end hand over all keys first. What a node holds that is killed is
 * lost: keys have no copies here.
 */
export class KeyStore {
  readonly #delegate: StoreDelegate;
  readonly #values = new Map<string, number>();
  readonly #moving = new Map<string, Promise<void>>();
  /** The nodes that have handed over everything in this placement. */
  #settled = new Set<string>();
  #placement: Placement | null = null;
  #change = Promise.withResolvers<void>();

  constructor(delegate: StoreDelegate) {
    this.#delegate = delegate;
  }

  /** How many keys it holds. */
  get size(): number {
    return this.#values.size;
  }

  /** Who owns which key, as far as it knows; `null`: not known yet. */
  get placement(): Placement | null {
    return this.#placement;
  }

  set placement(placement: Placement | null) {
    this.#placement = placement;
    this.#settled = new Set();
    this.onChange();
  }

  /** Resolves when anything has changed that requests or moves may wait for. */
  get changed(): Promise<void> {
    return this.#change.promise;
  }

  /** Something has changed. */
  onChange(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }

  /** A node has answered that it has handed over everything, in the placement of when it was asked. */
  onSettled(node: string, placement: Placement): void {
    if (placement !== this.#placement) return;
    this.#settled.add(node);
    this.onChange();
  }

  /** Waits until this node has handed over everything in that placement, and knows no other. */
  async whenSettled(placement: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const { changed } = this;
      if (this.#placement?.id === placement && this.misplaced().size === 0) return;
      await abortable(changed, signal);
    }
  }

  /** Serves an addition, here or at the node that has the key. */
  async add(addition: ForwardedAddition, signal: AbortSignal): Promise<number> {
    const { key, by, hops } = addition;
    for (let mayGo = hops < MAX_HOPS;; mayGo = true) {
      // Read before anything is looked at, so that no change is missed.
      const { changed } = this;
      const moving = this.#moving.get(key), value = this.#values.get(key);
      const owner = this.#placement?.ownerOf(key);
      if (moving !== undefined) {
        await abortable(moving, signal);
        continue;
      }
      if (value !== undefined) return this.#serve(key, value + by);
      if (owner === this.#delegate.name) {
        if (this.#isAlone()) return this.#serve(key, by);
      } else if (owner !== undefined && mayGo) {
        const answer = await this.#delegate.forward(owner, { key, by, hops: hops + 1 }, signal);
        if (answer !== null) return answer;
      }
      await abortable(changed, signal);
    }
  }

  /** Takes keys that another node hands over; returns those that it does not own. */
  take(entries: readonly Entry[]): string[] {
    const refused: string[] = [];
    for (const { key, value } of entries) {
      if (this.#values.has(key)) continue; // the answer to an earlier attempt was lost
      if (this.#placement?.ownerOf(key) === this.#delegate.name) this.#values.set(key, value);
      else refused.push(key);
    }
    this.onChange();
    return refused;
  }

  /** The keys that others own, by owner. */
  misplaced(): Map<string, string[]> {
    const byOwner = new Map<string, string[]>();
    for (const key of this.#values.keys()) {
      const owner = this.#placement?.ownerOf(key);
      if (owner === undefined || owner === this.#delegate.name) continue;
      const keys = byOwner.get(owner);
      if (keys === undefined) byOwner.set(owner, [key]);
      else keys.push(key);
    }
    return byOwner;
  }

  /**
   * Moves keys to another node; their requests wait meanwhile.
   *
   * @param keys Which ones; those that are not held any more are passed over.
   * @param send Hands them over, and says which were refused. It must not give up before it knows.
   */
  async move(
    keys: readonly string[],
    send: (entries: Entry[]) => Promise<readonly string[]>,
  ): Promise<void> {
    const moved = Promise.withResolvers<void>();
    const entries: Entry[] = [];
    for (const key of keys) {
      const value = this.#values.get(key);
      if (value === undefined) continue;
      entries.push({ key, value });
      this.#moving.set(key, moved.promise);
    }
    const refused = new Set(await send(entries));
    for (const { key } of entries) {
      this.#moving.delete(key);
      if (!refused.has(key)) this.#values.delete(key);
    }
    moved.resolve();
    // Those that were refused wait for something else to change.
    if (refused.size < entries.length) this.onChange();
  }

  #serve(key: string, value: number): number {
    this.#values.set(key, value);
    return value;
  }

  /** Whether no other node can hold keys that this one owns. */
  #isAlone(): boolean {
    const { name, nodes } = this.#delegate, placement = this.#placement!;
    return [...nodes, ...placement.nodes].every((node) => node === name || this.#settled.has(node));
  }
}
