/**
 * A history of the replicated store of `examples/kv`, whose keys move to other nodes while it is used.
 *
 * What must hold, whatever is lost, frozen, parted or started anew: all that was
 * read and written of a key could have been done one after the other, each
 * between its begin and its end; what has failed may have been done at any time
 * since, or never; with all nodes up all is done in the end, and then each key is
 * with its owners alone; who watches sees the newest of each key, and never an
 * older one after a newer one.
 *
 * @module
 */

import type { Manager } from "@internode/grid";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import type { Ring } from "../../../examples/kv/contracts.ts";
import { checkRegisters, type Operation } from "../../../examples/kv/run/register_check.ts";
import { type Disk, KvStore } from "../../../examples/kv/store.ts";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { PATIENCE_MS } from "../history.ts";
import { trouble } from "../hosts_trouble.ts";

const WINDOW_MS = 4_000;
const OPERATIONS = 40;

/** What plays the store: that of the example, or one with a fault. */
export type StoreClass = typeof KvStore;

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playStore(seed: number, Store: StoreClass = KvStore): Promise<string> {
  const history = new StoreHistory(seed, Store);
  await history.grid.run(() => history.play());
  await history.grid.close();
  return history.grid.history.digest;
}

class StoreHistory {
  readonly grid: SimulatedCluster<Manager>;
  readonly #random: SeededRandom;
  readonly #keys: readonly string[];
  /** What each node has written to its disk. */
  readonly #disks: Parameters<Disk["save"]>[0][][];
  readonly #stores: KvStore[] = [];
  readonly #lives: number[];
  readonly #operations: Operation[] = [];
  /** The newest that each node's watch has seen of each key, in the node's present life. */
  readonly #seen: Map<string, string>[] = [];
  /** The newest version of each key that was read or written. */
  readonly #newest = new Map<string, string>();
  readonly #first: number;
  /** On so many nodes all keys are watched. */
  readonly #watching: number;
  readonly #over = new AbortController();
  readonly #faults: string[] = [];
  /** Who is to keep the keys in the end. */
  #owners: readonly string[] = [];
  #steps = 0;
  /** The lives of the nodes whose operations are under way. */
  readonly #pending = new Set<() => boolean>();

  constructor(seed: number, Store: StoreClass) {
    const random = this.#random = new SeededRandom(seed), nodes = random.int(3, 7);
    this.#keys = Array.from({ length: random.int(1, 4) }, (_, at) => `key-${at}`);
    this.#watching = random.int(0, 2);
    this.#disks = Array.from({ length: nodes }, () => []);
    this.#lives = Array(nodes).fill(0);
    const first = this.#first = random.chance(0.5) ? 3 : random.int(3, nodes);
    this.grid = simulatedGrid({
      nodes,
      seed,
      channels: random.pick(["bytes", "messages"]),
      // Slow ones let steps of many operations, and changes, come between each other.
      link: { latencyMaxMs: random.pick([1, 20, 100]) },
      options: () => ({
        dialTimeoutMs: 3_000,
        ...random.chance(0.3) && { maxConnectionAgeMs: random.float(300, 2_000) },
      }),
      serve: (manager, { index, hosts, clock, random }) => {
        const disk = this.#disks[index]!;
        const ring: Ring = { epoch: 0, hosts: hosts.slice(0, first), before: [] };
        const save = (what: Parameters<Disk["save"]>[0]): void => void disk.push(what);
        const store = new Store(manager, ring, { load: () => [...disk], save }, { clock, random });
        this.#stores[index] = store;
        this.#seen[index] = new Map();
        if (index < this.#watching) void this.#watch(index, store);
      },
    });
  }

  async play(): Promise<void> {
    const { grid } = this, { clock, size } = grid, random = this.#random;
    await grid.start();
    this.#owners = grid.hosts.slice(0, this.#first);
    for (let n = 0, atMs = 0; n < OPERATIONS; n++) {
      const from = random.int(0, size - 1), key = random.pick(this.#keys);
      const value = random.chance(0.5) ? `value-${n}` : null;
      atMs = random.chance(0.5) ? atMs + random.float(0, 5) : random.float(0, WINDOW_MS);
      clock.setTimer(atMs, () => this.#operate(from, key, value));
    }
    let isChanged = false;
    void this.#change(random.int(0, 8)).then(() => isChanged = true);
    const troubles = Array.from({ length: random.int(0, 7) }, () => this.#trouble());
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    grid.heal();
    await clock.runUntil(() => isChanged, PATIENCE_MS, "the last change to end");
    await this.#readAll();
    await this.#checkCopies();
    this.#over.abort();
    for (const store of this.#stores) store.settled.close();
    await clock.advance(1_000);
    this.#faults.push(...checkRegisters(this.#operations));
    if (this.#faults.length > 0) throw new Error(this.#faults.join("\n"));
  }

  /** A watch that each life of a node begins. */
  async #watch(index: number, store: KvStore): Promise<void> {
    const seen = this.#seen[index]!;
    try {
      for await (const { key, value, version } of store.watch("key-", this.#over.signal)) {
        const isWritten = this.#operations.some((done) => done.key === key && done.value === value);
        if (!isWritten) this.#faults.push(`a watch saw ${value}, but nobody wrote it`);
        if (version <= (seen.get(key) ?? "")) {
          this.#faults.push(`a watch saw ${value} late`);
        }
        seen.set(key, version);
      }
    } catch (error) {
      if (!this.#over.signal.aborted) this.#faults.push(`a watch has failed: ${error}`);
    }
  }

  /** All watches have seen all, and who is to keep no keys has none. */
  async #checkCopies(): Promise<void> {
    const { clock } = this.grid;
    const isSeen = (): boolean =>
      this.#seen.slice(0, this.#watching).every((seen) =>
        [...this.#newest].every(([key, version]) => (seen.get(key) ?? "") >= version)
      );
    await clock.runUntil(isSeen, PATIENCE_MS, "all watches to see the newest of each key");
    let results = await this.#stores[0]!.statistics();
    for (; results.some(({ ok }) => !ok); results = await this.#stores[0]!.statistics()) {
      await clock.advance(500);
    }
    for (const result of results) {
      if (!result.ok) continue;
      const { host, value: { keys } } = result;
      if (!this.#owners.includes(host) && keys > 0) {
        this.#faults.push(`${host} has ${keys} keys left`);
      }
    }
  }

  /** With all nodes up, each reads each key in the end; connections may take a while to come back. */
  async #readAll(): Promise<void> {
    const { clock, hosts } = this.grid, untilMs = clock.elapsedMs + PATIENCE_MS;
    const isOver = (): boolean => [...this.#pending].every((isLost) => isLost());
    const left = new Set(hosts.flatMap((_, from) => this.#keys.map((key) => ({ from, key }))));
    while (left.size > 0) {
      const reads = [...left].map((read) =>
        [read, this.#operate(read.from, read.key, null)] as const
      );
      await clock.runUntil(isOver, untilMs - clock.elapsedMs, "all reads to end");
      for (const [read, done] of reads) if (done !== null && done.end < Infinity) left.delete(read);
    }
  }

  /** Lets the keys move, one change after the other. The first node decides on all of them. */
  async #change(times: number): Promise<void> {
    const { grid } = this, { clock, hosts, size } = grid, random = this.#random;
    for (let n = 0; n < times; n++) {
      await clock.advance(random.float(0, WINDOW_MS / times));
      const next = this.#owners = random.shuffle([...hosts]).slice(
        0,
        random.chance(0.6) ? 3 : random.int(3, size),
      );
      for (let isDone = false; !isDone;) {
        isDone = await this.#changeTo(next);
        if (!isDone) await clock.advance(50);
      }
    }
  }

  async #changeTo(hosts: readonly string[]): Promise<boolean> {
    const { grid } = this, life = this.#lives[0];
    if (!grid.isRunning(0) || grid.isFrozen(0)) return false;
    let end: boolean | null = null;
    this.#stores[0]!.change([...hosts]).then(() => end = true, () => end = false);
    while (end === null && this.#lives[0] === life) await grid.clock.advance(5);
    return end === true;
  }

  async #trouble(): Promise<void> {
    const { grid } = this, random = this.#random;
    const onCrash = (index: number): void => void this.#lives[index]!++;
    const kind = random.pick(["any", "any", "any", "part", "part", "roll"] as const);
    if (kind === "any") return await trouble(grid, random, WINDOW_MS, onCrash);
    await grid.clock.advance(random.float(0, WINDOW_MS - 1_000));
    const all = random.shuffle(grid.hosts.map((_, index) => index));
    if (kind === "part") {
      const isOneWay = random.chance(0.3);
      grid.partition([all.slice(random.int(1, 3))], isOneWay ? "oneWay" : "both");
      await grid.clock.advance(random.float(0, 900));
      return grid.heal();
    }
    // Each node is started anew, one soon after the other.
    for (const index of all) {
      if (!grid.isRunning(index)) continue;
      grid.crash(index);
      onCrash(index);
      await grid.restart(index);
      await grid.clock.advance(random.float(0, 60));
    }
  }

  /** Reads, or writes a value; `null`: the node is not there. */
  #operate(from: number, key: string, value: string | null): Operation | null {
    if (!this.grid.isRunning(from) || this.grid.isFrozen(from)) return null;
    const store = this.#stores[from]!, life = this.#lives[from];
    const kind = value === null ? "get" : "set";
    const done: Operation = { kind, key, value, begin: ++this.#steps, end: Infinity };
    const isLost = (): boolean => this.#lives[from] !== life;
    this.#operations.push(done);
    this.#pending.add(isLost);
    const operation = value === null ? store.get(key) : store.set(key, value);
    void operation.then((entry) => {
      if (isLost()) return;
      const { version } = entry;
      if (version > (this.#newest.get(key) ?? "")) this.#newest.set(key, version);
      done.value = entry.value;
      done.end = ++this.#steps;
    }, () => {}).then(() => this.#pending.delete(isLost));
    return done;
  }
}
