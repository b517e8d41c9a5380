/**
 * Grids of processes whose lists of hosts change under load.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { MtlsConfig } from "@internode/grid";
import { SeededRandom } from "../../lib/testing/time/seeded_random.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { NET, RUN } from "../support/permitted.ts";
import { seedOf } from "../support/seeded.ts";
import type { NodeReport, NodeSetup } from "./changing_node.ts";

const ignore = !NET || !RUN || Deno.build.os === "windows";
const FIRST = 5, MOST = 8, LAST = 4;
/** Calls a second, of each node: 2,000 where there are most. */
const RATE = 250;
/** A host that is listed everywhere must answer all within so long, in milliseconds, beside what any call takes on a busy machine. */
const JOINED_MS = 1_000;
/** So many times the sides of a new connection wait for each other: TCP, TLS, verdicts, hellos. */
const ROUND_TRIPS = 5;
/** How much later than the first one the last node may learn of a change, in milliseconds. */
const SPREAD_MS = 300;

/** A process of changing_node.ts. */
class NodeProcess extends ToldProcess {
  readonly host: string;

  constructor(setup: NodeSetup) {
    const program = new URL("changing_node.ts", import.meta.url).pathname;
    const args = ["run", "--quiet", "--allow-net", "--no-prompt", program, JSON.stringify(setup)];
    super([Deno.execPath(), ...args], { what: setup.local });
    this.host = setup.local;
  }
}

/** The processes, and who tells them of changes. */
class Fleet {
  readonly running: NodeProcess[] = [];
  readonly #random: SeededRandom;
  readonly #tls: (host: string) => Promise<MtlsConfig | undefined>;
  /** What became of the calls of those that have ended. */
  readonly reports: NodeReport[] = [];

  constructor(random: SeededRandom, tls: (host: string) => Promise<MtlsConfig | undefined>) {
    this.#random = random;
    this.#tls = tls;
  }

  get hosts(): string[] {
    return this.running.map(({ host }) => host);
  }

  async start(host: string, hosts: readonly string[]): Promise<void> {
    const tls = await this.#tls(host);
    const node = new NodeProcess({
      local: host,
      hosts,
      rate: RATE,
      ...tls !== undefined && { tls },
    });
    this.running.push(node);
    await node.ask("ready");
  }

  /** Each learns of it at another time, the newcomer perhaps first. */
  async join(host: string): Promise<number> {
    const hosts = this.#random.shuffle([...this.hosts, host]), others = [...this.running];
    if (this.#random.chance(0.5)) {
      await this.start(host, hosts);
      await this.#list(others, hosts);
    } else {
      await Promise.all([this.start(host, hosts), this.#list(others, hosts)]);
    }
    const listedMs = performance.now();
    const reached = others.map((node) => node.ask("reach", [host]));
    const hostsBefore = others.map(({ host }) => host);
    reached.push(this.running.at(-1)!.ask("reach", hostsBefore));
    await Promise.all(reached);
    return performance.now() - listedMs;
  }

  /** It makes no more calls, the others take it off their lists, then it ends. */
  async leave(host: string): Promise<void> {
    const index = this.hosts.indexOf(host), [node] = this.running.splice(index, 1);
    const isLate = this.#random.chance(0.5);
    const rest = node!.ask("rest");
    if (!isLate) await rest;
    await this.#list(this.running, this.hosts);
    await rest;
    await node!.ask("part");
    this.reports.push(await node!.ask<NodeReport>("report"));
    assertEquals(await node!.end(), 0);
  }

  async end(): Promise<void> {
    await Promise.all(this.running.map((node) => node.ask("rest")));
    for (const node of this.running.splice(0)) {
      this.reports.push(await node.ask<NodeReport>("report"));
      assertEquals(await node.end(), 0);
    }
  }

  async #list(nodes: readonly NodeProcess[], hosts: readonly string[]): Promise<void> {
    await Promise.all(nodes.map(async (node) => {
      // deno-lint-ignore internode/no-sleep -- nodes have to learn of a change at different times
      await new Promise((done) => setTimeout(done, this.#random.float(0, SPREAD_MS)));
      await node.ask("list", hosts);
    }));
  }
}

async function growAndShrink(
  scheme: string,
  tls: (host: string) => Promise<MtlsConfig | undefined>,
): Promise<void> {
  const random = new SeededRandom(seedOf(scheme)), fleet = new Fleet(random, tls);
  const all = freePorts(MOST).map((port) => `${scheme}://127.0.0.1:${port}`);
  try {
    const first = all.slice(0, FIRST), joined: number[] = [];
    await Promise.all(first.map((host) => fleet.start(host, first)));
    for (const host of all.slice(FIRST)) joined.push(await fleet.join(host));
    for (const host of random.shuffle([...all]).slice(0, MOST - LAST)) await fleet.leave(host);
    await fleet.end();
    const sum = (of: (report: NodeReport) => number): number =>
      fleet.reports.reduce((total, report) => total + of(report), 0);
    const slowestMs = Math.max(...fleet.reports.map((report) => report.slowestMs));
    const limitMs = JOINED_MS + ROUND_TRIPS * slowestMs;
    assert(Math.max(...joined) < limitMs, `joined after ${joined} ms, more than ${limitMs}`);
    const failures = fleet.reports.flatMap((report) => report.failures);
    assertEquals(failures, [], "calls that failed");
    const answered = sum((report) => report.answered), left = sum((report) => report.left);
    assert(answered > 1_000, `${answered} calls were answered`);
    console.log(
      `${scheme}: ${answered} calls answered, ${left} to hosts that had left, joined in ${
        joined.map(Math.round)
      } ms, slowest call ${Math.round(slowestMs)} ms`,
    );
  } finally {
    await Promise.all(fleet.running.map((node) => {
      node.kill();
      return node.end();
    }));
  }
}

Deno.test({
  name: "tcp: 5 processes under load grow to 8 and shrink to 4, and no call fails",
  ignore,
  fn: () => growAndShrink("tcp", () => Promise.resolve(undefined)),
});

Deno.test({
  name: "mutual TLS: 5 processes under load grow to 8 and shrink to 4, and no call fails",
  ignore,
  async fn() {
    const authority = await TestAuthority.root("authority");
    await growAndShrink("tls", async (host) => {
      const identity = await authority.node(host, { names: [{ type: "uri", value: host }] });
      return configOf(identity, authority);
    });
  },
});
