/**
 * The process of one replica: serves the cache until it gets SIGTERM.
 *
 * @module
 */

import { admin } from "@internode/grid/admin";
import { implement, listen, serve } from "@internode/grid/call";
import { report } from "../support/report_lines.ts";
import { untilAskedToEnd } from "../support/reporting_process.ts";
import { CacheStore } from "./cache_store.ts";
import { Cache } from "./contracts.ts";
import { enlist } from "./replica_list.ts";
import type { ReplicaConfig, ReplicaReport } from "./reports.ts";

const config: ReplicaConfig = JSON.parse(Deno.args[0]!);
const asked = untilAskedToEnd();
const store = new CacheStore();

// The order is what matters: it is listed only while it listens. So it begins to
// listen first, and when it ends it is off the list before it takes no more calls.
const listener = await listen(config.listen, implement(Cache, store));
const server = serve(listener);
server.handle(admin);
{
  await using _listed = await enlist(config.list, listener.address);
  report<ReplicaReport>({ report: "ready", address: listener.address });
  await Promise.race([asked, server.finished]);
}
await server.close();
report<ReplicaReport>({ report: "ended", calls: store.calls });
Deno.exit(0);
