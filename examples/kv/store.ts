/** One node of a replicated store. @module */

import { type Connection, type Manager, type ManagerOptions, owners } from "@internode/grid";
import { gather, majorityOf, mergeStreams, outputLog, resume } from "@internode/grid/patterns";
import * as kv from "./contracts.ts";
import type { Entry, Ring } from "./contracts.ts";

/** How many owners a key has. A majority of them has to take a write, and to answer a read. */
const COPIES = 3;
const OPTIONS = { rest: "finish", timeoutMs: 2_000, waitForReady: true } as const;

/** What a node still has when it starts anew. */
export interface Disk {
  load(): Iterable<{ readonly entry?: Entry; readonly ring?: Ring }>;
  save(what: { readonly entry: Entry } | { readonly ring: Ring }): void;
}
/** For simulations. */
export type Time = Pick<ManagerOptions, "clock" | "random">;

/** Keeps the keys that its node owns, and reads and writes any. */
export class KvStore {
  readonly #grid: Manager;
  readonly #time: Time;
  readonly #log;
  /** The rings in which all keys have moved. To be closed before the grid. */
  readonly settled;
  readonly #entries = new Map<string, Entry>();
  #disk: Disk | null = null;
  #ring: Ring;
  #writes = 0;

  /** To be made before the grid listens. All nodes begin with one ring. */
  constructor(grid: Manager, ring: Ring, disk: Disk, time: Time = {}) {
    this.#grid = grid;
    this.#ring = ring;
    this.#time = time;
    this.#log = outputLog<Entry>({ maxItems: 10_000, random: time.random });
    this.settled = kv.settled.join(grid, time);
    for (const { entry, ring } of disk.load()) {
      if (entry !== undefined) this.#keep(entry);
      if (ring !== undefined) this.#adopt(ring);
    }
    this.#disk = disk;
    grid.handle(kv.get, (key) => this.get(key));
    grid.handle(kv.set, ({ key, value }) => this.set(key, value));
    grid.handle(kv.exchange, ({ ring, entry }) => {
      const kept = this.#adopt(ring) ? this.#keep(entry) : null;
      return { ring: this.#ring, entry: kept };
    });
    grid.handle(kv.handOver, (ring) => this.#handOver(ring));
    grid.handle(kv.changes, (from, _, { signal }) => this.#changes(from, signal));
    grid.handle(kv.stats, () => {
      return { epoch: this.#ring.epoch, keys: this.#entries.size, writes: this.#writes };
    });
    void this.#followRings();
  }

  /** Who keeps the keys, as far as this node knows. */
  get ring(): Ring {
    return this.#ring;
  }

  /** What a key has. */
  get(key: string): Promise<Entry> {
    return this.#operate(key, (newest) => newest);
  }

  /** Gives a key a value, or none. If it fails, the value may appear now, later or never. */
  set(key: string, value: string | null): Promise<Entry> {
    const id = `${this.#log.id}-${++this.#writes}`; // no other write has it
    let entry: Entry | null = null;
    return this.#operate(key, ({ version }) => {
      const count = String(Number(version.slice(0, 12)) + 1).padStart(12, "0");
      return entry ??= { key, value, version: `${count} ${id}` };
    });
  }

  /** What keys that begin so have, and get, from whichever node tells it first. */
  async *watch(prefix: string, signal?: AbortSignal): AsyncGenerator<Entry> {
    const seen = new Map<string, string>(), { clock } = this.#time;
    const follow = (peer: Connection) =>
      resume((from: string = "") => peer.stream(kv.changes, from), {
        position: ({ position }) => position,
        compare: () => 1, // what comes twice is not newer
        maxGapMs: Infinity,
        onGap: "restart",
        ...this.#time,
      });
    const feeds = mergeStreams(this.#peers(this.#grid.hosts), follow, { signal, clock });
    for await (const { value: { value: entry } } of feeds) {
      const { key, version } = entry;
      if (!key.startsWith(prefix) || version <= (seen.get(key) ?? "")) continue;
      seen.set(key, version);
      yield entry;
    }
  }

  /** What each node tells of itself, or why it does not. */
  async statistics() {
    const options = { self: this.#grid, timeoutMs: 500 };
    return (await gather(this.#grid.connections(), kv.stats, undefined, options)).results;
  }

  /** Lets these hosts keep the keys. Only one host may call it. If it fails, call it again: that ends what was begun. */
  async change(hosts: string[]): Promise<void> {
    if (this.#ring.before.length === 0) {
      // Once it has begun, a host that is not there can no longer be left out.
      await gather(this.#peers(hosts), kv.stats, undefined, { ...OPTIONS, need: hosts.length });
      this.#adopt({ epoch: this.#ring.epoch + 1, hosts, before: this.#ring.hosts });
    }
    const ring = this.#ring, peers = this.#peers(ring.before);
    // At least one owner of each majority that has kept an entry is among them.
    const need = peers.length - majorityOf(Math.min(COPIES, peers.length)) + 1;
    await gather(peers, kv.handOver, ring, { ...OPTIONS, need, timeoutMs: 60_000 });
    this.#adopt({ epoch: ring.epoch + 1, hosts: ring.hosts, before: [] });
    await this.settled.publish(this.#ring);
  }

  /** Finds the newest entry of a key, and has a majority of its owners keep what `next` makes of it. */
  async #operate(key: string, next: (newest: Entry) => Entry): Promise<Entry> {
    for (;;) {
      const ring = this.#ring, nothing = { key, value: null, version: "" };
      try {
        const all = ring.before.length > 0 ? [ring.hosts, ring.before] : [ring.hosts];
        const found = await Promise.all(all.map((hosts) => this.#exchange(ring, hosts, nothing)));
        const entry = next(found.flat().reduce((a, b) => a.version > b.version ? a : b));
        const isKept = found[0]!.every(({ version }) => version === entry.version);
        if (!isKept) await this.#exchange(ring, ring.hosts, entry);
        return entry;
      } catch (error) {
        if (this.#ring === ring) throw error; // else both steps again by the later ring
      }
    }
  }

  /** Shows an entry to the key's owners among hosts; gives what a majority of them have then. */
  async #exchange(ring: Ring, hosts: string[], entry: Entry): Promise<Entry[]> {
    const peers = this.#peers(owners(entry.key, hosts, COPIES));
    const { values } = await gather(peers, kv.exchange, { ring, entry }, {
      ...OPTIONS,
      need: majorityOf(peers.length),
      accept: ({ ring, entry }) => this.#adopt(ring) && entry !== null,
    });
    return values.map(({ entry }) => entry!);
  }

  /** Keeps the newer one, on the disk before anybody hears of it. */
  #keep(entry: Entry): Entry {
    const known = this.#entries.get(entry.key) ?? { ...entry, value: null, version: "" };
    if (entry.version <= known.version) return known;
    this.#disk?.save({ entry });
    this.#entries.set(entry.key, entry);
    this.#log.append(entry);
    return entry;
  }

  /** Goes by a ring from now on, unless this node knows a later one; says whether it does. */
  #adopt(ring: Ring): boolean {
    if (ring.epoch <= this.#ring.epoch) return ring.epoch === this.#ring.epoch;
    this.#disk?.save({ ring });
    this.#ring = ring;
    for (const key of ring.before.length > 0 ? [] : this.#entries.keys()) {
      if (!owners(key, ring.hosts, COPIES).includes(this.#grid.local)) this.#entries.delete(key);
    }
    return true;
  }

  async #handOver(ring: Ring): Promise<void> {
    if (!this.#adopt(ring)) throw new Error(`Ring ${this.#ring.epoch} is the latest here.`);
    for (const key of [...this.#entries.keys()]) await this.get(key);
  }

  async *#changes(from: string, signal: AbortSignal) {
    const behind = from === "" ? this.#log.position : from;
    const all = from === "" ? [...this.#entries.values()] : [];
    for (const value of all) yield { position: "", value };
    yield* this.#log.read(behind, { signal });
  }

  async #followRings(): Promise<void> {
    for await (const { value } of this.settled.subscribe()) this.#adopt(value);
  }

  #peers(hosts: readonly string[]): Connection[] {
    return hosts.map((host) => this.#grid.connection(host));
  }
}
