import { HandlerError, Manager, single } from "@internode/grid";
import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  memory,
  method,
  serve,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { otelMeter } from "@internode/grid/otel";
import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeMeter } from "../support/fake_meter.ts";

const work = single("work", { request: t.uint(), response: t.uint() });
const Disk = service("disk", { read: method({ request: t.uint(), response: t.uint() }) });

/** What a real SDK has gathered. */
class Gathered implements AsyncDisposable {
  readonly #exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #provider = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: this.#exporter,
        exportIntervalMillis: 3_600_000,
      }),
    ],
  });

  constructor() {
    metrics.setGlobalMeterProvider(this.#provider);
  }

  /** Collects now. */
  async all(): Promise<MetricData[]> {
    this.#exporter.reset();
    await this.#provider.forceFlush();
    return this.#exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ metrics }) => metrics);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    metrics.disable();
    await this.#provider.shutdown();
  }
}

function named(all: readonly MetricData[], name: string): MetricData {
  const found = all.filter(({ descriptor }) => descriptor.name === name);
  assertEquals(found.length, 1, name);
  return found[0]!;
}

function points({ dataPoints }: MetricData): readonly DataPoint<unknown>[] {
  return dataPoints as DataPoint<unknown>[];
}

Deno.test("a real SDK gathers durations and further figures by the conventions", async () => {
  await using gathered = new Gathered();
  const meter = otelMeter({ name: "test", version: "1.0.0" });
  const hosts = ["memory://otel-1", "memory://otel-2"] as const, address = "memory://otel-3";
  await using one = new Manager({ local: hosts[0], hosts, meter });
  await using two = new Manager({ local: hosts[1], hosts });
  const handlers = implement(Disk, { read: (value) => value });
  await using _server = serve(await listen(address, handlers), { meter });
  await using connection = await connect(constantResolver(memory("otel-3")), {
    meter,
    name: "reader",
  });
  one.handle(work, (value) => {
    if (value === 0) throw new HandlerError("nothing to do");
    return value;
  });
  await Promise.all([one.listen(), two.listen()]);
  await Promise.all([one.waitForConnect(), two.waitForConnect()]);
  const back = two.connection(hosts[0]);
  await back.request(work, 1);
  await assertRejects(() => back.request(work, 0));
  await assertRejects(() => back.request(single("nobody"), new Uint8Array(0)));
  await client(Disk, connection).read(1);

  const all = await gathered.all();
  const served = named(all, "rpc.server.call.duration"),
    made = named(all, "rpc.client.call.duration");
  assertEquals(served.descriptor.unit, "s");
  const system = { "rpc.system.name": "internode" };
  const failed = (code: string) => ({ "rpc.status_code": code, "error.type": code });
  assertEquals(points(served).map(({ attributes }) => attributes), [
    { ...system, "rpc.method": "work", "rpc.status_code": "OK" },
    { ...system, "rpc.method": "work", ...failed("HandlerFailed") },
    { ...system, "rpc.method": "_OTHER", ...failed("UnknownHandler") },
    { ...system, "rpc.method": "disk.read", "rpc.status_code": "OK" },
  ]);
  const [call] = points(made);
  assertEquals(call?.attributes, {
    ...system,
    "rpc.method": "disk.read",
    "rpc.status_code": "OK",
    "server.address": "otel-3",
  });
  const { buckets, count } = call?.value as { buckets: { boundaries: number[] }; count: number };
  assertEquals([buckets.boundaries[0], buckets.boundaries.at(-1), count], [0.005, 10, 1]);

  const up = points(named(all, "internode.connection.up"));
  assertEquals(up.map(({ attributes, value }) => [attributes, value]), [
    [{ "internode.face": "grid", "internode.name": hosts[0], "internode.host": hosts[1] }, 1],
    [{ "internode.face": "client", "internode.name": "reader", "internode.host": address }, 1],
  ]);
  const sent = named(all, "internode.connection.sent");
  assertEquals([sent.descriptor.unit, points(sent).length], ["By", 3]);
});

Deno.test("without an SDK calls go as ever", async () => {
  const local = "memory://otel-none";
  await using grid = new Manager({ local, hosts: [local], meter: otelMeter() });
  grid.handle(work, (value) => value);
  await grid.listen();
  assertEquals(await grid.connection(local).request(work, 5, { waitForReady: true }), 5);
});

Deno.test("the meter of OpenTelemetry has every measurement from the start, as its instruments must", async () => {
  const meter = new FakeMeter(), local = "memory://otel-all";
  await using grid = new Manager({ local, hosts: [local], meter });
  const early = meter.read!().map(({ name }) => name);
  await grid.listen();
  const connection = await connect(constantResolver(memory("otel-nobody")), { meter });
  assertEquals(meter.read!().map(({ name }) => name), early);
  assert(early.includes("internode.client.retries"));
  await connection.close();
});

Deno.test("options that make no sense are refused", () => {
  assertThrows(() => otelMeter(5 as never), Error, "The options of otelMeter");
  assertThrows(() => otelMeter({ name: 5 as never }), Error, "Option name");
  assertThrows(() => otelMeter({ version: null as never }), Error, "Option version");
});
