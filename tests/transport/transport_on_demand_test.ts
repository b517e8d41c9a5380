import { assertEquals, assertRejects } from "@std/assert";
import { loadOnce, transportOnDemand } from "../../lib/transport/channel/transport_on_demand.ts";
import { memoryTransport } from "../../lib/transport/memory/memory.ts";
import { parseHostAddress } from "../../lib/runtime/host_address.ts";

Deno.test("what is loaded on demand is loaded once, for all at the same time, and again after a failure", async () => {
  let loads = 0;
  const first = Promise.withResolvers<string>();
  const load = loadOnce(() => ++loads === 1 ? first.promise : Promise.resolve("second"));
  const [one, other] = [load(), load()];
  assertEquals([loads, one === other], [1, true]);
  first.reject(new TypeError("no such module"));
  await assertRejects(() => one, TypeError);
  await assertRejects(() => other, TypeError);
  assertEquals([await load(), await load(), loads], ["second", "second", 2]);
});

Deno.test("a transport on demand is made with its first use, and tells what was known of it before", async () => {
  let made = 0;
  const inner = memoryTransport(), left: (() => void)[] = [];
  const onChange = (listener: () => void): () => void => {
    left.push(listener);
    return () => {};
  };
  const transport = transportOnDemand(() => {
    made++;
    return Promise.resolve(inner);
  }, { guarded: true, onChange });
  assertEquals([made, transport.guarded], [0, true]);
  const changed = (): void => {};
  transport.onChange!(changed);
  assertEquals(left, [changed]);
  const address = parseHostAddress("memory://on-demand"), path = "/";
  const listener = await transport.listen(address, { accept: (channel) => channel.close(), path });
  const channel = await transport.dial(address, { signal: new AbortController().signal, path });
  assertEquals([made, channel.kind], [1, "messages"]);
  channel.close();
  await listener.close();
  assertEquals("guarded" in transportOnDemand(() => Promise.resolve(inner)), false);
});
