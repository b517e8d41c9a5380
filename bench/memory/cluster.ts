/**
 * What a large cluster takes in the simulator, all nodes in this one process
 * and on virtual time: `deno task bench:cluster`. One seed gives one history;
 * the digest shows whether it did.
 *
 * @module
 */

import { type Logger, Manager, single } from "@internode/grid";
import {
  choice,
  CommandLine,
  flag,
  readLine,
  whole,
} from "../../tools/command_line/command_line.ts";
import { SeededRandom, SimulatedCluster } from "@internode/grid/testing";

const LINE = new CommandLine(
  "deno task bench:cluster",
  "Forms a simulated cluster on virtual time, each node connected to each, and measures what a " +
    "connection takes. One seed gives one history.",
  {
    nodes: whole("how many nodes", { from: 2, fallback: 256 }),
    seed: whole("which history", { from: 0, fallback: 1 }),
    channels: choice("what connections carry", ["bytes", "messages"], "messages"),
    join: whole(
      "how many join at a time, of whom the others learn within --spread-ms; 0: all start together",
      {
        from: 0,
        fallback: 0,
      },
    ),
    "spread-ms": whole("how much later than the first one the last node learns of who joins", {
      from: 0,
      fallback: 500,
    }),
    connect: choice("when connections are made", ["all", "onDemand"], "all"),
    json: flag("one line of JSON"),
  },
);

/** How the cluster is made. */
interface ClusterOptions {
  readonly nodes: number;
  readonly seed: number;
  readonly channels: "bytes" | "messages";
  readonly join: number;
  readonly "spread-ms": number;
  readonly connect: "all" | "onDemand";
  readonly json: boolean;
}

/** A step, and what it took. */
interface Step {
  readonly what: string;
  /** Seconds of real time. */
  readonly seconds: number;
  /** How much virtual time passed, in milliseconds. */
  readonly virtualMs: number;
}

const REQUESTS = 2_000;
const REQUESTS_AT_A_TIME = 100;
/** One node of so many is killed and started again. */
const KILLED_SHARE = 100;
const LOOK_EACH_MS = 10;
const LIMIT_MS = 60_000;
/** Beyond this a loop that waits would hardly be one of a simulation. */
const START_LIMIT_MS = 600_000;
const MEBIBYTE = 1024 * 1024;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const echo = single("bench.echo");

/** A cluster of managers, and the steps it is led through. */
class ClusterBench {
  readonly steps: Step[] = [];
  readonly #options: ClusterOptions;
  readonly #cluster: SimulatedCluster<Manager>;
  readonly #random: SeededRandom;
  /** What nodes log of connections that they refuse. */
  readonly #logger: Logger = {
    ...SILENT,
    ...Object.fromEntries(
      (["debug", "info", "warn"] as const).map((level) => [
        level,
        (_: string, { event, code }: { event?: unknown; code?: unknown } = {}): void => {
          if (event === "connection_refused" && code === "NotListed") this.refused++;
        },
      ]),
    ),
  };
  /** Who is listed everywhere, or about to be. */
  #listed: readonly string[] = [];
  /** How many connections were accepted, and how many of them were refused as their dialler was not listed yet. */
  accepted = 0;
  refused = 0;
  /** How long the slowest of those that joined took until it was connected to all, in virtual milliseconds from when all listed it. */
  slowestMs = 0;

  constructor(options: ClusterOptions) {
    const { nodes, seed, channels } = options;
    this.#options = options;
    this.#random = new SeededRandom(seed).fork("bench");
    this.#cluster = new SimulatedCluster<Manager>({
      nodes,
      seed,
      channels,
      pieces: "whole",
      limitMs: START_LIMIT_MS,
      start: async ({ host: local, hosts, clock, random, transports }) => {
        const listed = options.join === 0 ? hosts : this.#listed;
        const manager = new Manager({
          local,
          hosts: listed,
          clock,
          random,
          transports,
          logger: this.#logger,
          connect: options.connect,
        });
        manager.handle(echo, (bytes) => bytes);
        await manager.listen();
        return manager;
      },
    });
    this.#cluster.history.subscribe(({ kind }) => {
      if (kind === "accept") this.accepted++;
    });
  }

  /** How many connections there are. */
  get open(): number {
    const { hosts, network } = this.#cluster;
    return hosts.reduce((sum, host) => sum + network.openConnections(host), 0) / 2;
  }

  get digest(): string {
    return this.#cluster.history.digest;
  }

  /** Starts all nodes at one time and waits until each is connected to all others. */
  form(): Promise<void> {
    return this.#step("all nodes start and connect", async () => {
      await this.#cluster.start();
      await this.#untilConnected();
    });
  }

  /** Starts nodes some at a time; the others learn of them at different times. */
  grow(): Promise<void> {
    const { nodes, join, "spread-ms": spreadMs } = this.#options, cluster = this.#cluster;
    return this.#step(`nodes join, ${join} at a time`, async () => {
      for (let from = 0; from < nodes; from += join) {
        const to = Math.min(nodes, from + join), listed = cluster.hosts.slice(0, to);
        this.#listed = listed;
        await Promise.all(
          Array.from({ length: to - from }, (_, at) => cluster.restart(from + at)),
        );
        for (let index = 0; index < from; index++) {
          const lateMs = index === 0 ? spreadMs : this.#random.float(0, spreadMs);
          cluster.clock.setTimer(lateMs, () => void cluster.node(index).setHosts(listed));
        }
        if (from > 0) await cluster.clock.advance(spreadMs);
        const listedMs = cluster.clock.elapsedMs;
        await this.#untilConnected(from, to);
        this.slowestMs = Math.max(this.slowestMs, cluster.clock.elapsedMs - listedMs);
      }
    });
  }

  /** Pairs drawn at random exchange requests, some at a time. */
  exchange(): Promise<void> {
    return this.#step(`${REQUESTS.toLocaleString("en")} requests of random pairs`, async () => {
      for (let made = 0; made < REQUESTS; made += REQUESTS_AT_A_TIME) {
        const batch = Array.from({ length: REQUESTS_AT_A_TIME }, () => this.#request());
        await this.#cluster.clock.complete(Promise.all(batch), LIMIT_MS, "the answers");
      }
    });
  }

  /** Kills some nodes, lets the others notice, starts them again and waits until all are connected. */
  restart(): Promise<void> {
    const { nodes } = this.#options;
    const all = Array.from({ length: nodes }, (_, index) => index);
    const killed = this.#random.shuffle(all).slice(
      0,
      Math.max(1, Math.floor(nodes / KILLED_SHARE)),
    );
    return this.#step(`${killed.length} killed, started again, and connected`, async () => {
      for (const index of killed) this.#cluster.crash(index, this.#random.pick(["close", "reset"]));
      await this.#cluster.clock.advance(100);
      for (const index of killed) await this.#cluster.restart(index);
      await this.#untilConnected();
    });
  }

  async #step(what: string, body: () => Promise<void>): Promise<void> {
    const { clock } = this.#cluster;
    const startMs = performance.now(), virtualMs = clock.elapsedMs;
    await body();
    const seconds = (performance.now() - startMs) / 1000;
    this.steps.push({ what, seconds, virtualMs: clock.elapsedMs - virtualMs });
  }

  async #request(): Promise<void> {
    const { nodes } = this.#options, cluster = this.#cluster;
    const from = this.#random.int(0, nodes - 1);
    const to = (from + this.#random.int(1, nodes - 1)) % nodes;
    const bytes = this.#random.bytes(64);
    const answer = await cluster.node(from).connection(cluster.hosts[to]!).request(echo, bytes);
    if (answer.length !== bytes.length) throw new Error("an answer differs from its request");
  }

  async #untilConnected(from = 0, to = this.#options.nodes): Promise<void> {
    const { clock } = this.#cluster, limitMs = clock.elapsedMs + LIMIT_MS;
    while (!this.#areConnected(from, to)) {
      if (clock.elapsedMs > limitMs) throw new Error(`not connected within ${LIMIT_MS} ms`);
      await clock.advance(LOOK_EACH_MS);
    }
  }

  /** Whether these have connections with all others, or need none. */
  #areConnected(from: number, to: number): boolean {
    for (let index = from; index < to; index++) {
      for (const { state } of this.#cluster.node(index).connections()) {
        if (state !== "connected" && state !== "idle") return false;
      }
    }
    return true;
  }
}

/** The heap and the buffers after one full collection, in bytes. */
function memory(): { readonly heapBytes: number; readonly bufferBytes: number } {
  const { gc } = globalThis as { gc?: (options: { type: "major" }) => void };
  if (gc === undefined) throw new Error("this bench must run with --v8-flags=--expose-gc");
  gc({ type: "major" });
  const { heapUsed, external } = Deno.memoryUsage();
  return { heapBytes: heapUsed, bufferBytes: external };
}

/** Forms a cluster, measures it, and leads it through the rest. */
async function measure(options: ClusterOptions): Promise<void> {
  const pairs = options.nodes * (options.nodes - 1) / 2;
  const before = memory();
  const bench = new ClusterBench(options);
  await (options.join === 0 ? bench.form() : bench.grow());
  const isOnDemand = options.connect === "onDemand", idle = memory();
  // On demand nobody has connected yet.
  if (isOnDemand) await bench.exchange();
  const formed = isOnDemand ? memory() : idle, { accepted, refused, open: connections } = bench;
  await bench.exchange();
  await bench.restart();
  const { steps, digest, slowestMs } = bench;
  const heapBytes = formed.heapBytes - before.heapBytes;
  const bufferBytes = formed.bufferBytes - before.bufferBytes;
  const usEach = steps[0]!.seconds * 1e6 / pairs;
  if (options.json) {
    return console.log(
      JSON.stringify({
        ...options,
        connections,
        accepted,
        refused,
        idleBytes: idle.heapBytes - before.heapBytes,
        slowestMs,
        heapBytes,
        bufferBytes,
        usEach,
        digest,
        steps,
      }),
    );
  }
  const count = connections.toLocaleString("en");
  console.log(
    `${options.nodes} nodes, ${count} connections of ${options.channels}, both ends here`,
  );
  console.table(steps.map(({ what, seconds, virtualMs }) => ({
    what,
    "seconds": seconds.toFixed(1),
    "virtual ms": virtualMs.toFixed(0),
  })));
  const each = (bytes: number, of = connections): string => `${Math.round(bytes / of)} B each`;
  console.log(`to form a pair: ${usEach.toFixed(0)} µs`);
  if (isOnDemand) {
    const bytes = idle.heapBytes - before.heapBytes;
    console.log(
      `heap before the first call ${(bytes / MEBIBYTE).toFixed(0)} MiB: ${each(bytes, pairs)} pair`,
    );
  }
  console.log(`heap ${(heapBytes / MEBIBYTE).toFixed(0)} MiB: ${each(heapBytes)}`);
  console.log(`buffers ${(bufferBytes / MEBIBYTE).toFixed(0)} MiB: ${each(bufferBytes)}`);
  console.log(
    `${accepted.toLocaleString("en")} dials were accepted, of which ` +
      `${refused.toLocaleString("en")} were refused as their dialler was not listed yet`,
  );
  if (options.join > 0) {
    console.log(`connected ${Math.round(slowestMs)} ms after all listed who joined, at most`);
  }
  console.log(`digest ${digest} of seed ${options.seed}`);
}

if (import.meta.main) {
  await measure(readLine(LINE));
  // To close so many connections would take about as long as to make them.
  Deno.exit(0);
}
