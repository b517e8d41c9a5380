/** What a server of a service shows of the calls that reached it: to its tracer, and in the lines of its log. @module */

import { assertEquals } from "@std/assert";
import type { InternodeError } from "@internode/grid";
import {
  client,
  HandlerMap,
  implement,
  makeMethodKey,
  method,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { FakeTracer } from "../../support/fake_tracer.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";
import { pause } from "../../support/pause.ts";

const number = { request: t.uint(), response: t.uint() };
const Work = service("work", {
  ok: method(number),
  refused: method(number),
  throws: method(number),
  busy: method(number),
  large: method({ request: t.uint(), response: t.string() }),
});
const Missing = service("work", {
  missing: method(number),
  ok: method({ request: t.string(), response: t.uint() }),
});

Deno.test("the tracer and the log of a server show every call that reached it once, by its true code", async () => {
  const sim = new SimulatedService(), tracer = new FakeTracer(), log = new QuietLogger();
  const handlers = implement(Work, {
    ok: (value) => value,
    refused: (value) => value,
    throws: () => Promise.reject(new Error("no")),
    busy: (value) => pause(sim.clock, 100).then(() => value),
    large: (length) => "x".repeat(length),
  }, { methods: { refused: { allow: () => false }, busy: { concurrency: 1, queue: 1 } } });
  await sim.run(async () => {
    const connection = await sim.connectTo(1, () => handlers, {
      limits: { maxMessageBytes: 10_000 },
      retry: false,
      logger: new QuietLogger(),
    }, { tracer, logger: log });
    const work = client(Work, connection), missing = client(Missing, connection);
    const codeOf = (call: Promise<unknown>): Promise<string> =>
      call.then(() => "OK", (error: InternodeError) => error.code);
    const told = [
      await codeOf(work.ok(1)),
      await codeOf(work.refused(1)),
      await codeOf(work.throws(1)),
      await codeOf(missing.missing(1)),
      // The first runs, the second's time runs out as it waits, the third finds no place.
      ...await Promise.all([
        codeOf(work.busy(1)),
        codeOf(work.busy(1, { timeoutMs: 50 })),
        codeOf(work.busy(1)),
      ]),
      await codeOf(missing.ok("x")),
      await codeOf(work.large(10_001)),
    ];
    assertEquals(told, [
      "OK",
      "PermissionDenied",
      "HandlerFailed",
      "UnknownHandler",
      "OK",
      "DeadlineExceeded",
      "Overloaded",
      "InvalidPayload",
      "MessageTooLarge",
    ]);
    // One that waits for its turn when the server stops is given back.
    const held = codeOf(work.busy(1)), waits = codeOf(work.busy(1));
    await pause(sim.clock, 10);
    await sim.stop(0);
    told.push(...await Promise.all([held, waits]));
    const fates = tracer.spans.filter(({ options }) => options.kind === "server")
      .map(({ fate }) => SPAN_FATES[fate] ?? fate);
    const expected = countsOf(fates);
    assertEquals(expected, {
      OK: 3,
      PermissionDenied: 1,
      HandlerFailed: 1,
      UnknownHandler: 1,
      DeadlineExceeded: 1,
      Overloaded: 1,
      InvalidPayload: 1,
      MessageTooLarge: 1,
      Closed: 1,
    });
    const [ended] = log.of("client_down"), [stopped] = log.of("server_down");
    assertEquals([ended?.fields["answered"], ended?.level], [expected, "debug"]);
    assertEquals([stopped?.fields["answered"], stopped?.level], [expected, "info"]);
  });
});

Deno.test("every line of a server has an event and ends with one full stop", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  await sim.run(async () => {
    const handlers = new HandlerMap().set("a", "b", (bytes) => bytes);
    const connection = await sim.connectTo(1, () => handlers, {}, { logger: log });
    await connection.call(makeMethodKey("a", "b"), new Uint8Array());
    await sim.stop(0);
  });
  assertEquals(log.of("client_up").length, 1);
  for (const { message, fields } of log.all) {
    assertEquals(typeof fields["event"], "string", message);
    assertEquals(/[^.]\.$/.test(message), true, message);
  }
});

/** A span is given what the handler has thrown. */
const SPAN_FATES: Readonly<Record<string, string>> = { ok: "OK", no: "HandlerFailed" };

function countsOf(fates: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fate of fates) counts[fate] = (counts[fate] ?? 0) + 1;
  return counts;
}
