/**
 * What an idle connection costs: one node in a process of its own, connected
 * to as many peers as there are to be connections. Each of the two dials
 * about half of them, as the names decide. The peers are nodes too, all in
 * one other process.
 *
 * @module
 */

import { Manager } from "@internode/grid";
import { freePorts } from "../../tools/network/free_ports.ts";
import { figure, type MemoryFigure } from "./figure.ts";
import { answerCommands } from "../../tools/processes/answer_commands.ts";
import { MemoryProcess, settledMemory } from "../support/memory_process.ts";

const CONNECTIONS = 1_024;
const TARGET_BYTES = 64 * 1024;
const PATIENCE_MS = 60_000;

/** Measures; takes some seconds. */
export async function measureConnections(): Promise<MemoryFigure[]> {
  const hosts = freePorts(CONNECTIONS + 1).map((port) => `tcp://127.0.0.1:${port}`);
  const module = new URL(import.meta.url);
  await using node = new MemoryProcess(module, ["node", hosts.join()]);
  await using peers = new MemoryProcess(module, ["peers", hosts.join()]);
  const before = await node.ask("measure");
  await peers.ask("listen");
  await node.ask("connect");
  const after = await node.ask("measure");
  const name = `${CONNECTIONS.toLocaleString("en")} idle TCP connections, each`;
  const each = (key: keyof typeof after): number => (after[key] - before[key]) / CONNECTIONS;
  return [
    figure(name, "resident", each("residentBytes"), TARGET_BYTES),
    figure(name, "of it heap", each("heapBytes"), null),
    figure(name, "of it buffers", each("bufferBytes"), null),
  ];
}

async function runNode(hosts: readonly string[]): Promise<void> {
  await using manager = new Manager({ local: hosts[0]!, hosts });
  const connect = async (): Promise<void> => {
    await manager.listen();
    await manager.waitForConnect({ timeoutMs: PATIENCE_MS });
  };
  await answerCommands({ connect, measure: settledMemory });
  await manager.close({ graceMs: 0 });
}

async function runPeers(hosts: readonly string[]): Promise<void> {
  const managers = hosts.slice(1).map((local) =>
    new Manager({ local, hosts: [local, hosts[0]!], reconnect: { initialMs: 500, maxMs: 500 } })
  );
  const listen = async (): Promise<void> => {
    await Promise.all(managers.map((manager) => manager.listen()));
  };
  await answerCommands({ listen });
  await Promise.all(managers.map((manager) => manager.close({ graceMs: 0 })));
}

if (import.meta.main) {
  const [role, hosts] = Deno.args;
  await (role === "node" ? runNode : runPeers)(hosts!.split(","));
}
