/**
 * A history of a register that many nodes keep, written and read by quorums.
 *
 * What must hold, whatever is lost, frozen, parted, started anew or taken off the
 * list of hosts: a quorum write that resolved is read by every quorum read that
 * begins later; each gather ends, in time; each host is asked once at most, ends
 * in one result, and that is true: an answer is its own, and an outcome says
 * rightly whether its handler has run.
 *
 * @module
 */

import { type Connection, type Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { gather, type Gathering, type GatherOptions, QuorumError } from "@internode/grid/patterns";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { pause } from "../../support/pause.ts";
import { PATIENCE_MS } from "../history.ts";
import { trouble } from "../hosts_trouble.ts";
import { Asking, type GatherFault, judgeAsking } from "./asking.ts";

const WINDOW_MS = 4_000;
const OPERATIONS = 30;

const ask = t.record({ id: t.uint(), delayMs: t.uint(), version: t.uint() });
const answer = t.record({ host: t.string(), version: t.uint() });
const get = single("get", { request: ask, response: answer });
const put = single("put", { request: ask, response: answer });

/** One read or write of the register that was done. */
interface Operation {
  readonly kind: "read" | "write";
  /** When it began and ended, in steps that all nodes count together. */
  readonly begin: number;
  readonly end: number;
  readonly version: number;
}

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playQuorum(seed: number, fault: GatherFault = "none"): Promise<string> {
  const history = new QuorumHistory(seed, fault);
  await history.grid.run(() => history.play());
  await history.grid.close();
  return history.grid.history.digest;
}

class QuorumHistory {
  readonly grid: SimulatedCluster<Manager>;
  readonly #random: SeededRandom;
  readonly #fault: GatherFault;
  /** How many have to take a write, and to answer a read. */
  readonly #needs: { readonly put: number; readonly get: number };
  /** What each node keeps, also when it dies. */
  readonly #disks: number[];
  readonly #askings: Asking[] = [];
  readonly #operations: Operation[] = [];
  readonly #lives: number[];
  readonly #held = new Map<string, Connection>();
  /** Who has been frozen: its time stood still. */
  readonly #frozen = new Set<number>();
  #steps = 0;
  #busy = 0;

  constructor(seed: number, fault: GatherFault) {
    const random = this.#random = new SeededRandom(seed), nodes = random.int(2, 5);
    this.#fault = fault;
    const writes = random.int(1, nodes);
    this.#needs = fault === "too few"
      ? { put: Math.max(1, writes - 1), get: Math.max(1, nodes - writes) }
      : { put: writes, get: nodes + 1 - writes };
    this.#disks = Array(nodes).fill(0);
    this.#lives = Array(nodes).fill(0);
    this.grid = simulatedGrid({
      nodes,
      seed,
      channels: random.pick(["bytes", "messages"]),
      options: () => ({
        dialTimeoutMs: 3_000,
        ...random.chance(0.3) && { maxConnectionAgeMs: random.float(300, 2_000) },
      }),
      serve: (manager, { index, host, clock }) => {
        if (fault === "forgets") this.#disks[index] = 0;
        const serve = async ({ id, delayMs, version }: t.Infer<typeof ask>) => {
          this.#askings[id]!.ran(host);
          if (delayMs > 0) await pause(clock, delayMs);
          // On disk first, as who has answered may die.
          this.#disks[index] = Math.max(this.#disks[index]!, version);
          return { host, version: this.#disks[index]! };
        };
        manager.handle(get, serve);
        manager.handle(put, serve);
      },
    });
  }

  async play(): Promise<void> {
    const { grid } = this, { clock, size } = grid, random = this.#random;
    const freeze = grid.freeze.bind(grid);
    grid.freeze = (index) => {
      this.#frozen.add(index);
      freeze(index);
    };
    await grid.start();
    for (let n = 0; n < OPERATIONS; n++) {
      const from = random.int(0, size - 1), writes = random.chance(0.5);
      clock.setTimer(random.float(0, WINDOW_MS), () => void this.#operate(from, writes));
    }
    for (let n = random.int(0, 4); n > 0; n--) {
      const index = random.int(0, size - 1);
      clock.setTimer(random.float(0, WINDOW_MS), () => this.#changeHosts(index));
    }
    const troubles = Array.from({ length: random.int(0, 5) }, () => this.#trouble());
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    this.grid.heal();
    for (let index = 0; index < size; index++) this.#changeHosts(index, this.grid.hosts);
    await clock.runUntil(() => this.#busy === 0, PATIENCE_MS, "all quorums to end");
    // Handlers, and news of them that is late.
    await clock.advance(2_000);
    for (let from = 0; from < size; from++) await this.#operate(from, false);
    await clock.advance(1_000);
    for (const asking of this.#askings) judgeAsking(asking, this.#fault);
    this.#judgeOperations();
  }

  #trouble(): Promise<void> {
    const { grid } = this, random = this.#random;
    if (random.chance(0.7)) {
      return trouble(grid, random, WINDOW_MS, (index) => this.#lives[index]!++);
    }
    const group = Array.from({ length: grid.size }, (_, index) => index)
      .filter(() => random.chance(0.5));
    const isOneWay = random.chance(0.3), lastsMs = random.float(0, 900);
    return (async () => {
      await grid.clock.advance(random.float(0, WINDOW_MS - 1_000));
      grid.partition([group], isOneWay ? "oneWay" : "both");
      await grid.clock.advance(lastsMs);
      grid.heal();
    })();
  }

  #changeHosts(index: number, all?: readonly string[]): void {
    if (!this.grid.isRunning(index) || this.grid.isFrozen(index)) return;
    const { hosts } = this.grid, own = hosts[index];
    const listed = all ?? hosts.filter((host) => host === own || this.#random.chance(0.7));
    this.grid.node(index).setHosts(listed, { graceMs: 200 });
  }

  /** A write has read first, as it needs a version above all that others have written. */
  async #operate(from: number, writes: boolean): Promise<void> {
    if (!this.grid.isRunning(from) || this.grid.isFrozen(from)) return;
    const life = this.#lives[from]!, begin = ++this.#steps;
    const isLost = (): boolean => this.#lives[from] !== life;
    const done = this.#quorum(from, get, 0);
    const seen = await this.#unless(isLost, done);
    if (seen === null) return;
    if (!writes) {
      this.#operations.push({ kind: "read", begin, end: ++this.#steps, version: seen });
      return;
    }
    // Frozen nodes read no clock here; what is asked next is asked when they go on.
    const version = (Math.floor(seen / 1_000) + 1) * 1_000 + begin % 1_000;
    if (isLost() || await this.#unless(isLost, this.#quorum(from, put, version)) === null) return;
    this.#operations.push({ kind: "write", begin, end: ++this.#steps, version });
  }

  /** `null` for what has failed, or whose node has died. */
  async #unless(isLost: () => boolean, done: Promise<number | null>): Promise<number | null> {
    let result: number | null | undefined;
    this.#busy++;
    void done.then((version) => result = version);
    const { clock } = this.grid;
    while (result === undefined && !isLost()) await clock.advance(5);
    this.#busy--;
    return result ?? null;
  }

  /** The highest version of a quorum; `null` if there was none. */
  async #quorum(from: number, contract: typeof get, version: number): Promise<number | null> {
    const { grid } = this, random = this.#random, node = grid.node(from);
    const id = this.#askings.length, need = this.#needs[contract === get ? "get" : "put"];
    const timeoutMs = random.pick([200, 600, 2_000]);
    const asking = this.#askings[id] = new Asking(id, grid.hosts, need);
    const request = { id, version, delayMs: random.chance(0.3) ? random.int(1, 300) : 0 };
    const options: GatherOptions<t.Infer<typeof answer>> = {
      need,
      timeoutMs,
      rest: random.pick(["cancel", "finish"]),
      // Its time is true time; only frozen nodes would feel that.
      clock: grid.clock,
      ...random.chance(0.3) && { hedgeDelayMs: random.float(0, 200) },
      ...random.chance(0.2) && { concurrency: random.int(1, grid.size) },
      ...random.chance(0.3) && { waitForReady: true },
    };
    const peers = grid.hosts.filter((_, index) => index !== from)
      .map((host) => this.#connection(from, host));
    const isByHand = random.chance(0.3);
    const gathering = isByHand
      ? gather(
        [node.connection(node.local), ...peers],
        (peer, given) => peer.request(contract, request, given),
        options,
      )
      : gather(peers, contract, request, { ...options, self: node });
    const startMs = grid.clock.now();
    const lateMs = (): number =>
      this.#frozen.has(from) ? 0 : grid.clock.now() - startMs - timeoutMs;
    void gathering.finished.then((results) => {
      asking.finished = results;
    });
    try {
      const { values } = random.chance(0.3)
        ? await this.#iterate(gathering, need)
        : await gathering;
      asking.onDecided(values, undefined, lateMs());
      return Math.max(...values.map((value) => value.version));
    } catch (error) {
      asking.onDecided([], error, lateMs());
      if (!(error instanceof QuorumError)) asking.faults.push(`strange: ${error}`);
      return null;
    }
  }

  /** Reads until there are enough. */
  async #iterate<Value>(
    gathering: Gathering<Value>,
    need: number,
  ): Promise<{ values: readonly Value[] }> {
    const values: Value[] = [];
    for await (const result of gathering) {
      if (result.ok) values.push(result.value);
      if (values.length === need) break;
    }
    return { values };
  }

  #connection(from: number, host: string): Connection {
    const key = `${from} ${this.#lives[from]} ${host}`;
    let held = this.#held.get(key);
    if (held === undefined) {
      const node = this.grid.node(from), before = node.hosts;
      // Who has left is a target all the same, and fails as that.
      if (!before.includes(host)) node.setHosts([...before, host]);
      held = node.connection(host);
      this.#held.set(key, held);
    }
    return held;
  }

  #judgeOperations(): void {
    const written = new Set([0]);
    for (const { kind, version } of this.#operations) if (kind === "write") written.add(version);
    for (const read of this.#operations) {
      if (read.kind !== "read") continue;
      for (const write of this.#operations) {
        if (write.kind !== "write" || write.end > read.begin || read.version >= write.version) {
          continue;
        }
        throw new Error(
          `a read begun at step ${read.begin} gave ${read.version}, and ${write.version} was written by step ${write.end}`,
        );
      }
    }
  }
}
