/**
 * A node whose connections nobody uses: how often its process wakes up.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { type Clock, Manager } from "@internode/grid";
import { freePorts } from "../../tools/network/free_ports.ts";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { ToldProcess } from "../../tools/processes/told_process.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { ownCpuUs } from "../support/process_cpu.ts";

/** What was seen. */
export interface IdleMeasured {
  /** How often the process went from waiting to running, each second. */
  readonly wakesPerSecond: number;
  /** For each connection, what a process does that has none taken off. */
  readonly wakesPerConnection: number;
  /** Of a process with no connection. */
  readonly baseWakesPerSecond: number;
  /** Processor time, each second. */
  readonly cpuMsPerSecond: number;
}

/** What a process has come to. */
interface Counts {
  readonly wakes: number;
  readonly cpuUs: number;
  readonly atMs: number;
}

const PATIENCE_MS = 60_000;
/** Peers come one after the other within so long, as they do in life: an interval of pings. */
const COMING_MS = 10_000;
/** Connections are left alone for so long first. */
const SETTLE_MS = 12_000;
/** Clocks of different machines do not begin together. */
const MOST_APART_MS = 100_000;

/**
 * Measures. The peers are nodes in another process, each with a clock that began at another time,
 * so that they do not ping together.
 *
 * @param connections How many.
 * @param seconds For how long.
 */
export async function measureIdle(connections: number, seconds: number): Promise<IdleMeasured> {
  const hosts = freePorts(connections + 1).map((port) => `tcp://127.0.0.1:${port}`).join();
  const module = new URL(import.meta.url).href;
  const start = (role: string) =>
    new ToldProcess([Deno.execPath(), "run", "-A", "--quiet", module, role, hosts], { what: role });
  await using node = start("node");
  await using base = start("base");
  await using peers = start("peers");
  await Promise.all([node, base, peers].map((one) => one.ask("connect")));
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const all = [node, base];
  const before = await Promise.all(all.map((one) => one.ask<Counts>("count")));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = await Promise.all(all.map((one) => one.ask<Counts>("count")));
  const rate = (nth: number, key: "wakes" | "cpuUs"): number =>
    (after[nth]![key] - before[nth]![key]) / (after[nth]!.atMs - before[nth]!.atMs) * 1000;
  const wakesPerSecond = rate(0, "wakes"), baseWakesPerSecond = rate(1, "wakes");
  return {
    wakesPerSecond,
    wakesPerConnection: (wakesPerSecond - baseWakesPerSecond) / connections,
    baseWakesPerSecond,
    cpuMsPerSecond: rate(0, "cpuUs") / 1000,
  };
}

/** How often the threads of this process have begun to wait. */
function ownWakes(): number {
  let wakes = 0;
  for (const task of readdirSync("/proc/self/task")) {
    const status = readFileSync(`/proc/self/task/${task}/status`, "utf8");
    wakes += Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
  }
  return wakes;
}

/** A clock that has begun at another time. */
function clockFrom(originMs: number): Clock {
  return { ...systemClock, now: () => systemClock.now() + originMs };
}

function nodesOf(role: string, hosts: readonly string[]): Manager[] {
  if (role === "base") return [];
  if (role === "node") return [new Manager({ local: hosts[0]!, hosts })];
  return hosts.slice(1).map((local) =>
    new Manager({
      local,
      hosts: [local, hosts[0]!],
      reconnect: { initialMs: 500, maxMs: 500 },
      clock: clockFrom(Math.random() * MOST_APART_MS),
    })
  );
}

if (import.meta.main) {
  const [role, hosts] = process.argv.slice(2) as [string, string];
  const nodes = nodesOf(role, hosts.split(","));
  const connect = async (): Promise<void> => {
    await Promise.all(nodes.map(async (node, nth) => {
      await new Promise((resolve) => setTimeout(resolve, nth * COMING_MS / nodes.length));
      await node.listen();
    }));
    if (role === "node") await nodes[0]!.waitForConnect({ timeoutMs: PATIENCE_MS });
  };
  const count = (): Counts => ({
    wakes: ownWakes(),
    cpuUs: ownCpuUs(),
    atMs: performance.now(),
  });
  await answerCommands({ connect, count });
  await Promise.all(nodes.map((node) => node.close({ graceMs: 0 })));
}
