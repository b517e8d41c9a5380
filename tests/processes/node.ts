/**
 * A node in a process of its own. Arguments: how long it polls, in
 * microseconds, its host, then all hosts. Prints a line when it listens, and ends well with its standard input.
 *
 * @module
 */

import { Manager } from "@internode/grid";
import { hang, relay, ticks, TIMES, whoAreYou } from "./contracts.ts";

const ignore = (): void => {};
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const [spinUs, local, ...hosts] = Deno.args;
const manager = new Manager({ local: local!, hosts, spinUs: Number(spinUs), logger, ...TIMES });
manager.handle(whoAreYou, () => Deno.pid);
manager.handle(hang, () => new Promise<void>(() => {}));
manager.handle(ticks, async function* () {
  for (let value = 0;; value++) yield await Promise.resolve(value);
});
manager.handle(
  relay,
  (host) => manager.connection(host).request(whoAreYou, undefined, { waitForReady: true }),
);
await manager.listen();
console.log("listening");
for await (const _ of Deno.stdin.readable);
await manager.close();
