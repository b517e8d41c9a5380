/**
 * A node of a grid, or a server of services, in a process of its own, for the command line to look
 * at. Its argument is JSON, see `NodeSettings`. It prints where it listens, and ends with its
 * standard input.
 *
 * @module
 */

import { HandlerError, Manager, sharedSecret } from "@internode/grid";
import { admin } from "@internode/grid/admin";
import { implement, listen, serve } from "@internode/grid/call";
import { bothOf, echoMethod, fail, hang, type NodeSettings, old, sums } from "./contracts.ts";

const settings = JSON.parse(Deno.args[0]!) as NodeSettings;
const ignore = (): void => {};
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const auth = settings.secret === undefined ? undefined : sharedSecret(settings.secret);
const allow = ({ host }: { readonly host: string }): boolean => host === "ops";

async function startGrid(local: string): Promise<{ address: string; close(): Promise<void> }> {
  const { tls, hosts = [local], peer } = settings;
  const grid = new Manager({ local, hosts, auth, tls, logger, reconnect: { maxMs: 200 } });
  grid.handle(admin, { allow: tls === undefined ? allow : () => true, calls: true });
  grid.handle(settings.isOld === true ? old : bothOf, ({ name }, context) => {
    context.setHeaders({ node: local });
    context.setTrailers({ took: "0" });
    return { text: `${name} ${context.metadata["tenant"] ?? "-"}` };
  }, { subroutes: ["", "sda"] });
  grid.handle(hang, (_, { signal }) =>
    new Promise<void>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    }), { concurrency: 4 });
  grid.handle(fail, () => {
    throw new HandlerError("it always fails");
  });
  grid.handle(sums, async function* ({ start }, input) {
    let sum = start;
    for await (const value of input) yield sum += value;
  });
  const { address } = await grid.listen();
  if (peer !== undefined) void work(grid, peer);
  return { address, close: () => grid.close({ graceMs: 0 }) };
}

/** One call hangs, and others end, well or not, for as long as the node lives. */
async function work(grid: Manager, peer: string): Promise<void> {
  const other = grid.connection(peer);
  void other.request(hang, undefined, { timeoutMs: Infinity, waitForReady: true }).catch(ignore);
  for (;;) {
    await other.request(bothOf, { name: "ada" }, { waitForReady: true }).catch(ignore);
    await other.request(fail, undefined).catch(ignore);
    // deno-lint-ignore internode/no-sleep -- this is no test: the node makes calls from time to time
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function startServer(url: string): Promise<{ address: string; close(): Promise<void> }> {
  const handlers = implement(echoMethod, { echo: (text) => text });
  const server = serve(await listen(url, handlers), { auth, logger, name: "shop" });
  server.handle(admin, { allow });
  return { address: server.address, close: () => server.close({ graceMs: 0 }) };
}

const { kind, local } = settings;
const started = await (kind === "grid" ? startGrid(local) : startServer(local));
console.log(started.address);
for await (const _ of Deno.stdin.readable);
await started.close();
