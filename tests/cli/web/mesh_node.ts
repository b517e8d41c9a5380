/**
 * A node of a mesh in a process of its own, with admin, that calls the others
 * again and again. Arguments: its host, then all hosts. Prints a line when it
 * listens, and ends with its standard input.
 *
 * @module
 */

import { Manager, single } from "@internode/grid";
import { admin } from "@internode/grid/admin";
import process from "node:process";

/** How often it calls each of the others, in milliseconds. */
const EVERY_MS = 50;

const ignore = (): void => {};
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const read = single("cart.read"), charge = single("pay.charge"), search = single("search.query");
const hang = single("test.hang");

const [local, ...hosts] = process.argv.slice(2);
const grid = new Manager({ local: local!, hosts, logger });
// deno-lint-ignore internode/no-sleep -- a node at work, which no test waits for
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
let served = 0;
grid.handle(admin);
grid.handle(read, (payload) => payload);
grid.handle(charge, (payload) => {
  if (++served % 20 === 0) throw new Error("The card is refused.");
  return payload;
});
grid.handle(search, async (payload) => {
  await wait(2 + served % 7);
  return payload;
});
grid.handle(hang, () => new Promise<never>(ignore));
await grid.listen();
console.log("listening");

const ending = new AbortController();
async function work(peer: string): Promise<void> {
  const payload = new Uint8Array(200), connection = grid.connection(peer);
  connection.request(hang, payload, { timeoutMs: 600_000 }).catch(ignore);
  for (let at = 0; !ending.signal.aborted; at++) {
    const of = at % 4 === 0 ? charge : at % 5 === 0 ? search : read;
    await connection.request(of, payload, { timeoutMs: 1_000 }).catch(ignore);
    await wait(EVERY_MS);
  }
}
for (const peer of hosts) if (peer !== local) void work(peer);

for await (const _ of process.stdin);
ending.abort();
process.exit(0);
