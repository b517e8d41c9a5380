import { VirtualClock } from "@internode/grid/testing";
import { single } from "@internode/grid";
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import type { MeteredCalls } from "../../../lib/rpc/contract/meter.ts";
import type { Inspection } from "../../../lib/rpc/inspection/inspection.ts";
import { presentFigures } from "../../../lib/rpc/inspection/present_figures.ts";
import { FaceFigures } from "../../../lib/rpc/metering/face_figures.ts";
import { HostFigures } from "../../../lib/rpc/metering/host_figures.ts";

function calls(handler: string, host: string): MeteredCalls {
  return { side: "server", kind: "single", handler, host };
}

const all = (): boolean => true;

Deno.test("names from outside take no memory without bound: of more than 2,000 together, the rest is one", () => {
  const figures = new FaceFigures(null, new VirtualClock());
  for (let at = 0; at < 5_000; at++) figures.of(calls("work", `client-${at}`)).succeed(1);
  const read = figures.read(all);
  assertEquals(read.length, 2_001);
  const other = read.at(-1)!;
  assertEquals([other.calls.handler, other.calls.host, other.total], ["_other", "_other", 3_000]);
  for (let at = 0; at < 5_000; at++) {
    figures.begin();
    figures.onRetry(`name-${at}`);
  }
  assertEquals(figures.retries.size, 2_001);
  assertEquals(figures.retries.get("_other"), 3_000);
});

Deno.test("figures of a host that is gone are given up ten minutes after its last call", async () => {
  const clock = new VirtualClock(), figures = new FaceFigures(null, clock);
  figures.begin();
  for (const host of ["stays", "leaves", ""]) figures.of(calls("work", host)).succeed(1);
  figures.onSetAside("leaves");
  const hosts = (): string[] =>
    figures.read((host) => host === "stays").map(({ calls: { host } }) => host);
  assertEquals(hosts(), ["stays", "leaves", ""]);
  await clock.advance(599_000);
  figures.of(calls("work", "leaves")).succeed(1);
  assertEquals(hosts(), ["stays", "leaves", ""]);
  await clock.advance(600_000);
  assertEquals(hosts(), ["stays", "leaves", ""]);
  const { generation } = figures;
  await clock.advance(1);
  assertEquals(hosts(), ["stays", ""]);
  assert(figures.generation > generation);
  assertEquals([...figures.setAside], []);
});

Deno.test("figures of a guest that is connected are kept as those of a peer are", async () => {
  const clock = new VirtualClock(), figures = new FaceFigures(null, clock);
  figures.begin();
  for (const host of ["tcp://a:1", "ops", "left"]) figures.of(calls("work", host)).succeed(1);
  const face = {
    figures,
    remotes: () => [{ host: "tcp://a:1" }],
    guests: () => [{ host: "ops" }],
  } as unknown as Inspection;
  presentFigures(face);
  await clock.advance(600_001);
  assertEquals(presentFigures(face).map((row) => row.calls.host), ["tcp://a:1", "ops"]);
});

Deno.test("whoever keeps figures that were given up counts in new ones", async () => {
  const clock = new VirtualClock(), figures = new FaceFigures(null, clock);
  const work = single("work"), other = single("other");
  const kept = new HostFigures(figures, "client", "tcp://a:1"), before = kept.of(work);
  assertStrictEquals(kept.of(work), before);
  assertNotStrictEquals(kept.of(other), before);
  assertStrictEquals(kept.of(work), before);
  figures.read(() => false);
  await clock.advance(600_001);
  assertEquals(figures.read(() => false), []);
  assertNotStrictEquals(kept.of(work), before);
  assertEquals(figures.read(() => false).length, 1);
});
