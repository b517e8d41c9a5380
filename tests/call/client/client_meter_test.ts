import { HandlerError } from "@internode/grid";
import { client, implement, method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assertEquals, assertRejects } from "@std/assert";
import { FakeMeter } from "../../support/fake_meter.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";
import { pause } from "../../support/pause.ts";

const Disk = service("disk", {
  read: method({ request: t.uint(), response: t.uint(), idempotent: true }),
  wait: method({ request: t.uint(), response: t.uint() }),
});

Deno.test("each attempt of a call counts for its replica, and a call that reached none for no one", async () => {
  const sim = new SimulatedService(), meter = new FakeMeter();
  await sim.run(async () => {
    const connection = await sim.connectTo(2, () =>
      implement(Disk, {
        read: (value) => {
          if (value === 5) throw new HandlerError("no such block");
          return value;
        },
        wait: (ms) => pause(sim.clock, ms).then(() => ms),
      }, { methods: { wait: { concurrency: 1, queue: 0 } } }), { meter });
    const disk = client(Disk, connection), hosts = [sim.host(0), sim.host(1)];
    assertEquals(await disk.read(3), 3);
    await assertRejects(() => disk.read(5));
    const [read, failed] = meter.calls;
    assertEquals([read?.outcome, failed?.outcome], [null, "HandlerFailed"]);
    assertEquals([read!.host, failed!.host].sort(), hosts);
    meter.calls.length = 0;

    // Both are at one, so that the third is refused by both, as often as it is tried.
    const running = [disk.wait(500), disk.wait(500)];
    await assertRejects(() => disk.wait(500, { timeoutMs: 100 }));
    await Promise.all(running);
    const refused = meter.calls.filter(({ outcome }) => outcome === "Overloaded");
    assertEquals(refused.length >= 2, true);
    assertEquals([...new Set(refused.map(({ host }) => host))].sort(), hosts);
    assertEquals(meter.calls.filter(({ outcome }) => outcome === null).length, 2);
    meter.calls.length = 0;

    await sim.stop(0);
    await sim.stop(1);
    await assertRejects(() => disk.read(3, { timeoutMs: 50 }));
    assertEquals(meter.calls.map(({ host, outcome }) => [host, outcome]), [["", "Unreachable"]]);
    assertEquals(meter.told(), ["client disk.read: Unreachable 50"]);
  });
});

Deno.test("a server counts the calls of its clients by their names", async () => {
  const sim = new SimulatedService(), meter = new FakeMeter();
  await sim.run(async () => {
    const handlers = implement(Disk, { read: (value) => value, wait: (ms) => ms });
    const connection = await sim.connectTo(1, () => handlers, { name: "reader" }, { meter });
    await client(Disk, connection).read(3);
    const [{ host, side, kind } = { host: "", side: "", kind: "" }] = meter.calls;
    assertEquals([host, side, kind], ["reader", "server", "single"]);
    assertEquals(meter.told(), ["server disk.read: OK 0"]);
  });
});
