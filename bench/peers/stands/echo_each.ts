/**
 * Lets each peer that is there echo once, and tells which did.
 *
 * @module
 */

import process from "node:process";
import { STAND_NAMES } from "./list.ts";
import { LOAD } from "./load.ts";

for (const name of STAND_NAMES) {
  const peer = await LOAD[name]();
  if (await peer.missing?.() !== undefined) {
    console.log(`${name} is not there`);
    continue;
  }
  const server = await peer.serve();
  const client = await peer.dial(server.address);
  const reply = await client.echo(Uint8Array.of(0, 127, 128, 255));
  console.log(`${name} echoes ${[...reply].join(" ")}`);
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
}
process.exit(0); // Some packages keep timers.
