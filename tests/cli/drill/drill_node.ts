/**
 * A node of the drill, in a process of its own: it calls all its peers, all the
 * time, and something goes wrong when it is told so. Its argument is a `DrillSetup`.
 *
 * @module
 */

import { type Connection, Manager } from "@internode/grid";
import { admin } from "@internode/grid/admin";
import { answerCommands } from "../../../tools/processes/answer_commands.ts";
import {
  type DrillFault,
  type DrillSetup,
  lock,
  oldWrite,
  read,
  write,
  WRITES,
} from "./drill_contracts.ts";

/** The time between two calls of one kind to one peer. */
const PAUSE_MS = 50;
/** A disk that is slow takes so long for a block. */
const SLOW_MS = 400;
/** So many calls of `disk.write` does a node have with each peer at a time. */
const WRITERS = 2;
const BLOCK = new Uint8Array(64);

const setup: DrillSetup = JSON.parse(Deno.args[0]!);
const ignore = (): void => {};
// deno-lint-ignore internode/no-sleep -- this is no test: a node makes calls from time to time
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const { local, hosts, tls, isOld } = setup;
await using grid = new Manager({ local, hosts, tls, logger, reconnect: { maxMs: 200 } });
grid.handle(admin, { allow: ({ identity }) => identity?.sans.dns.includes("desk.ops") === true });

let fault: DrillFault = "none", released = Promise.withResolvers<void>();
grid.handle(read, () => fault === "readHangs" ? released.promise.then(() => BLOCK) : BLOCK);
const store = (): void | Promise<void> => {
  if (fault === "writeIsSlow") return pause(SLOW_MS);
};
if (isOld) grid.handle(oldWrite, store, WRITES);
else grid.handle(write, store, WRITES);
grid.handle(lock, () => true);

/** Makes one call after the other for as long as the node lives. */
async function repeat(call: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await call().catch(ignore);
    await pause(PAUSE_MS);
  }
}

function load(peer: Connection): void {
  const options = { timeoutMs: 30_000 };
  void repeat(() => peer.request(read, { block: 1 }, options));
  void repeat(() => peer.request(lock, { key: "a" }, options));
  for (let at = 0; at < WRITERS; at++) {
    void repeat(() =>
      isOld
        ? peer.request(oldWrite, { block: at, data: BLOCK }, options)
        : peer.request(write, { block: at, data: BLOCK, checksum: 7 }, options)
    );
  }
}

await grid.listen();
for (const peer of grid.connections()) if (peer.host !== local) load(peer);
await answerCommands({
  ready: () => grid.waitForConnect({ timeoutMs: 20_000 }),
  goWrong(how: DrillFault) {
    fault = how;
    released.resolve();
    released = Promise.withResolvers();
  },
});
Deno.exit(0);
