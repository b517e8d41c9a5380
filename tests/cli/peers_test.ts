/** How hosts and their peers are asked. */

import { assertEquals } from "@std/assert";
import type { AdminClient } from "../../lib/admin/admin_client.ts";
import { askWithPeers } from "../../lib/cli/asking/peers.ts";
import type { Tools } from "../../lib/cli/asking/tools.ts";
import type { World } from "../../lib/cli/world/world.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";

Deno.test("hosts are asked before they have said who their peers are, and these as soon as they have", async () => {
  const status = Promise.withResolvers<object>(), asked = Promise.withResolvers<void>();
  const heard: string[] = [];
  const client = { status: () => status.promise, close: () => Promise.resolve() };
  const tools = { timeoutMs: 60_000, connect: () => Promise.resolve(client) } as unknown as Tools;
  const world = { clock: systemClock, signal: new AbortController().signal } as unknown as World;
  const one = (_client: AdminClient, host: string): Promise<number> => {
    asked.resolve();
    return Promise.resolve(heard.push(host));
  };
  const answers = askWithPeers(["tcp://a:1"], tools, world, one);
  await asked.promise;
  assertEquals(heard, ["tcp://a:1"]);
  status.resolve({ name: "tcp://a:1", kind: "grid", remotes: [{ host: "tcp://b:1" }] });
  assertEquals(await answers, [{ host: "tcp://a:1", value: 1 }, { host: "tcp://b:1", value: 2 }]);
});
