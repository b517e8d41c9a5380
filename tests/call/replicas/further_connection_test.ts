import { connect, HandlerMap, ManualResolver, tcp } from "@internode/grid/call";
import { assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "../../../lib/errors.ts";
import { connectionsTo } from "../../../lib/call/replicas/further_connection.ts";
import { named } from "../../support/endpoint_named.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const echo = (): HandlerMap => new HandlerMap().set("a", "echo", (bytes) => bytes);

Deno.test("a client has so many connections to each replica, and all count", async () => {
  const service = new SimulatedService();
  await service.run(async () => {
    await service.start(0, echo());
    await service.start(1, echo());
    service.list(0, 1);
    const client = await service.connect({ connections: 3 });
    await service.ready(client, 6);
    assertEquals(client.replicas.map(({ address }) => address), [
      "memory://r0",
      "memory://r0#2",
      "memory://r0#3",
      "memory://r1",
      "memory://r1#2",
      "memory://r1#3",
    ]);
    assertEquals(service.network.openConnections("memory://client-0"), 6);
    assertEquals(service.network.openConnections("memory://r0"), 3);

    service.list(1);
    await service.ready(client, 3);
    await service.clock.advance(2_000);
    assertEquals(service.network.openConnections("memory://r0"), 0, "none is left behind");
    service.crash(1);
    await service.ready(client, 0);
    await service.start(1, echo());
    await service.ready(client, 3);
  });
});

Deno.test("further connections follow the changes of their replica's endpoint", () => {
  const heard: number[] = [];
  let change = (): void => {};
  const endpoint = {
    ...named("tcp://10.0.0.1:9000"),
    onChange: (listener: () => void) => {
      change = listener;
      return () => void heard.push(0);
    },
  };
  const [own, second] = connectionsTo(endpoint, 2);
  assertEquals(own, endpoint);
  assertEquals(second!.address, "tcp://10.0.0.1:9000#2");
  const end = second!.onChange!(() => heard.push(1));
  change();
  end();
  assertEquals(heard, [1, 0]);
  connectionsTo(named("a"), 2)[1]!.onChange!(() => {})();
});

Deno.test("how many connections there are is checked", async () => {
  for (const connections of [0, -1, 1.5, NaN, 1_025]) {
    await assertRejects(
      () => connect(new ManualResolver([tcp("10.0.0.1:9000")]), { connections }),
      InternodeError,
      "Option connections must be a whole number from 1 to 1024",
    );
  }
});
