import { type AuditEvent, HandlerMap, makeMethodKey } from "@internode/grid/call";
import type { InternodeError } from "@internode/grid";
import { assert, assertEquals } from "@std/assert";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const echo = makeMethodKey("test", "echo");

Deno.test("a client's calls per second are limited, and the audit receives the others", async () => {
  const service = new SimulatedService(), events: AuditEvent[] = [];
  await service.run(async () => {
    const handlers = new HandlerMap().set("test", "echo", (bytes) => bytes);
    const audit = (event: AuditEvent): void => void events.push(event);
    const limits = { maxCallsPerSecond: 10 };
    const to = await service.connectTo(1, () => handlers, { name: "busy" }, { limits, audit });
    const call = (count: number): Promise<string[]> => {
      const made = Array.from(
        { length: count },
        () => to.call(echo, new Uint8Array(8), { retry: false }),
      );
      return service.clock.complete(
        Promise.all(
          made.map((one) =>
            one.then(() => "ok", ({ code, outcome }: InternodeError) => `${code} ${outcome}`)
          ),
        ),
      );
    };
    const ends = await call(50);
    assertEquals(ends.filter((end) => end === "ok").length, 10);
    assertEquals(ends.filter((end) => end === "Overloaded notExecuted").length, 40);
    const told = events.filter((event) => event.event === "call_refused");
    assertEquals(told.map(({ code }) => code), Array(40).fill("Overloaded"));
    assertEquals(told[0]?.caller, "busy");
    await service.clock.advance(1_000);
    assertEquals((await call(5)).filter((end) => end === "ok").length, 5);
  });
});

Deno.test("calls beyond the limit go to another replica", async () => {
  const service = new SimulatedService();
  await service.run(async () => {
    const handlers = new HandlerMap().set("test", "echo", (bytes) => bytes);
    const limits = { maxCallsPerSecond: 10 };
    const to = await service.connectTo(2, () => handlers, {}, { limits });
    const made = Array.from({ length: 20 }, () => to.call(echo, new Uint8Array(8)));
    await service.clock.complete(Promise.all(made));
  });
});

Deno.test("a client that sends more bytes a second is slowed down, and all its calls are served", async () => {
  const service = new SimulatedService(), { clock } = service;
  await service.run(async () => {
    const handlers = new HandlerMap().set("test", "echo", () => new Uint8Array(0));
    const limits = {
      maxBytesPerSecond: 64 * 1024,
      receiveBudgetBytes: 128 * 1024,
      maxMessageBytes: 65_536,
    };
    const to = await service.connectTo(1, () => handlers, {}, { limits });
    const startMs = clock.now(), args = new Uint8Array(32_000);
    const made = Array.from({ length: 32 }, () => to.call(echo, args, { timeoutMs: 100_000 }));
    await clock.complete(Promise.all(made));
    const tookMs = clock.now() - startMs;
    assert(tookMs > 12_000 && tookMs < 16_000, `${tookMs} ms`);
  });
});
