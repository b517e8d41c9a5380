/**
 * Runs the nodes, troubles them, and judges them by their logs.
 *
 * @module
 */

import { SeededRandom } from "@internode/grid/testing";
import { deadline, delay, pooledMap } from "@std/async";
import { writeCertificates } from "./certificates.ts";
import { Chaos, type Deed } from "./chaos.ts";
import { Checker, type Verdict } from "../proof/checker.ts";
import { Cluster, type Member } from "./cluster.ts";
import { readLog } from "../log/event_log.ts";
import { logPath, makeFolders, supervisorLogPath, watcherFolder } from "./folders.ts";
import type { NodeEvent, SupervisorEvent } from "../log/log_event.ts";
import { Launcher } from "../../../tools/runtimes/launcher.ts";
import { identityFiles } from "../../certs/identity_folder.ts";
import { type WatchContext, Watching } from "../../support/watching.ts";
import { NODE } from "./node_command.ts";
import type { DemoOptions } from "./options.ts";
import type { Screen } from "./screen.ts";

/** How long a lease lasts: many times what a busy machine may keep a process waiting. */
export const LIFETIME_MS = 2_000;

/** How long a deed waits for someone to hold a lock before it takes any node. */
const HOLDER_WAIT_MS = 1_000;
const TICK_MS = 50;
const START_LIMIT_MS = 30_000;
const RETURN_LIMIT_MS = 15_000;
const REST_LIMIT_MS = 10_000;

/** What a run amounts to. */
export interface Summary {
  nodes: number;
  seconds: number;
  /** Requests between nodes that were answered. */
  requests: number;
  p50Us: number;
  p99Us: number;
  kills: number;
  reconnects: number;
  violations: number;
  hung: number;
}

/** The summary, and the verdict behind it. */
export interface Outcome {
  readonly summary: Summary;
  readonly verdict: Verdict;
}

/**
 * Runs the demo. When it returns or throws, no process and no file of it is left.
 *
 * @param options How to run it.
 * @param screen Where to show it.
 * @param signal Ends it early; then its reason is thrown.
 */
export async function runDemo(
  options: DemoOptions,
  screen: Screen,
  signal: AbortSignal,
): Promise<Outcome> {
  const folder = await makeFolders(options.nodes);
  try {
    await using launcher = await Launcher.of(options.runtimes, [NODE]);
    const lifetimeMs = LIFETIME_MS;
    await using cluster = new Cluster({ ...options, folder, lifetimeMs, launcher, screen });
    if (options.mtls) await writeCertificates(folder, cluster.hosts);
    await startAll(cluster, signal);
    const context = await watchContext(cluster, folder);
    const tell = (message: string) => screen.print(message);
    await using _watching = await Watching.start({ folder, context, web: options.web, tell });
    await trouble(cluster, options, screen, signal);
    await bringBack(cluster, signal);
    await finishAll(cluster, signal);
    const verdict = await judge(folder, cluster);
    return { summary: summarize(options, cluster, verdict), verdict };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How the nodes of a run are watched. */
async function watchContext({ hosts, secret }: Cluster, folder: string): Promise<WatchContext> {
  if (secret === null) {
    const { cert, key, ca } = identityFiles(watcherFolder(folder));
    return { hosts, tls: { certFile: cert, keyFile: key, caFile: ca } };
  }
  const secretFile = `${folder}/secret`;
  await Deno.writeTextFile(secretFile, secret, { mode: 0o600 });
  return { hosts, secretFile };
}

async function startAll(cluster: Cluster, signal: AbortSignal): Promise<void> {
  // Two at a time: a machine of two cores starts no more at once anyway.
  const started = pooledMap(2, cluster.members, async (member) => {
    cluster.start(member);
    const started = cluster.until(() => member.listening || member.process === undefined);
    await deadline(started, START_LIMIT_MS, { signal });
    if (!member.listening) throw new Error(`node ${member.node} did not start.`);
  });
  await Array.fromAsync(started);
  await deadline(cluster.until(() => cluster.away() === 0), START_LIMIT_MS, { signal });
  for (const { process } of cluster.members) process?.send("work");
}

/** Lets the workers work for the time of the run, while nodes are killed, frozen and started again. */
async function trouble(
  cluster: Cluster,
  { nodes, seconds, seed }: DemoOptions,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const totalMs = seconds * 1_000;
  const dice = new SeededRandom(seed);
  const random = () => dice.next();
  const chaos = new Chaos({ nodes, totalMs, lifetimeMs: LIFETIME_MS, random });
  const beganAt = performance.now();
  const showMs = screen.live ? 250 : 1_000;
  let nextShowMs = showMs;
  let wanted: { deed: Deed; sinceMs: number } | undefined;
  const tryDeed = (member: Member | undefined) => {
    if (wanted === undefined || member === undefined) return;
    const { deed } = wanted;
    wanted = undefined;
    if (deed === "freezeHolder") cluster.freeze(member, chaos.frozenMs());
    else cluster.kill(member, chaos.downMs());
  };
  cluster.onWriting = (member) => {
    if (wanted?.deed !== "kill") tryDeed(member);
  };
  for (;;) {
    const nowMs = performance.now() - beganAt;
    if (nowMs >= totalMs) break;
    if (wanted === undefined) {
      const deed = chaos.next(nowMs, cluster.away());
      if (deed !== undefined) wanted = { deed, sinceMs: nowMs };
    }
    const waited = wanted !== undefined && nowMs - wanted.sinceMs > HOLDER_WAIT_MS;
    if (wanted?.deed === "kill" || waited) tryDeed(chaos.pick(cluster.voting()));
    if (nowMs >= nextShowMs) {
      nextShowMs += showMs;
      screen.show(cluster.rows(), cluster.total(nowMs, seconds));
    }
    await delay(TICK_MS, { signal });
  }
  cluster.onWriting = undefined;
  screen.show(cluster.rows(), cluster.total(totalMs, seconds));
}

/** Waits until all nodes vote again; those that do not are left to the checker. */
async function bringBack(cluster: Cluster, signal: AbortSignal): Promise<void> {
  try {
    await deadline(cluster.until(() => cluster.away() === 0), RETURN_LIMIT_MS, { signal });
  } catch (error) {
    signal.throwIfAborted();
    cluster.note(`Not all nodes were back in time: ${String(error)}`);
  }
}

/** Lets the nodes end what they are doing, then end themselves. */
async function finishAll(cluster: Cluster, signal: AbortSignal): Promise<void> {
  for (const command of ["rest", "finish"] as const) {
    for (const { process } of cluster.members) process?.send(command);
    const done = (member: Member) =>
      member.process === undefined || (command === "rest" && member.resting);
    try {
      await deadline(cluster.until(() => cluster.members.every(done)), REST_LIMIT_MS, { signal });
    } catch {
      signal.throwIfAborted();
      const late = cluster.members.filter((member) => !done(member)).map(({ node }) => node);
      cluster.note(`Nodes ${late.join(", ")} did not ${command} when they were told to.`);
    }
  }
}

async function judge(folder: string, cluster: Cluster): Promise<Verdict> {
  const supervisor = await readLog(supervisorLogPath(folder)) as SupervisorEvent[];
  const checker = new Checker(cluster.members.length, supervisor);
  for (const { node, life: lives } of cluster.members) {
    for (let life = 1; life <= lives; life++) {
      checker.take({ node, life }, await readLog(logPath(folder, node, life)) as NodeEvent[]);
    }
  }
  const verdict = checker.finish();
  return { ...verdict, violations: [...verdict.violations, ...cluster.troubles] };
}

function summarize(options: DemoOptions, cluster: Cluster, verdict: Verdict): Summary {
  const { latency, kills, reconnects } = cluster;
  return {
    nodes: options.nodes,
    seconds: options.seconds,
    requests: latency.total,
    p50Us: latency.quantile(0.5),
    p99Us: latency.quantile(0.99),
    kills,
    reconnects,
    violations: verdict.violations.length,
    hung: verdict.hung.length,
  };
}
