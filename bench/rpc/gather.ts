/**
 * What `gather` costs beside the same requests made by hand:
 * `deno task bench:gather`.
 *
 * @module
 */

import process from "node:process";
import { Manager, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { gather } from "@internode/grid/patterns";
import { CommandLine, flag, readLine, whole } from "../../tools/command_line/command_line.ts";
import { freePorts } from "../../tools/network/free_ports.ts";
import { median } from "../support/median.ts";

const LINE = new CommandLine(
  "deno task bench:gather",
  "Asks hosts in this process, over TCP, by hand and by gather in turns, and gives processor time of both sides.",
  {
    hosts: whole("how many hosts are asked", { from: 1, fallback: 8 }),
    inflight: whole("how many gathers are in flight", { from: 1, fallback: 16 }),
    rounds: whole("rounds of 16,000 small and 2,000 large requests to each host", {
      from: 1,
      fallback: 9,
    }),
    json: flag("one line of JSON"),
  },
);

const SMALL = 16_000, LARGE = 2_000;
const TIMEOUT_MS = 10_000;

const { hosts: count, inflight, rounds, json } = readLine(LINE);
const small = single("small", {
  request: t.record({ key: t.string(), value: t.string(), version: t.uint() }),
  response: t.record({ ok: t.boolean() }),
});
const large = single("large", {
  request: t.record({ items: t.list(t.record({ at: t.uint(), name: t.string() })) }),
  response: t.record({ ok: t.boolean() }),
});
const smallRequest = { key: "some-key", value: "v".repeat(64), version: 3 };
const largeRequest = {
  items: Array.from({ length: 200 }, (_, at) => ({ at: at * 1_000, name: `item ${at}` })),
};

const hosts = freePorts(count + 1).map((port) => `tcp://127.0.0.1:${port}`);
const nodes = hosts.map((local) => new Manager({ local, hosts }));
for (const node of nodes) {
  node.handle(small, () => ({ ok: true }));
  node.handle(large, () => ({ ok: true }));
}
await Promise.all(nodes.map((node) => node.listen()));
await nodes[0]!.waitForConnect();
const peers = nodes[0]!.connections(), need = Math.floor(count / 2) + 1;

const options = { timeoutMs: TIMEOUT_MS };
const ways: readonly { name: string; times: number; ask: () => PromiseLike<unknown> }[] = [
  {
    name: "small, by hand",
    times: SMALL,
    ask: () => Promise.allSettled(peers.map((peer) => peer.request(small, smallRequest, options))),
  },
  { name: "small, gather", times: SMALL, ask: () => gather(peers, small, smallRequest, options) },
  {
    name: "small, gather, a majority",
    times: SMALL,
    ask: () => gather(peers, small, smallRequest, { ...options, need, rest: "finish" }).finished,
  },
  {
    name: "large, by hand",
    times: LARGE,
    ask: () => Promise.allSettled(peers.map((peer) => peer.request(large, largeRequest, options))),
  },
  { name: "large, gather", times: LARGE, ask: () => gather(peers, large, largeRequest, options) },
];

/** Processor time of one, in microseconds. */
async function measure({ times, ask }: typeof ways[number]): Promise<number> {
  const before = process.cpuUsage();
  for (let done = 0; done < times; done += inflight) {
    await Promise.all(Array.from({ length: inflight }, ask));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

const costs = new Map(ways.map(({ name }): [string, number[]] => [name, []]));
// The first round is for the compiler.
for (let round = 0; round <= rounds; round++) {
  for (const way of ways) {
    const cost = await measure(way);
    if (round > 0) costs.get(way.name)!.push(cost);
  }
}
await Promise.all(nodes.map((node) => node.close()));

const rows = [...costs].map(([name, values]) => ({ name, cpuUs: median(values) }));
const byHand = (name: string): number =>
  rows.find((row) => row.name === `${name.split(",")[0]}, by hand`)!.cpuUs;
if (json) {
  console.log(JSON.stringify(rows));
} else {
  for (const { name, cpuUs } of rows) {
    const ratio = (cpuUs / byHand(name)).toFixed(2);
    console.log(`${name.padEnd(28)} ${cpuUs.toFixed(1).padStart(8)} µs of CPU  ${ratio} ×`);
  }
}
