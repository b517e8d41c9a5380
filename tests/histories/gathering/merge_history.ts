/**
 * A history of listings on many nodes that are read as one.
 *
 * What must hold, whatever is lost, frozen, parted or started anew: of each host
 * its outputs are read in their order, without a gap and none twice, each with
 * its own host; all together come in order if that was asked for; the end is clean only
 * when all was read, or what is missing was told; who waits by `resume` reads all
 * in the end; a slow reader holds up each host.
 *
 * @module
 */

import { type Manager, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import {
  type Merged,
  type MergedStream,
  mergeStreams,
  type OnError,
  resume,
} from "@internode/grid/patterns";
import { SeededRandom, type SimulatedCluster } from "@internode/grid/testing";
import { simulatedGrid } from "../../support/simulation/simulated_grid.ts";
import { pause } from "../../support/pause.ts";
import { PATIENCE_MS } from "../history.ts";
import { changeHosts, trouble } from "../hosts_trouble.ts";

/** What is put in on purpose: an output left out, given twice or told of another host, an end that hides a failure, outputs out of order. */
export type MergeFault = "none" | "drops" | "doubles" | "wrong host" | "hides" | "disorder";

const WINDOW_MS = 3_000;
const CAPACITY = 4;
/** How many outputs of a host may be under way beyond its window: one that the reader holds, and one that the handler does. */
const BESIDE = 2;

const item = t.record({ host: t.string(), at: t.uint(), key: t.uint() });
type Item = t.Infer<typeof item>;
const list = stream("list", {
  initial: t.record({ reading: t.uint(), from: t.uint() }),
  output: item,
  inputCapacity: 0,
  outputCapacity: CAPACITY,
});

/** Plays one history, and gives its digest. Rejects with what must not have happened. */
export async function playMerge(seed: number, fault: MergeFault = "none"): Promise<string> {
  const random = new SeededRandom(seed), nodes = random.int(2, 5);
  const readings: Reading[] = [];
  const lists = Array.from({ length: nodes }, () => {
    let key = 0;
    return Array.from({ length: random.int(0, 30) }, () => key += random.int(0, 3));
  });
  const grid: SimulatedCluster<Manager> = simulatedGrid({
    nodes,
    seed,
    channels: random.pick(["bytes", "messages"]),
    options: () => ({
      ...random.chance(0.3) && { maxConnectionAgeMs: random.float(300, 2_000), renewalGraceMs: 50 },
    }),
    serve: (manager, { index, host, clock }) => {
      manager.handle(list, async function* ({ reading, from }) {
        const keys = lists[index]!, throws = random.chance(0.05) ? random.int(0, 30) : -1;
        for (let at = from; at < keys.length; at++) {
          if (random.chance(0.2)) await pause(clock, random.float(0, 100));
          if (at === throws) {
            readings[reading]!.threw = true;
            throw new Error("as planned");
          }
          readings[reading]!.onSent(host, at);
          yield { host, at, key: keys[at]! };
        }
      });
    },
  });
  await grid.run(async () => {
    const { clock } = grid;
    await grid.start();
    const lives = grid.hosts.map(() => 0);
    for (let n = random.int(2, 4); n > 0; n--) {
      const from = random.int(0, nodes - 1);
      clock.setTimer(random.float(0, WINDOW_MS / 2), () => {
        if (!grid.isRunning(from) || grid.isFrozen(from)) return;
        const life = lives[from]!;
        const reading = new Reading(
          readings.length,
          grid,
          random,
          lists,
          () => lives[from] !== life,
        );
        readings.push(reading);
        void reading.run(from, fault);
      });
    }
    const troubles = Array.from(
      { length: random.int(0, 4) },
      () => trouble(grid, random, WINDOW_MS, (index) => lives[index]!++),
    );
    if (random.chance(0.4)) changeHosts(grid, random, WINDOW_MS);
    await clock.advance(WINDOW_MS);
    await Promise.all(troubles);
    grid.heal();
    await clock.runUntil(
      () => readings.every((reading) => reading.isOver),
      PATIENCE_MS,
      "all listings to end",
    );
    await clock.advance(1_000);
    const faults = readings.flatMap((reading) => reading.judge());
    if (faults.length > 0) throw new Error(faults.join("\n"));
  });
  await grid.close();
  return grid.history.digest;
}

/** One reader of all listings. */
class Reading {
  /** Whether a handler has thrown of itself. */
  threw = false;
  readonly #id: number;
  readonly #grid: SimulatedCluster<Manager>;
  readonly #random: SeededRandom;
  readonly #lists: readonly (readonly number[])[];
  readonly #isLost: () => boolean;
  readonly #read = new Map<string, number>();
  readonly #failed = new Set<string>();
  /** The hosts that it asks: those on its node's list when it began. */
  #targets: readonly string[] = [];
  readonly #faults: string[] = [];
  #waits = false;
  #lastKey: number | null = null;
  #ended: "clean" | "left" | { readonly error: unknown } | null = null;

  constructor(
    id: number,
    grid: SimulatedCluster<Manager>,
    random: SeededRandom,
    lists: readonly (readonly number[])[],
    isLost: () => boolean,
  ) {
    this.#id = id;
    this.#grid = grid;
    this.#random = random;
    this.#lists = lists;
    this.#isLost = isLost;
  }

  get isOver(): boolean {
    return this.#ended !== null || this.#isLost();
  }

  /** A handler gives an output. */
  onSent(host: string, at: number): void {
    const read = this.#read.get(host) ?? 0, ahead = at - read;
    // A window grows over a distance: to twice what is read in a round trip.
    const most = Math.max(CAPACITY, 2 * read) + BESIDE;
    if (ahead > most && !this.isOver) this.#faults.push(`${host} is ${ahead} ahead of its reader`);
  }

  async run(from: number, fault: MergeFault): Promise<void> {
    const random = this.#random, { clock } = this.#grid, node = this.#grid.node(from);
    const isOrdered = random.chance(0.6);
    const onError: OnError = random.pick(["fail", "skip"]);
    this.#waits = random.chance(0.3);
    const leavesAt = random.chance(0.1) ? random.int(0, 20) : Infinity;
    const options = {
      onError,
      clock,
      ...isOrdered && { orderBy: ({ key }: Item) => key },
    };
    const reading = this.#id, targets = this.#targets = node.hosts;
    const merged: MergedStream<Item, OnError> = this.#waits
      ? mergeStreams(
        targets.map((host) => node.connection(host)),
        (peer) =>
          resume((before: number | undefined) =>
            peer.stream(list, { reading, from: before === undefined ? 0 : before + 1 }), {
            position: ({ at }) =>
              at,
            previous: ({ at }) => at === 0 ? undefined : at - 1,
            clock,
            random,
          }),
        options,
      )
      : mergeStreams(node.connections(), list, { reading, from: 0 }, {
        ...options,
        self: node,
        waitForReady: random.chance(0.5),
      });
    let count = 0;
    try {
      for await (const output of spoiled(merged, fault, random)) {
        if (count++ >= leavesAt) {
          this.#ended = "left";
          break;
        }
        this.#onRead(output, isOrdered);
        if (random.chance(0.2)) await clock.advance(random.float(0, 60));
      }
      this.#ended ??= "clean";
    } catch (error) {
      this.#ended = { error };
    }
    // Whoever asks again is told the same.
    if (this.#ended === "clean" || fault !== "none") return;
    await merged.next().then(
      () => this.#faults.push("an output, or a clean end, behind the end"),
      () => {},
    );
  }

  /** What was wrong. */
  judge(): string[] {
    if (this.#isLost()) return [];
    this.#grid.hosts.forEach((host, index) => {
      if (!this.#targets.includes(host)) return;
      const read = this.#read.get(host) ?? 0, all = this.#lists[index]!.length;
      if (this.#ended === "clean" && read !== all && !this.#failed.has(host)) {
        this.#faults.push(`a clean end after ${read} of ${all} of ${host}`);
      }
    });
    const ended = this.#ended;
    const hasFailed = this.#failed.size > 0 || typeof ended === "object" && ended !== null;
    if (this.#waits && hasFailed && !this.threw) {
      this.#faults.push(`it did not wait: ${JSON.stringify(ended)}, ${[...this.#failed]}`);
    }
    return this.#faults.map((fault) => `reading ${this.#id}: ${fault}`);
  }

  #onRead(output: Merged<Item, OnError>, isOrdered: boolean): void {
    const { host } = output;
    if (this.#failed.has(host)) this.#faults.push(`${host} goes on after its failure`);
    if (!output.ok) {
      this.#failed.add(host);
      return;
    }
    const { value } = output, next = this.#read.get(host) ?? 0;
    if (value.host !== host) this.#faults.push(`${host} gave an output of ${value.host}`);
    if (value.at !== next) this.#faults.push(`${host} gave ${value.at} where ${next} came next`);
    this.#read.set(host, value.at + 1);
    if (isOrdered && this.#lastKey !== null && value.key < this.#lastKey) {
      this.#faults.push(`${value.key} came behind ${this.#lastKey}`);
    }
    this.#lastKey = value.key;
  }
}

/** What a merge with that fault would have given. */
async function* spoiled(
  merged: MergedStream<Item, OnError>,
  fault: MergeFault,
  random: SeededRandom,
): AsyncGenerator<Merged<Item, OnError>> {
  let last: Merged<Item, OnError> | null = null;
  try {
    for await (const output of merged) {
      const isHit = fault !== "none" && random.chance(0.1);
      if (isHit && (fault === "drops" || fault === "hides" && !output.ok)) continue;
      if (isHit && fault === "doubles") yield output;
      if (isHit && fault === "wrong host" && last !== null) yield { ...output, host: last.host };
      else if (isHit && fault === "disorder" && output.ok) {
        yield { ...output, value: { ...output.value, key: 0 } };
      } else yield output;
      last = output;
    }
  } catch (error) {
    if (fault === "hides") return;
    throw error;
  }
}
