/**
 * One node of the lock service: a process that the demo starts, and kills. The
 * same on Deno, Node and Bun.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { allowNames, type Interceptors, Manager, sharedSecret } from "@internode/grid";
import { admin } from "@internode/grid/admin";
import { SeededRandom } from "@internode/grid/testing";
import { readIdentity } from "../../certs/identity_folder.ts";
import { EventLog, readLog } from "../log/event_log.ts";
import type { LogEvent } from "../log/log_event.ts";
import { MachineTime } from "../log/machine_time.ts";
import { logPath, nodeFolder, WATCHER } from "../supervisor/folders.ts";
import { CallLog } from "./call_log.ts";
import { grantAll, LockNode, logCalls, QUIET } from "./lock_node.ts";
import type { NodeConfig, NodeReport } from "./reports.ts";

const STATS_MS = 500;
/** A port that was in use a moment ago may be free the next. */
const LISTEN_ATTEMPTS = 12, LISTEN_AGAIN_MS = 250;

async function main(): Promise<void> {
  const input = createInterface({ input: process.stdin });
  const lines = input[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done) return;
  const config: NodeConfig = JSON.parse(first.value);
  const orders: Orders = {
    work: Promise.withResolvers(),
    rest: new AbortController(),
    finish: Promise.withResolvers(),
  };
  const node = runNode(config, orders);
  const follow = async () => {
    for (;;) {
      const { done, value } = await lines.next();
      // Without its supervisor a node must not stay behind, whatever it is doing.
      if (done) process.exit(1);
      if (value === "work") orders.work.resolve();
      if (value === "rest") orders.rest.abort();
      if (value === "finish") return orders.finish.resolve();
    }
  };
  await Promise.all([node, follow()]);
  input.close();
  process.stdin.destroy();
}

/** What the supervisor has told this node to do. */
interface Orders {
  readonly work: PromiseWithResolvers<void>;
  readonly rest: AbortController;
  readonly finish: PromiseWithResolvers<void>;
}

async function runNode(config: NodeConfig, orders: Orders): Promise<void> {
  const { node, life, folder, lifetimeMs, careless, keys, workers } = config;
  const time = new MachineTime();
  const now = () => time.now();
  using log = new EventLog(logPath(folder, node, life));
  log.write({ event: "start", at: now() });
  const former: LogEvent[] = [];
  for (let life = 1; life < config.life; life++) {
    former.push(...await readLog(logPath(folder, node, life)));
  }
  const calls = new CallLog(now, log);
  const name = `${node}.${life}`;
  const interceptors = { client: [logCalls(calls)], server: careless ? [grantAll] : [] };
  const [grid, lockNode] = await listen(config, time, interceptors, (grid) => {
    return new LockNode({ grid, name, lifetimeMs, time, log, former, careless });
  });
  await using _grid = grid;
  report({ report: "listening" });
  await lockNode.leases.untilVoting();
  log.write({ event: "voting", at: now() });
  report({ report: "voting" });

  let locks = 0, told = 0;
  const reportStats = () => {
    const total = grid.connections().reduce((sum, peer) => sum + peer.stats().reconnects, 0);
    report({ report: "stats", calls: calls.latency.drain(), locks, reconnects: total - told });
    told = total;
  };
  const timer = setInterval(reportStats, STATS_MS);
  const dice = new SeededRandom(config.seed).fork(`node ${node}, life ${life}`);
  await orders.work.promise;
  await lockNode.work({
    workers,
    keys,
    random: () => dice.next(),
    signal: orders.rest.signal,
    onStage: (stage) => {
      if (stage === "held") locks++;
      else if (stage === "done") locks--;
      else report({ report: stage });
    },
  });
  await calls.idle();
  reportStats();
  report({ report: "resting" });
  await orders.finish.promise;
  clearInterval(timer);
  await lockNode.leases.close();
  await grid.close({ graceMs: 500 });
  log.write({ event: "bye", at: now(), clockStepMs: time.clockStepMs() });
}

/** Listens where the node always does; the port may take a moment to become free after a restart. */
async function listen(
  { local, hosts, secret, folder, node }: NodeConfig,
  time: MachineTime,
  interceptors: Interceptors,
  prepare: (grid: Manager) => LockNode,
): Promise<[Manager, LockNode]> {
  const proof = secret === null
    ? { tls: await readIdentity(nodeFolder(folder, node)) }
    : { auth: sharedSecret(secret) };
  for (let attempt = 1;; attempt++) {
    const grid = new Manager({ local, hosts, ...proof, interceptors, logger: QUIET });
    const lockNode = prepare(grid);
    // Whoever knows the secret may watch; by certificate, one that was made for that alone.
    grid.handle(admin, secret === null ? { allow: allowNames(WATCHER) } : {});
    try {
      await grid.listen();
      return [grid, lockNode];
    } catch (error) {
      await lockNode.leases.close();
      await grid.close();
      if (attempt === LISTEN_ATTEMPTS) throw error;
      await time.sleep(LISTEN_AGAIN_MS);
    }
  }
}

function report(line: NodeReport): void {
  console.log(JSON.stringify(line));
}

await main();
