/**
 * Grids of processes whose hosts change under load: by lists that they are told, by a file and by etcd.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { MtlsConfig } from "@internode/grid";
import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import { ETCD, EtcdServer } from "../discovery/etcd/etcd_server.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { FILES, NET, RUN } from "../support/permitted.ts";
import { seedOf } from "../support/seeded.ts";
import type { HostsOrigin, NodeReport, NodeSetup } from "./changing_node.ts";

const ignore = !NET || !RUN || !FILES || Deno.build.os === "windows";
const FIRST = 5, MOST = 8, LAST = 4;
/** Calls a second, of all nodes together. A machine that cannot make so many does not fail for that. */
const RATE = 2_000;
/** So many are made while there are most nodes, and again while there are fewest: a second's. */
const CALLS = 2_000;
/** A host that is listed everywhere must answer all within so long, in milliseconds, beside what any call takes on a busy machine. */
const JOINED_MS = 1_000;
/** So many times the sides of a new connection wait for each other: TCP, TLS, verdicts, hellos. */
const ROUND_TRIPS = 5;
/** How much later than the first one the last node may learn of a change, in milliseconds. */
const SPREAD_MS = 300;

/** A process of changing_node.ts, which may be one node after the other. */
class NodeProcess extends ToldProcess {
  host = "";

  constructor(nth: number) {
    const program = new URL("changing_node.ts", import.meta.url).pathname;
    const flags = ["--quiet", "--allow-net", "--allow-read", "--no-prompt", "--no-check"];
    super([Deno.execPath(), "run", ...flags, program], { what: `process ${nth}` });
  }
}

/** Where nodes learn of the hosts. */
interface Listing extends AsyncDisposable {
  /** How one of them does. */
  origin(hosts: readonly string[]): HostsOrigin;
  /** Makes a set known to these nodes, at different times where that is the test's part; those that register have done so themselves. */
  list(nodes: readonly NodeProcess[], hosts: readonly string[]): Promise<void>;
}

const LISTINGS: Record<HostsOrigin["kind"], (random: SeededRandom) => Promise<Listing>> = {
  list: (random) =>
    Promise.resolve({
      origin: (hosts) => ({ kind: "list", hosts }),
      async list(nodes, hosts) {
        await Promise.all(nodes.map(async (node) => {
          // deno-lint-ignore internode/no-sleep -- nodes have to learn of a change at different times
          await new Promise((done) => setTimeout(done, random.float(0, SPREAD_MS)));
          await node.ask("list", hosts);
        }));
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  async file(random) {
    const folder = await Deno.makeTempDir(), path = `${folder}/hosts`;
    return {
      origin: () => ({ kind: "file", path, settleMs: random.int(20, SPREAD_MS) }),
      async list(_, hosts) {
        await Deno.writeTextFile(`${path}.new`, hosts.map((host) => `${host}\n`).join(""));
        await Deno.rename(`${path}.new`, path);
      },
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
  },
  async etcd() {
    const etcd = await EtcdServer.start();
    return {
      origin: () => ({ kind: "etcd", urls: etcd.url, prefix: "grids/changing" }),
      list: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => etcd[Symbol.asyncDispose](),
    };
  },
};

/** The nodes of one run, and who tells them of changes. */
class Fleet {
  readonly running: NodeProcess[] = [];
  readonly reports: NodeReport[] = [];
  readonly #free: NodeProcess[];
  readonly #random: SeededRandom;
  readonly #listing: Listing;
  readonly #tls: (host: string) => Promise<MtlsConfig | undefined>;

  constructor(
    processes: readonly NodeProcess[],
    random: SeededRandom,
    listing: Listing,
    tls: (host: string) => Promise<MtlsConfig | undefined>,
  ) {
    this.#free = [...processes];
    this.#random = random;
    this.#listing = listing;
    this.#tls = tls;
  }

  get hosts(): string[] {
    return this.running.map(({ host }) => host);
  }

  async start(host: string, hosts: readonly string[]): Promise<void> {
    const node = this.#free.pop()!, from = this.#listing.origin(hosts);
    node.host = host;
    this.running.push(node);
    const tls = await this.#tls(host);
    const setup: NodeSetup = { local: host, from, rate: RATE, ...tls !== undefined && { tls } };
    await node.ask("start", setup);
  }

  async form(hosts: readonly string[]): Promise<void> {
    await this.#listing.list([], hosts);
    await Promise.all(hosts.map((host) => this.start(host, hosts)));
    await this.#areListed();
  }

  /** Each learns of it at another time, the newcomer perhaps first. Gives how long it took from when all listed it until it and all others had called each other. */
  async join(host: string): Promise<number> {
    const hosts = this.#random.shuffle([...this.hosts, host]), others = [...this.running];
    if (this.#random.chance(0.5)) {
      await this.start(host, hosts);
      await this.#listing.list(others, hosts);
    } else {
      await Promise.all([this.start(host, hosts), this.#listing.list(others, hosts)]);
    }
    await this.#areListed();
    const listedMs = performance.now();
    const reached = others.map((node) => node.ask("reach", [host]));
    reached.push(this.running.at(-1)!.ask("reach", others.map(({ host }) => host)));
    await Promise.all(reached);
    return performance.now() - listedMs;
  }

  /** It makes no more calls, the others take it off their lists, then it ends. */
  async leave(host: string): Promise<void> {
    const index = this.hosts.indexOf(host), [node] = this.running.splice(index, 1);
    const isLate = this.#random.chance(0.5);
    // What it called after the others have taken it off their lists would wait in vain.
    await node!.ask("stop");
    const rest = node!.ask("rest").then(() => node!.ask("unlist"));
    if (!isLate) await rest;
    await this.#listing.list(this.running, this.hosts);
    await rest;
    await this.#areListed();
    await node!.ask("part");
    await this.#end(node!);
  }

  /** Lets each node make so many more calls. */
  async call(count: number): Promise<void> {
    await Promise.all(this.running.map((node) => node.ask("call", count)));
  }

  async end(): Promise<void> {
    await Promise.all(this.running.map((node) => node.ask("rest")));
    await Promise.all(this.running.splice(0).map((node) => this.#end(node)));
  }

  async #end(node: NodeProcess): Promise<void> {
    this.reports.push(await node.ask<NodeReport>("end"));
    this.#free.push(node);
  }

  async #areListed(): Promise<void> {
    await Promise.all(this.running.map((node) => node.ask("listed", this.hosts)));
  }
}

/** Plays one run, and says what came of it. */
async function growAndShrink(fleet: Fleet, scheme: string, random: SeededRandom): Promise<string> {
  const all = freePorts(MOST).map((port) => `${scheme}://127.0.0.1:${port}`);
  const joined: number[] = [];
  await fleet.form(all.slice(0, FIRST));
  const startMs = performance.now();
  for (const host of all.slice(FIRST)) joined.push(await fleet.join(host));
  await fleet.call(CALLS / MOST);
  for (const host of random.shuffle([...all]).slice(0, MOST - LAST)) await fleet.leave(host);
  await fleet.call(CALLS / LAST);
  const seconds = (performance.now() - startMs) / 1_000;
  await fleet.end();
  const { reports } = fleet;
  const sum = (of: (report: NodeReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const slowestMs = Math.max(...reports.map((report) => report.slowestMs));
  const limitMs = JOINED_MS + ROUND_TRIPS * slowestMs;
  assert(Math.max(...joined) < limitMs, `joined after ${joined} ms, more than ${limitMs}`);
  assertEquals(reports.flatMap(({ failures }) => failures), [], "calls that failed");
  const answered = sum((report) => report.answered), left = sum((report) => report.left);
  assert(answered > 1_000, `${answered} calls were answered`);
  return `${answered} calls answered, ${
    Math.round(answered / seconds)
  } a second, ${left} to hosts ` +
    `that had left, joined in ${joined.map(Math.round)} ms, slowest call ${
      Math.round(slowestMs)
    } ms`;
}

function changingTest(
  scheme: string,
  what: string,
  tls: () => Promise<(host: string) => Promise<MtlsConfig | undefined>>,
): void {
  Deno.test({
    name: `${what}: 5 processes under load grow to 8 and shrink to 4, and no call fails`,
    ignore,
    async fn(test) {
      const configFor = await tls();
      const processes = Array.from({ length: MOST }, (_, nth) => new NodeProcess(nth));
      try {
        await Promise.all(processes.map((node) => node.ask("ready")));
        for (const [kind, open] of Object.entries(LISTINGS)) {
          const { note, ignore } = kind === "etcd" ? ETCD : { note: "", ignore: false };
          await test.step({
            name: `by ${kind}${note}`,
            ignore,
            async fn() {
              const random = new SeededRandom(seedOf(`${scheme}, ${kind}`));
              await using listing = await open(random);
              const fleet = new Fleet(processes, random, listing, configFor);
              console.log(`${scheme}, ${kind}: ${await growAndShrink(fleet, scheme, random)}`);
            },
          });
        }
        for (const node of processes) assertEquals(await node.end(), 0);
      } catch (error) {
        for (const node of processes) node.kill();
        await Promise.all(processes.map((node) => node.end()));
        throw error;
      }
    },
  });
}

changingTest("tcp", "tcp", () => Promise.resolve(() => Promise.resolve(undefined)));

changingTest("tls", "mutual TLS", async () => {
  const authority = await TestAuthority.root("authority");
  return async (host) => {
    const identity = await authority.node(host, { names: [{ type: "uri", value: host }] });
    return configOf(identity, authority);
  };
});
