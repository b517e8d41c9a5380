/** What a client of a service tells its log of its replicas. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import {
  client,
  type Endpoint,
  HandlerMap,
  implement,
  makeMethodKey,
  method,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { QuietLogger } from "../../support/log/quiet.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const key = makeMethodKey("who", "name");
const handlers = new HandlerMap().set("who", "name", (bytes) => bytes);
const UP_MS = 10_000;

/** Level, event and count of the lines that are shown. */
function shownIn(log: QuietLogger): string[] {
  return log.shown.map(({ level, fields: { event, count } }) =>
    `${level} ${String(event)}${count === undefined ? "" : ` ${String(count)}`}`
  );
}

Deno.test("a replica that cannot be reached is logged once, then in sums at growing intervals, and when it is back", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  await sim.run(async () => {
    sim.list(0);
    await sim.connect({ logger: log });
    await sim.clock.advance(50_000);
    assertEquals(shownIn(log), ["info peer_down 1"]);
    const attempts = log.of("dial_failed").length + 1;
    assert(attempts > 20, `${attempts} attempts`);

    await sim.clock.advance(150_000);
    const [, first, second] = log.shown;
    assertEquals(log.shown.map(({ level }) => level), ["info", "warn", "warn"]);
    const failures = log.of("dial_failed").length + 3;
    const count = (line = first): number => Number(line?.fields["count"]);
    assert(count() + count(second) + 1 <= failures, `${count()} + ${count(second)} of ${failures}`);

    await sim.start(0, handlers);
    await sim.clock.advance(10_000);
    const [up] = log.of("peer_up");
    assertEquals([up?.level, up?.fields["count"]], ["info", log.of("dial_failed").length + 3]);
    assertEquals(up?.fields["host"], sim.host(0));
    assertEquals(log.shown.length, 4);
  });
});

Deno.test("the loss of a connection is logged each time", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  await sim.run(async () => {
    await sim.connectTo(1, () => handlers, { logger: log });
    for (let outage = 0; outage < 2; outage++) {
      await sim.clock.advance(UP_MS);
      sim.crash(0);
      await sim.clock.advance(UP_MS);
      await sim.start(0, handlers);
      await sim.clock.advance(UP_MS);
    }
    const failures = log.of("dial_failed").length / 2 + 2;
    const outage = ["warn connection_lost 1", "info peer_down 1", `info peer_up ${failures}`];
    const [up, ...others] = shownIn(log);
    assertEquals(up, "info peer_up");
    assertEquals(others.map((line) => line.replace(/up \d+$/, "up")), [
      ...outage.with(2, "info peer_up"),
      ...outage.with(2, "info peer_up"),
    ]);
  });
});

Deno.test("a connection that comes up and is lost again and again makes few lines", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  await sim.run(async () => {
    await sim.connectTo(1, () => handlers, { logger: log });
    for (let crash = 0; crash < 30; crash++) {
      sim.crash(0);
      await sim.start(0, handlers);
      await sim.clock.advance(3_000);
    }
    const lost = log.of("connection_lost");
    assert(lost.length >= 25, `${lost.length} losses`);
    assert(log.shown.length <= 8, shownIn(log).join("\n"));
  });
});

Deno.test("what will not pass by itself is a warning from the start", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  const refused = new InternodeError("PermissionDenied", "The host does not know this client.", {
    origin: "remote",
  });
  const endpoint: Endpoint = { address: "memory://odd", dial: () => Promise.reject(refused) };
  await sim.run(async () => {
    sim.resolver.set([endpoint]);
    await sim.connect({ logger: log });
    await sim.clock.advance(20_000);
    assertEquals(shownIn(log), ["warn connection_refused 1"]);
    const { error, code, reason, host } = log.shown[0]!.fields;
    assertEquals([error, code, reason, host], [
      refused,
      "PermissionDenied",
      refused.message,
      "memory://odd",
    ]);
  });
});

Deno.test("every line of a client has an event, and no text has two full stops in a row", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  const thrown = ["It is not there.", new Error("No way."), new InternodeError("Closed", "Shut.")];
  const endpoints = thrown.map((error, index): Endpoint => ({
    address: `memory://odd-${index}`,
    dial: () => Promise.reject(error),
    onChange: () => {
      throw error;
    },
  }));
  await sim.run(async () => {
    sim.resolver.set([...endpoints, sim.endpoint(0)]);
    const connection = await sim.connect({ logger: log });
    const error = await assertRejects(
      () => connection.call(key, new Uint8Array(), { timeoutMs: 500 }),
      InternodeError,
    );
    assert(error.message.includes("It is not there; "), error.message);
    for (const { message, fields } of log.all) {
      assertEquals(typeof fields["event"], "string", message);
      assert(!message.includes(".."), message);
      assert(message.endsWith("."), message);
    }
    assert(!error.message.includes(".."), error.message);
    assertEquals(log.of("callback_failed").length, 3);
  });
});

Deno.test("a replica that is set aside is logged once, and its return too", async () => {
  const Slow = service("slow", {
    find: method({ request: t.nothing(), response: t.nothing(), idempotent: true }),
  });
  const sim = new SimulatedService(), log = new QuietLogger();
  await sim.run(async () => {
    const replica = (index: number): HandlerMap =>
      implement(Slow, {
        find: (_, { signal }) => {
          if (index !== 0) return;
          return new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
          });
        },
      });
    const connection = await sim.connectTo(2, replica, { logger: log });
    const slow = client(Slow, connection);
    for (let round = 0; round < 6; round++) {
      for (let call = 0; call < 12; call++) {
        await slow.find(undefined, { timeoutMs: 100 }).catch(() => {});
      }
      await sim.clock.advance(2_500);
    }
    const aside = log.of("replica_set_aside");
    assert(aside.length > 1, `${aside.length} times`);
    assertEquals(aside.filter(({ level }) => level === "info").length, 1);
    assertEquals(aside[0]!.fields["host"], sim.host(0));
    assertEquals(log.of("replica_back").filter(({ level }) => level === "info").length, 1);
  });
});
