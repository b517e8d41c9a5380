/**
 * The process of one node: holds keys until it gets SIGTERM, then hands them over.
 *
 * @module
 */

import { implement, listen, parseNetEndpoint, serve, withAttributes } from "@internode/grid/call";
import { InternodeError, Manager } from "@internode/grid";
import { admin } from "@internode/grid/admin";
import { etcdResolver, register } from "@internode/grid/etcd";
import { report } from "../support/report_lines.ts";
import { untilAskedToEnd } from "../support/reporting_process.ts";
import { Counters, forward, type ForwardedAddition, handOver, settled } from "./contracts.ts";
import { KeyStore } from "./key_store.ts";
import { moveKeys } from "./mover.ts";
import { followPlacement } from "./placement.ts";
import { type NodeConfig, type NodeReport, prefixesOf } from "./reports.ts";

/** So long a node that was killed stays in etcd. */
const TTL_SECONDS = 5;

const config: NodeConfig = JSON.parse(Deno.args[0]!);
const { host, urls } = config;
const { hosts, owners } = prefixesOf(config);
// Nodes leave on purpose here, so none is kept for a time, however many leave at once.
const etcd = { urls, maxShrink: false } as const;
const asked = untilAskedToEnd();
/** Keys are moved, and owners followed, until these abort. */
const moved = new AbortController(), over = new AbortController();

// All nodes are one grid. Those among them that may own keys are listed apart, so
// that a node which is to leave can hand its keys over while it is still a peer.
const grid = new Manager({ local: host, hosts: etcdResolver({ ...etcd, prefix: hosts }) });
const store = new KeyStore({
  name: host,
  get nodes() {
    return grid.hosts;
  },
  forward: passOn,
});
grid.handle(admin);
grid.onHostsChange(() => store.onChange());
let forwards = 0, onLastForward = () => {};
grid.handle(forward, async (addition, { cancelled }) => {
  forwards++;
  try {
    return await store.add(addition, cancelled);
  } finally {
    if (--forwards === 0) onLastForward();
  }
});
grid.handle(settled, async ({ placement }, { signal }) => {
  await store.whenSettled(placement, signal);
  return new Uint8Array();
});
grid.handle(handOver, async function* (_initial, batches) {
  for await (const entries of batches) yield store.take(entries);
});
await grid.listen();
const listener = await listen(
  "tcp://127.0.0.1:0",
  implement(Counters, {
    // What has come is served, also when the server begins to close: until nobody waits for it.
    add: (addition, { cancelled }) => store.add({ ...addition, hops: 0 }, cancelled),
  }),
);
const server = serve(listener);

// Listed when it listens, and an owner when all peers are connected.
const ttlSeconds = TTL_SECONDS;
const asHost = await register(host, { urls, prefix: hosts, ttlSeconds });
while (!grid.hosts.includes(host)) await store.changed;
await grid.waitForConnect();
const following = followPlacement(etcdResolver({ ...etcd, prefix: owners }), (placement) => {
  store.placement = placement;
}, over.signal);
const moving = moveKeys(grid, store, moved.signal);
const asOwner = await register(
  withAttributes(parseNetEndpoint(listener.address), { name: host }),
  { urls, prefix: owners, ttlSeconds },
);
while (!owns()) await store.changed;
report<NodeReport>({ report: "ready" });

await asked;
await asOwner.close();
// From here on others hold all keys, unless no node is left that may own any.
while (owns() || store.misplaced().size > 0) await store.changed;
await server.close();
moved.abort();
await moving;
await asHost.close();
// A grid that closes makes no more calls, and a forwarded request may need one, or hear of another owner.
if (forwards > 0) await new Promise<void>((resolve) => onLastForward = resolve);
over.abort();
await following;
await grid.close();
Deno.exit(0);

function owns(): boolean {
  return store.placement?.nodes.includes(host) ?? false;
}

/** `null` for a node that has left, or is not known yet. */
async function passOn(
  owner: string,
  addition: ForwardedAddition,
  signal: AbortSignal,
): Promise<number | null> {
  if (!grid.hosts.includes(owner)) return null;
  try {
    return await grid.connection(owner).request(forward, addition, { waitForReady: true, signal });
  } catch (error) {
    const isUndone = error instanceof InternodeError &&
      (error.outcome === "notSent" || error.outcome === "notExecuted");
    if (isUndone) return null;
    throw error;
  }
}
