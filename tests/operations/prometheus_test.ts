import { client, implement, method, service } from "@internode/grid/call";
import { InternodeError, single } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { prometheus } from "@internode/grid/operations";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { inOrder } from "../call/client/hedge_world.ts";
import { simulatedGrid, withPair } from "../support/simulation/simulated_grid.ts";
import { SimulatedService } from "../support/simulation/simulated_service.ts";
import { OPEN_METRICS, PROMTOOL } from "./parsers.ts";
import { pause } from "../support/pause.ts";

const work = single("work", { request: t.uint(), response: t.uint() });
const limited = single("limited", { request: t.uint(), response: t.uint() });
const Disk = service("disk", {
  read: method({ request: t.uint(), response: t.uint(), idempotent: true }),
});

/** The samples, by their names with labels. */
function read(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.split(" ").at(-1)!]),
  );
}

/** The value of the one sample with this name and all these labels. */
function value(text: string, name: string, ...labels: readonly string[]): string | undefined {
  const found = [...read(text)].filter(([key]) =>
    (key.startsWith(`${name}{`) || key === name) && labels.every((label) => key.includes(label))
  );
  assert(found.length <= 1, `${name} ${labels.join()}: ${found.join("; ")}`);
  return found[0]?.[1];
}

/** Two nodes with a handler that fails for 0. */
function withNodes(
  body: Parameters<typeof withPair>[1],
): Promise<void> {
  return withPair({
    serve: (manager, { clock }) => {
      manager.handle(work, (ms) => {
        if (ms === 0) throw new Error("nothing to do");
        return pause(clock, ms).then(() => ms);
      });
      manager.handle(limited, (ms) => pause(clock, ms).then(() => ms), { concurrency: 1 });
    },
  }, body);
}

Deno.test("calls are counted from the moment on when metrics are wanted, on either side", async () => {
  await withNodes(async (grid) => {
    const [near, far] = [grid.node(0), grid.node(1)], to = near.connection(far.local);
    await to.request(work, 10);
    const made = prometheus(near), served = prometheus(far);
    assertEquals(value(made.text(), "internode_client_calls_total"), undefined);
    await to.request(work, 10);
    await to.request(work, 10);
    await assertRejects(() => to.request(work, 0));
    for (
      const [metrics, side, host] of [[made, "client", far], [served, "server", near]] as const
    ) {
      const text = metrics.text(), which = [`handler="work"`, `host="${host.local}"`];
      const calls = `internode_${side}_calls_total`;
      assertEquals(value(text, calls, ...which, `code="OK"`), "2");
      assertEquals(value(text, calls, ...which, `code="HandlerFailed"`), "1");
      const duration = `internode_${side}_call_duration_seconds`;
      assertEquals(value(text, `${duration}_count`, ...which), "3");
      const seconds = Number(value(text, `${duration}_sum`, ...which));
      assert(seconds >= 0.02 && seconds < 0.03, `${seconds} s`);
      assertEquals(value(text, `${duration}_bucket`, ...which, `le="0.008192"`), "1");
      assertEquals(value(text, `${duration}_bucket`, ...which, `le="0.016384"`), "3");
    }
  });
});

Deno.test("what is at hand is read when it is asked for: connections, queues, calls that run", async () => {
  await withNodes(async (grid) => {
    const [near, far] = [grid.node(0), grid.node(1)], host = `host="${far.local}"`;
    const metrics = prometheus(near, far), name = `name="${near.local}"`;
    assertEquals(value(metrics.text(), "internode_connection_up", host, name), "1");
    assertEquals(value(metrics.text(), "internode_connections", name), "1");
    const calls = [1, 2, 3].map(() => near.connection(far.local).request(limited, 50));
    await grid.clock.advance(10);
    const text = metrics.text();
    assertEquals(value(text, "internode_connection_outgoing_calls", host, name), "3");
    assertEquals(value(text, "internode_handler_queue", `name="${far.local}"`), "2");
    assertEquals(value(text, "internode_handler_running", `name="${far.local}"`), "1");
    assert(Number(value(text, "internode_connection_sent_bytes_total", host, name)) > 100);
    assertEquals(value(text, "internode_draining", name), "0");
    assert(Number(value(text, "internode_uptime_seconds", name)) > 0);
    await Promise.all(calls);
  });
});

Deno.test("clients and servers, several under one name, and one that has closed", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const one = await sim.connectTo(2, () => implement(Disk, { read: (value) => value }));
    const two = await sim.connect(), metrics = prometheus(one);
    metrics.add(two);
    await sim.ready(two, 2);
    await client(Disk, one).read(1);
    await client(Disk, two).read(1);
    await client(Disk, two).read(1);
    const text = metrics.text();
    const counts = (name: string): number[] =>
      [...read(text)].filter(([key]) =>
        key.startsWith("internode_client_calls_total{") && key.includes(name)
      )
        .map(([, count]) => Number(count));
    assertEquals(counts(`face="client",name="client",`), [1]);
    assertEquals(counts(`face="client",name="client#2",`), [1, 1]);
    await one.close();
    assert(!metrics.text().includes("client#2"));
    assertEquals(value(metrics.text(), "internode_connections"), "2");
    await two.close();
    assertEquals(metrics.text(), "");
  });
});

Deno.test("further attempts and replicas that were set aside are counted", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const connection = await sim.connectTo(2, (index) =>
      implement(Disk, {
        read: async (ms) => {
          if (index === 0) await pause(sim.clock, ms);
          return ms;
        },
      }), {
      outliers: { maxFailures: 1 },
      balancer: inOrder,
    });
    const disk = client(Disk, connection), metrics = prometheus(connection);
    await disk.read(50, { hedge: { delayMs: 10 } });
    const first = metrics.text();
    assertEquals(value(first, "internode_client_hedges_total", 'handler="disk.read"'), "1");
    assertEquals(value(first, "internode_client_retries_total"), undefined);
    const running = disk.read(500);
    await pause(sim.clock, 10);
    sim.crash(0);
    await running;
    const text = metrics.text(), host = `host="${sim.host(0)}"`;
    assertEquals(value(text, "internode_client_retries_total", 'handler="disk.read"'), "1");
    assertEquals(value(text, "internode_client_ejections_total", host), "1");
    assertEquals(value(text, "internode_connection_up", host), "0");
  });
});

Deno.test("the format follows what is asked for", async () => {
  const grid = simulatedGrid();
  await grid.run(async () => {
    await grid.start();
    const metrics = prometheus(grid.node(0));
    const asked = (accept?: string): Response =>
      metrics.respond(
        new Request("http://x/metrics", accept === undefined ? {} : { headers: { accept } }),
      );
    const usual = "text/plain; version=0.0.4; charset=utf-8";
    assertEquals(metrics.respond().headers.get("content-type"), usual);
    assertEquals(asked().headers.get("content-type"), usual);
    assertEquals(asked("text/html").headers.get("content-type"), usual);
    const open = asked("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5");
    assertEquals(
      open.headers.get("content-type"),
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    assert((await open.text()).endsWith("\n# EOF\n"));
  });
  await grid.close();
});

Deno.test("what is no node, client or server is refused", () => {
  for (const face of [undefined, null, {}, "grid"]) {
    assertThrows(() => prometheus(face as never), InternodeError, "It takes a Manager");
  }
});

Deno.test({
  name:
    `real parsers read all of it, and find nothing to complain of${PROMTOOL.note}${OPEN_METRICS.note}`,
  ignore: PROMTOOL.ignore || OPEN_METRICS.ignore,
  async fn() {
    await withNodes(async (grid) => {
      const [near, far] = [grid.node(0), grid.node(1)], to = near.connection(far.local);
      const metrics = prometheus(near, far);
      await assertRejects(() => to.request(work, 0));
      const calls = [to.request(work, 20), to.request(limited, 20), to.request(limited, 20)];
      await grid.clock.advance(10);
      assertEquals(PROMTOOL.parse(metrics.text()), { ok: true, told: "" });
      const { ok, told } = OPEN_METRICS.parse(metrics.text("openmetrics"));
      assert(ok, told);
      assertEquals(told.trim().split("\n").length, read(metrics.text()).size);
      await Promise.all(calls);
    });
  },
});
