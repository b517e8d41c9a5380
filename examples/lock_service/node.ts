/**
 * One node of the lock service: a process that the demo starts, and kills.
 *
 * @module
 */

import { type Logger, Manager, sharedSecret } from "@internode/grid";
import { SeededRandom } from "@internode/grid/testing";
import { retry } from "@std/async";
import { TextLineStream } from "@std/streams";
import { readIdentity } from "../certs/identity_folder.ts";
import { CallLog } from "./call_log.ts";
import { EventLog, readLog } from "./event_log.ts";
import { logPath, nodeFolder } from "./folders.ts";
import { localPeer, remotePeer, serve } from "./grid_peer.ts";
import { LockTable } from "./lock_table.ts";
import { majorityOf } from "./majority.ts";
import { ProtectedRegister } from "./protected_register.ts";
import { QuorumLock } from "./quorum_lock.ts";
import { recover } from "./recovery.ts";
import { RegisterReplica } from "./register_replica.ts";
import type { NodeConfig, NodeReport } from "./reports.ts";
import { MachineTime } from "./time.ts";
import { runWorker } from "./worker.ts";

const STATS_MS = 500;
const EXPIRE_MS = 100;
/** That peers come and go is what this is about; only what goes wrong is worth a line. */
const QUIET: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: (message, fields) => console.error(message, fields ?? ""),
};

async function main(): Promise<void> {
  const lines = Deno.stdin.readable
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  const first = await lines.read();
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
      const { done, value } = await lines.read();
      // Without its supervisor a node must not stay behind, whatever it is doing.
      if (done) Deno.exit(1);
      if (value === "work") orders.work.resolve();
      if (value === "rest") orders.rest.abort();
      if (value === "finish") return orders.finish.resolve();
    }
  };
  await Promise.all([node, follow()]);
  await lines.cancel();
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
  return await retry(async () => {
    const grid = new Manager({ local, hosts, ...proof, logger: QUIET });
    prepare(grid);
    try {
      await grid.listen();
      return grid;
    } catch (error) {
      await grid.close();
      throw error;
    }
  }, { maxAttempts: 10, minTimeout: 50, maxTimeout: 500 });
}

function report(line: NodeReport): void {
  console.log(JSON.stringify(line));
}

await main();
