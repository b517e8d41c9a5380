/**
 * Runs replicas and a client, and restarts all the replicas while it works.
 *
 * @module
 */

import { client, connect, consistentHash, type ServiceConnection } from "@internode/grid/call";
import { delay } from "@std/async";
import { count, duration } from "../lock_service/supervisor/table_view.ts";
import { Cache } from "./contracts.ts";
import { EtcdProcess } from "../support/etcd_process.ts";
import { Fleet } from "./fleet.ts";
import { KeyWatch } from "./key_watch.ts";
import { type LiveLine, viewLogger } from "../support/live_line.ts";
import { type ExampleOutcome, showProgress } from "../support/run_example.ts";
import { keyOf, Load } from "./load.ts";
import type { CacheOptions } from "./options.ts";
import { Watching } from "../support/watching.ts";
import { type ReplicaList, resolverOf } from "./replica_list.ts";

/** How often each replica is restarted. */
const ROUNDS = 2;
const KEYS = 200;

/** What a run amounts to. */
export interface Summary {
  replicas: number;
  seconds: number;
  requests: number;
  failed: number;
  p50Us: number;
  p99Us: number;
  restarts: number;
}

/** The summary, and what else there is to say. */
export interface Outcome extends ExampleOutcome {
  readonly summary: Summary;
  /** How long the load went on. */
  readonly tookMs: number;
  /** The part of gets that found something. */
  readonly hitShare: number;
  /** How many calls each replica has served. */
  readonly calls: readonly number[];
  readonly watch: KeyWatch;
}

/**
 * Runs the example. When it returns or throws, no process and no file of it is left.
 *
 * @param options How to run it.
 * @param view Where to show it.
 * @param signal Ends it early; then its reason is thrown.
 */
export async function runDemo(
  options: CacheOptions,
  view: LiveLine,
  signal: AbortSignal,
): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "internode-cache-" });
  try {
    await using stack = new AsyncDisposableStack();
    const list = await makeList(options, folder, stack, signal);
    view.print(
      `${options.replicas} replicas over ${options.transport}, listed in ${
        list.kind === "etcd" ? `etcd at ${list.urls.join(", ")}` : "a file"
      }; ${count(options.rate)} requests/s for ${options.seconds} s`,
    );
    const fleet = stack.use(
      new Fleet({ ...options, list, folder, tell: (message) => view.print(message) }),
    );
    await fleet.start(signal);
    const { web } = options, tell = (message: string) => view.print(message);
    stack.use(await Watching.start({ folder, context: { hosts: fleet.hosts }, web, tell }));
    return await useFleet(fleet, list, options, view, signal);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Finds out where replicas are to be listed; starts an etcd for it if that is wanted. */
async function makeList(
  options: CacheOptions,
  folder: string,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<ReplicaList> {
  const { list } = options;
  const isFile = list === "file" || list === "auto" && !await EtcdProcess.isInstalled();
  if (isFile) return { kind: "file", path: `${folder}/replicas` };
  const prefix = `internode-cache/${crypto.randomUUID()}`;
  if (typeof list !== "string") return { kind: "etcd", urls: list, prefix };
  const { url } = stack.use(await EtcdProcess.start(folder, signal));
  return { kind: "etcd", urls: [url], prefix };
}

async function useFleet(
  fleet: Fleet,
  list: ReplicaList,
  options: CacheOptions,
  view: LiveLine,
  signal: AbortSignal,
): Promise<Outcome> {
  const logger = viewLogger(view, "client");
  const connection = await connect(resolverOf(list, logger), {
    balancer: consistentHash(),
    logger,
  });
  const cache = client(Cache, connection);
  const load = new Load({ cache, rate: options.rate, keys: KEYS });
  const watch = new KeyWatch();
  const over = new AbortController();
  const beganAt = performance.now();
  const running = Promise.all([
    load.run(over.signal),
    watch.run(cache, keyOf(0), over.signal).catch((error) => load.fail(error)),
    showProgress(view, () => progress(options, load, connection), over.signal),
  ]);
  try {
    await Promise.all([
      restartAll(fleet, options, signal),
      delay(options.seconds * 1_000, { signal }),
    ]);
  } finally {
    over.abort();
    await running;
    await connection.close();
    view.finish();
  }
  const tookMs = performance.now() - beganAt;
  await fleet.stop();
  const { latency, requests, failed, failures } = load;
  const summary = {
    replicas: options.replicas,
    seconds: options.seconds,
    requests,
    failed,
    p50Us: latency.quantile(0.5),
    p99Us: latency.quantile(0.99),
    restarts: fleet.restarts,
  };
  const { calls, troubles } = fleet;
  const hitShare = load.gets === 0 ? 0 : load.hits / load.gets;
  return { summary, tookMs, hitShare, calls, watch, failures, troubles };
}

/** Restarts one replica after the other, spread over the time of the run if that is long enough. */
async function restartAll(
  fleet: Fleet,
  { replicas, seconds }: CacheOptions,
  signal: AbortSignal,
): Promise<void> {
  const beganAt = performance.now();
  const restarts = ROUNDS * replicas;
  for (let done = 0; done < restarts; done++) {
    const dueAt = beganAt + (done + 0.5) / restarts * seconds * 1_000;
    await delay(Math.max(0, dueAt - performance.now()), { signal });
    await fleet.restart(done % replicas, signal);
  }
}

function progress(
  { replicas }: CacheOptions,
  { requests, failed, latency }: Load,
  connection: ServiceConnection,
): string {
  const ready = connection.replicas.filter(({ state }) => state === "connected");
  return `${count(requests)} requests, p50 ${duration(latency.quantile(0.5))}, p99 ${
    duration(latency.quantile(0.99))
  }, ${failed} failed, ${ready.length} of ${replicas} replicas ready`;
}
