/** Lets each peer that needs no server of its own echo once, and tells which did. @module */

import { PEERS } from "../../bench/peers/all.ts";

for (const [name, { load }] of PEERS) {
  const peer = await load();
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
Deno.exit(0); // Some packages keep timers.
