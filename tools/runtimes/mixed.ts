/**
 * Grids whose nodes run on different runtimes: Deno and those that are named.
 * Each calls each, over each transport, before and after each was started anew.
 *
 * @module
 */

import { ROOT } from "./build.ts";
import { Launcher } from "./launcher.ts";
import type { NodePlan } from "../../tests/runtimes/mixed_node.ts";
import { freePorts } from "../network/free_ports.ts";
import { ToldProcess } from "../processes/told_process.ts";

const NODE = "tests/runtimes/mixed_node.ts";
const CERTIFICATES = new URL("tests/support/certificates/", ROOT);
const SCHEMES = ["tcp", "unix", "ws", "tls", "wss"];
/** How long a node may take for one answer. */
const ANSWER_MS = 60_000;

/** Runs one grid; gives what was wrong. */
async function playGrid(
  scheme: string,
  runtimes: readonly string[],
  launcher: Launcher,
  folder: string,
): Promise<string[]> {
  const read = (name: string): string => Deno.readTextFileSync(new URL(name, CERTIFICATES));
  const ports = freePorts(runtimes.length);
  const hosts = ports.map((port, i) =>
    scheme === "unix" ? `unix://${folder}/${i}.sock` : `${scheme}://127.0.0.1:${port}`
  );
  const certificates = { cert: read("host.pem"), key: read("host.key") };
  const shared = { hosts, ...certificates, caCerts: [read("authority.pem")] };
  const start = (i: number): ToldProcess => {
    const plan: NodePlan = { ...shared, local: hosts[i]! };
    return new ToldProcess([...launcher.command(runtimes[i]!, NODE), JSON.stringify(plan)]);
  };
  const nodes = runtimes.map((_, i) => start(i)), wrong: string[] = [];
  const name = (i: number): string => `${scheme}, ${runtimes[i]}`;
  const tell = async (i: number, command: "start" | "call", when: string): Promise<void> => {
    const answer = await nodes[i]!.ask<string>(command, null, ANSWER_MS).catch(String);
    if (answer !== "ok") wrong.push(`${name(i)}, ${when}: ${answer}`);
  };
  const tellAll = (command: "start" | "call", when: string): Promise<unknown> =>
    Promise.all(nodes.map((_, i) => tell(i, command, when)));
  try {
    await tellAll("start", "at its start");
    await tellAll("call", "at first");
    for (const [i, node] of nodes.entries()) {
      node.kill();
      await node.end();
      nodes[i] = start(i);
      await tell(i, "start", "started anew");
      await tellAll("call", `when ${name(i)} was started anew`);
    }
    for (const [i, node] of nodes.entries()) {
      if (await node.end() !== 0) wrong.push(`${name(i)}: it did not end by itself`);
    }
    return wrong;
  } finally {
    for (const node of nodes) {
      node.kill();
      await node.end();
    }
  }
}

async function main(runtimes: readonly string[]): Promise<number> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "internode-mixed-" }));
  await using launcher = await Launcher.of(runtimes, [NODE]);
  let failed = 0;
  try {
    const all = ["deno", ...runtimes];
    for (const scheme of SCHEMES) {
      const wrong = await playGrid(scheme, all, launcher, folder);
      console.log(
        `${scheme}: ${all.join(", ")} ... ${wrong.length > 0 ? "FAILED" : "ok"}`,
      );
      for (const text of wrong) console.log(`  ${text}`);
      if (wrong.length > 0) failed++;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const passed = SCHEMES.length - failed;
  console.log(`\n${failed > 0 ? "FAILED" : "ok"} | ${passed} passed | ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
