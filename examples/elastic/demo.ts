/**
 * Runs nodes and a client, and lets nodes come and go while it works.
 *
 * @module
 */

import { client, connect, consistentHash, type ServiceConnection } from "@internode/grid/call";
import { etcdResolver } from "@internode/grid/etcd";
import { delay } from "@std/async";
import { count, duration } from "../lock_service/supervisor/table_view.ts";
import { EtcdProcess } from "../support/etcd_process.ts";
import { type LiveLine, viewLogger } from "../support/live_line.ts";
import { type ExampleOutcome, showProgress } from "../support/run_example.ts";
import { Watching } from "../support/watching.ts";
import { Counters } from "./contracts.ts";
import { Fleet } from "./fleet.ts";
import { Load } from "./load.ts";
import type { ElasticOptions } from "./options.ts";
import { prefixesOf } from "./reports.ts";

/** What a run amounts to. */
export interface Summary {
  seconds: number;
  requests: number;
  failed: number;
  /** How many keys do not have what was added to them. */
  wrongKeys: number;
  p50Us: number;
  p99Us: number;
  /** How often a node has come or gone under load. */
  steps: number;
}

/** The summary, and what else there is to say. */
export interface Outcome extends ExampleOutcome {
  readonly summary: Summary;
}

/**
 * Runs the example. When it returns or throws, no process and no file of it is left.
 *
 * @param options How to run it.
 * @param view Where to show it.
 * @param signal Ends it early; then its reason is thrown.
 */
export async function runElastic(
  options: ElasticOptions,
  view: LiveLine,
  signal: AbortSignal,
): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "internode-elastic-" });
  try {
    await using etcd = await EtcdProcess.start(folder, signal);
    const { from, to, end, rate } = options;
    const list = { urls: [etcd.url], prefix: `internode-elastic/${crypto.randomUUID()}` };
    const tell = (message: string) => view.print(message);
    await using fleet = new Fleet({ most: to, ...list, tell });
    view.print(
      `${from} nodes, then ${to}, then ${end}, listed in etcd at ${etcd.url}; ` +
        `${count(rate)} additions/s`,
    );
    await Promise.all(Array.from({ length: from }, () => fleet.grow(signal)));
    const { hosts: prefix } = prefixesOf(list);
    const context = { resolver: { etcd: { urls: list.urls, prefix } } };
    const { web } = options;
    await using _ = await Watching.start({ folder, context, web, peers: true, tell });
    return await useFleet(fleet, list, options, view, signal);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function useFleet(
  fleet: Fleet,
  list: { readonly urls: readonly string[]; readonly prefix: string },
  options: ElasticOptions,
  view: LiveLine,
  signal: AbortSignal,
): Promise<Outcome> {
  const logger = viewLogger(view, "client");
  const { owners: prefix } = prefixesOf(list);
  // Nodes leave on purpose here, so none is kept for a time, however many leave at once.
  const resolver = etcdResolver({ urls: list.urls, prefix, maxShrink: false, logger });
  const connection = await connect(resolver, { balancer: consistentHash(), logger });
  const load = new Load({ counters: client(Counters, connection), ...options });
  const over = new AbortController();
  const running = Promise.all([
    load.run(over.signal),
    showProgress(view, () => progress(load, connection), over.signal),
  ]);
  let steps = 0, wrong: string[];
  try {
    steps = await change(fleet, options, signal);
    over.abort();
    await running;
    wrong = await load.check();
  } finally {
    over.abort();
    await running;
    await connection.close();
    view.finish();
  }
  await fleet.stop();
  const { latency, requests, failed, failures } = load;
  const summary = {
    seconds: options.seconds,
    requests,
    failed,
    wrongKeys: wrong.length,
    p50Us: latency.quantile(0.5),
    p99Us: latency.quantile(0.99),
    steps,
  };
  return { summary, failures, troubles: [...fleet.troubles, ...wrong] };
}

/** Lets nodes come and go, one at a time, spread over the time of the run if that is long enough; returns how often. */
async function change(
  fleet: Fleet,
  { from, to, end, seconds }: ElasticOptions,
  signal: AbortSignal,
): Promise<number> {
  const beganAt = performance.now(), steps = to - from + to - end;
  for (let done = 0; done <= steps; done++) {
    const dueAt = beganAt + (done + 0.5) / (steps + 1) * seconds * 1_000;
    await delay(Math.max(0, dueAt - performance.now()), { signal });
    if (done === steps) break;
    if (done < to - from) await fleet.grow(signal);
    else await fleet.shrink();
  }
  await delay(Math.max(0, beganAt + seconds * 1_000 - performance.now()), { signal });
  return steps;
}

function progress({ requests, failed, latency }: Load, connection: ServiceConnection): string {
  const owners = connection.replicas.filter(({ state }) => state === "connected");
  return `${count(requests)} additions, p50 ${duration(latency.quantile(0.5))}, p99 ${
    duration(latency.quantile(0.99))
  }, ${failed} failed, ${owners.length} owners`;
}
