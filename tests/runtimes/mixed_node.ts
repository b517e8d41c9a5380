/**
 * One node of a grid whose nodes run on different runtimes. It says `ok` when it
 * listens, and when it has called all its peers; it closes when its input does.
 *
 * @module
 */

import process from "node:process";
import { Manager, sharedSecret, single, stream, systemTransports } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { answerCommands } from "../../tools/processes/answer_commands.ts";

/** What the process is started with, as JSON. */
export interface NodePlan {
  readonly local: string;
  readonly hosts: readonly string[];
  readonly cert: string;
  readonly key: string;
  readonly caCerts: readonly string[];
}

/** More than one piece of a message. */
const LARGE_BYTES = 300_000;
const COUNT = 200;

const echo = single("echo", { request: t.bytes(), response: t.bytes() });
const count = stream("count", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 16,
});

async function main(plan: NodePlan): Promise<void> {
  const { local, hosts, ...certificates } = plan;
  const grid = new Manager({
    local,
    hosts,
    transports: systemTransports(certificates),
    auth: sharedSecret("known to all nodes of this test alone"),
    defaultTimeoutMs: 20_000,
    logger: { debug() {}, info() {}, warn() {}, error: (text) => console.error(text) },
  });
  grid.handle(echo, (bytes) => bytes.slice());
  grid.handle(count, async function* (upTo) {
    for (let i = 0; i < upTo; i++) yield i;
  });
  await grid.listen();
  await answerCommands({ start: () => "ok", call: () => callAll(grid) });
  await grid.close();
}

/** Says `ok` when each peer has answered rightly. */
async function callAll(grid: Manager): Promise<string> {
  const sent = Uint8Array.from({ length: LARGE_BYTES }, (_, i) => i % 251);
  try {
    await grid.waitForConnect({ timeoutMs: 20_000 });
    for (const peer of grid.connections()) {
      const back = await peer.request(echo, sent);
      if (!back.every((byte, i) => byte === i % 251) || back.length !== LARGE_BYTES) {
        return `${peer.host} gave other bytes back`;
      }
      let next = 0;
      for await (const output of peer.stream(count, COUNT)) {
        if (output !== next++) return `${peer.host} has counted wrongly`;
      }
      if (next !== COUNT) return `${peer.host} counted to ${next}`;
    }
    return "ok";
  } catch (error) {
    return `${error}`.replaceAll("\n", " ");
  }
}

await main(JSON.parse(process.argv[2]!) as NodePlan);
