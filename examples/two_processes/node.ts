/**
 * One of two nodes that greet each other: `deno run --allow-net --allow-env=SECRET node.ts 0`,
 * `node node.ts 0` or `bun node.ts 0`, and the same with 1.
 *
 * @module
 */

import process from "node:process";
import { Manager, sharedSecret } from "@internode/grid";
import { greet, hosts } from "./contracts.ts";

const local = hosts[Number(process.argv[2])]!;
const auth = sharedSecret(process.env["SECRET"] ?? "for a try on one machine only");
await using node = new Manager({ local, hosts, auth });
node.handle(greet, ({ name }) => ({ text: `Hello ${name}, this is ${local}.` }));
await node.listen(); // accepts, and dials those peers that it is to dial

for (const peer of node.connections()) {
  // The other process may not be up yet.
  const { text } = await peer.request(greet, { name: local }, { waitForReady: true });
  console.log(text);
}

// Serve until the process is asked to end; what runs by then may finish.
await new Promise<void>((stop) => process.once("SIGTERM", stop));
