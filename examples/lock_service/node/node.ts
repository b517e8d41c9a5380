/**
 * One node of the lock service: a process that the demo starts, and kills. The
 * same on Deno, Node and Bun.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { allowNames, type Logger, Manager, sharedSecret } from "@internode/grid";
import { admin } from "@internode/grid/admin";
import { SeededRandom } from "@internode/grid/testing";
import { readIdentity } from "../../certs/identity_folder.ts";
import { CallLog } from "./call_log.ts";
import { EventLog, readLog } from "../log/event_log.ts";
import { logPath, nodeFolder, WATCHER } from "../supervisor/folders.ts";
import { localPeer, remotePeer, serve } from "./grid_peer.ts";
import { LockTable } from "../lock/lock_table.ts";
import { majorityOf } from "../lock/majority.ts";
import { ProtectedRegister } from "../register/protected_register.ts";
import { QuorumLock } from "../lock/quorum_lock.ts";
import { recover } from "../lock/recovery.ts";
import { RegisterReplica } from "../register/register_replica.ts";
import type { NodeConfig, NodeReport } from "./reports.ts";
import { MachineTime } from "../lock/time.ts";
import { runWorker } from "./worker.ts";

const STATS_MS = 500;
const EXPIRE_MS = 100;
/** A port that was in use a moment ago may be free the next. */
const LISTEN_ATTEMPTS = 12, LISTEN_AGAIN_MS = 250;
/** That peers come and go is what this is about; only what goes wrong is worth a line. */
const QUIET: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: (message, fields) => console.error(message, fields ?? ""),
};

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
  const { node, life, folder, lifetimeMs, careless } = config;
  const time = new MachineTime();
  const now = () => time.now();
  using log = new EventLog(logPath(folder, node, life));
  log.write({ event: "start", at: now() });
  const table = new LockTable({ lifetimeMs, now, log, careless });
  const replica = new RegisterReplica(now, log, careless);
  for (let former = 1; former < life; former++) {
    replica.replay(await readLog(logPath(folder, node, former)));
  }

  await using grid = await listen(config, (grid) => serve(grid, table, replica));
  report({ report: "listening" });
  const calls = new CallLog(now, log);
  const peers = grid.hosts.map((host) =>
    host === grid.local ? localPeer(host, table, replica) : remotePeer(grid.connection(host), calls)
  );
  // In its very first life a node has nothing to remember.
  if (life > 1) {
    const others = peers.filter((peer) => peer.host !== grid.local);
    await recover({ table, others, majority: majorityOf(peers.length), lifetimeMs, time });
  } else table.startVoting();
  report({ report: "voting" });

  let locks = 0;
  let uids = 0;
  let told = 0;
  const reportStats = () => {
    const total = grid.connections().reduce((sum, peer) => sum + peer.stats().reconnects, 0);
    report({ report: "stats", calls: calls.latency.drain(), locks, reconnects: total - told });
    told = total;
  };
  const timers = [
    setInterval(reportStats, STATS_MS),
    setInterval(() => table.expire(), EXPIRE_MS),
  ];
  const dice = new SeededRandom(config.seed).fork(`node ${node}, life ${life}`);
  const random = () => dice.next();
  const lock = new QuorumLock({
    peers,
    lifetimeMs,
    time,
    log,
    random,
    nextUid: () => `${node}.${life}.${++uids}`,
  });
  const register = new ProtectedRegister(peers, now, log);
  const keys = Array.from({ length: config.keys }, (_, key) => `key-${key}`);
  await orders.work.promise;
  const workers = Array.from({ length: config.workers }, () =>
    runWorker({
      lock,
      register,
      keys,
      lifetimeMs,
      time,
      random,
      signal: orders.rest.signal,
      onStage: (_lock, stage) => {
        if (stage === "held") locks++;
        else if (stage === "done") locks--;
        else report({ report: stage });
      },
    }));
  await Promise.all(workers);
  await calls.idle();
  reportStats();
  report({ report: "resting" });
  await orders.finish.promise;
  for (const timer of timers) clearInterval(timer);
  await grid.close({ graceMs: 500 });
  log.write({ event: "bye", at: now(), clockStepMs: time.clockStepMs() });
}

/** Listens where the node always does; the port may take a moment to become free after a restart. */
async function listen(config: NodeConfig, prepare: (grid: Manager) => void): Promise<Manager> {
  const { local, hosts, secret } = config;
  const proof = secret === null
    ? { tls: await readIdentity(nodeFolder(config.folder, config.node)) }
    : { auth: sharedSecret(secret) };
  const time = new MachineTime();
  for (let attempt = 1;; attempt++) {
    const grid = new Manager({ local, hosts, ...proof, logger: QUIET });
    prepare(grid);
    // Whoever knows the secret may watch; by certificate, one that was made for that alone.
    grid.handle(admin, secret === null ? { allow: allowNames(WATCHER) } : {});
    try {
      await grid.listen();
      return grid;
    } catch (error) {
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
