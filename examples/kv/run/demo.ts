/**
 * Runs the store under load, does harm to its nodes, and judges what was read.
 *
 * @module
 */

import { Manager } from "@internode/grid";
import { delay } from "@std/async";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { Histogram } from "../../lock_service/node/histogram.ts";
import { count, duration } from "../../lock_service/supervisor/table_view.ts";
import type { LiveLine } from "../../support/live_line.ts";
import { type ExampleOutcome, showProgress } from "../../support/run_example.ts";
import type { Entry, Ring } from "../contracts.ts";
import { KvStore } from "../store.ts";
import { Load } from "./load.ts";
import type { KvOptions } from "./options.ts";
import { Processes } from "./processes.ts";
import { checkRegisters } from "./register_check.ts";
import { SeededRandom } from "@internode/grid/testing";

const NODES = 5, KEYS = 24, USERS = 16;
/** So long each node may take until it answers in the end. */
const END_LIMIT_MS = 20_000;
const ignore = () => {};
/** Nodes that are lost are what this is about. */
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** What a run amounts to. */
export interface Summary {
  seed: number;
  seconds: number;
  operations: number;
  /** Those that were asked of nodes which were killed, frozen or away, so that they may have been done or not. */
  unanswered: number;
  kills: number;
  freezes: number;
  /** How often other nodes have taken over keys. */
  changes: number;
  watched: number;
  p50Us: number;
  p99Us: number;
  /** How many reads, or changes that were watched, nothing explains. */
  failed: number;
}

/** The summary, and what else there is to say. */
export interface Outcome extends ExampleOutcome {
  readonly summary: Summary;
  /** What each node told in the end, in lines. */
  readonly nodes: readonly string[];
}

/**
 * Runs the example. When it returns or throws, no process and no file of it is left.
 *
 * @param options How to run it.
 * @param view Where to show it.
 * @param signal Ends it early; then its reason is thrown.
 */
export async function runKv(
  options: KvOptions,
  view: LiveLine,
  signal: AbortSignal,
): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "internode-kv-" });
  try {
    const random = new SeededRandom(options.seed ?? Math.floor(Math.random() * 2 ** 31));
    const [own, ...nodes] = freePorts(NODES + 2).map((port) => `tcp://127.0.0.1:${port}`);
    const hosts = [own!, ...nodes],
      ring: Ring = { epoch: 0, hosts: nodes.slice(0, NODES), before: [] };
    view.print(
      `${NODES} nodes, and one that waits to take the place of another; seed ${random.seed}`,
    );
    await using processes = new Processes(hosts, ring, folder);
    await Promise.all(nodes.map((node) => processes.start(node)));
    // This process takes part, but keeps no keys.
    await using grid = new Manager({ local: own!, hosts, logger: SILENT });
    const store = new KvStore(grid, ring, { load: () => [], save: () => {} });
    await using _ = store.settled;
    await grid.listen();
    await grid.waitForConnect();
    return await new Demo({ options, view, random, processes, grid, store, nodes }).run(signal);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a {@linkcode Demo} is made from. */
interface DemoParts {
  readonly options: KvOptions;
  readonly view: LiveLine;
  readonly random: SeededRandom;
  readonly processes: Processes;
  readonly grid: Manager;
  readonly store: KvStore;
  /** All but this one. */
  readonly nodes: readonly string[];
}

class Demo {
  readonly #parts: DemoParts;
  readonly #keys = Array.from({ length: KEYS }, (_, at) => `key ${at}`);
  readonly #load: Load;
  readonly #latency = new Histogram();
  readonly #seen = new Map<string, Entry>();
  readonly #faults: string[] = [];
  readonly #done = { kills: 0, freezes: 0, changes: 0, watched: 0 };
  #away: string;

  constructor(parts: DemoParts) {
    const { grid, nodes, random } = this.#parts = parts;
    this.#away = nodes.at(-1)!;
    this.#load = new Load({
      grid,
      nodes,
      keys: this.#keys,
      random: () => random.float(0, 1),
      latency: this.#latency,
    });
  }

  async run(signal: AbortSignal): Promise<Outcome> {
    const { options: { seconds }, view, store, random, processes, nodes } = this.#parts;
    const over = new AbortController(), end = new AbortController();
    // Whatever ends the run ends a change that is being tried again and again.
    const running = AbortSignal.any([signal, over.signal]);
    const watching = this.#watch(end.signal), telling = this.#tell(end.signal);
    const working = Promise.all([
      ...Array.from({ length: USERS }, () => this.#load.run(over.signal)),
      showProgress(view, () => this.#progress(), over.signal),
    ]);
    working.catch(() => {}); // it is thrown where it is waited for
    try {
      const untilMs = performance.now() + seconds * 1_000;
      while (performance.now() < untilMs) {
        const changing = random.chance(0.5) ? this.#change(running) : null;
        await this.#harm(random.pick(store.ring.hosts), signal);
        await changing;
        await delay(random.float(100, 400), { signal });
      }
      over.abort();
      await working;
      await this.#readAll();
      await this.#untilWatched();
    } finally {
      over.abort();
      end.abort();
      // Nobody waits for frozen nodes then.
      if (signal.aborted) await processes[Symbol.asyncDispose]();
      await Promise.all([working, watching, telling]);
      view.finish();
    }
    this.#faults.push(...checkRegisters(this.#load.operations));
    const results = await store.statistics();
    const shown = results.filter(({ host }) => nodes.includes(host)).map((result) =>
      result.ok
        ? `${result.host}: ring ${result.value.epoch}, ${result.value.keys} keys, ` +
          `${count(result.value.writes)} writes since it started`
        : `${result.host}: ${result.error}`
    );
    const { operations, unanswered } = this.#load;
    const summary: Summary = {
      seed: random.seed,
      seconds,
      operations: operations.length,
      unanswered,
      ...this.#done,
      p50Us: this.#latency.quantile(0.5),
      p99Us: this.#latency.quantile(0.99),
      failed: this.#faults.length,
    };
    const troubles = [...this.#faults, ...processes.troubles];
    return { summary, failures: new Map(), troubles, nodes: shown };
  }

  /** Kills or freezes a node for a while. */
  async #harm(host: string, signal: AbortSignal): Promise<void> {
    const { random, processes, view } = this.#parts;
    if (random.chance(0.5)) {
      view.print(`${host} is killed`);
      this.#done.kills++;
      await processes.kill(host);
      await delay(random.float(50, 300), { signal });
      await processes.start(host);
    } else {
      view.print(`${host} is frozen`);
      this.#done.freezes++;
      processes.freeze(host);
      await delay(random.float(300, 1_200), { signal });
      processes.thaw(host);
    }
  }

  /** Puts the node that keeps no keys in the place of another. */
  async #change(signal: AbortSignal): Promise<void> {
    const { random, store } = this.#parts, { hosts } = store.ring;
    const leaves = random.pick(hosts),
      next = hosts.map((host) => host === leaves ? this.#away : host);
    for (let isDone = false; !isDone && !signal.aborted;) {
      isDone = await store.change(next).then(() => true, () => false);
    }
    this.#away = leaves;
    this.#done.changes++;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    try {
      for await (const entry of this.#parts.store.watch("key ", signal)) {
        const { key, version, value } = entry;
        this.#done.watched++;
        if (version <= (this.#seen.get(key)?.version ?? "")) {
          this.#faults.push(`The watch gave ${value} of ${key} after a newer value.`);
        }
        this.#seen.set(key, entry);
      }
    } catch (error) {
      if (!signal.aborted) this.#faults.push(`The watch has ended: ${error}`);
    }
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { store, view } = this.#parts;
    try {
      for await (const { value: { epoch, hosts } } of store.settled.subscribe({ signal })) {
        view.print(`ring ${epoch}: the keys are with ${hosts.join(", ")}`);
      }
    } catch {
      // It is over.
    }
  }

  /** Each node reads each key in the end. */
  async #readAll(): Promise<void> {
    const { nodes } = this.#parts, untilMs = performance.now() + END_LIMIT_MS;
    await Promise.all(nodes.map(async (node) => {
      for (const key of this.#keys) {
        while (!await this.#load.operate(node, key, null)) {
          if (performance.now() > untilMs) throw new Error(`${node} does not answer in the end.`);
          await delay(50);
        }
      }
    }));
  }

  /** The watch has seen the newest of each key soon. */
  async #untilWatched(): Promise<void> {
    const { store } = this.#parts, untilMs = performance.now() + END_LIMIT_MS;
    for (const key of this.#keys) {
      const { version } = await store.get(key);
      while ((this.#seen.get(key)?.version ?? "") < version) {
        if (performance.now() > untilMs) {
          this.#faults.push(`The watch has not seen the newest of ${key}.`);
          return;
        }
        await delay(20);
      }
    }
  }

  #progress(): string {
    const { operations } = this.#load, { kills, freezes, changes } = this.#done;
    return `${count(operations.length)} operations, p50 ${
      duration(this.#latency.quantile(0.5))
    }, ` +
      `p99 ${duration(this.#latency.quantile(0.99))}; ${kills} kills, ${freezes} freezes, ` +
      `${changes} changes`;
  }
}
