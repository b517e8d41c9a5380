/** Calls that do not wait for replicas that are down. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  client,
  type HandlerMap,
  implement,
  method,
  methodStream,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assertFate, watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Door = service("door", {
  knock: method({ request: t.uint(), response: t.uint() }),
  watch: methodStream({
    initial: t.nothing(),
    output: t.uint(),
    inputCapacity: 0,
    outputCapacity: 4,
  }),
});

function replica(): HandlerMap {
  return implement(Door, {
    knock: (id) => id,
    watch: function* () {
      yield 1;
    },
  });
}

const IMPATIENT = { waitForReady: false };

Deno.test("a call that does not wait fails as soon as all replicas are known to be down, others wait", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    sim.list(0, 1);
    const door = client(Door, await sim.connect());
    const impatient = watch(sim.clock, door.knock(1, IMPATIENT));
    const stream = watch(sim.clock, door.watch(undefined, IMPATIENT).finished);
    const patient = watch(sim.clock, door.knock(2));
    await sim.clock.advance(1_000);
    for (const each of [impatient, stream]) assertFate(each, "Unreachable notSent", 0, 500);
    const { message } = impatient.error as Error;
    assertStringIncludes(message, "no replica can be reached; memory://r0 is disconnected");
    assertStringIncludes(message, "waitForReady");
    const later = watch(sim.clock, door.knock(3, IMPATIENT));
    await sim.clock.advance(0);
    assertFate(later, "Unreachable notSent", 0, 0);
    assertEquals(patient.fate, "pending");
    await sim.start(1, replica());
    assertEquals(await patient.promise, 2);
    assertEquals(await door.knock(4, IMPATIENT), 4);
  });
});

Deno.test("a call that does not wait goes on while one replica has not been tried yet", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(1, replica());
    sim.list(0, 1);
    const door = client(Door, await sim.connect());
    assertEquals(await door.knock(1, IMPATIENT), 1);
  });
});

Deno.test("a call that does not wait survives the loss of a connection that is made again at once", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    const connection = await sim.connectTo(1, replica);
    sim.crash(0);
    await sim.start(0, replica());
    await sim.clock.runUntil(() => connection.replicas[0]?.state === "disconnected", 1_000);
    const call = watch(sim.clock, client(Door, connection).knock(1, IMPATIENT));
    assertEquals(await call.promise, 1);
    assert(call.tookMs > 0);
  });
});

Deno.test("a call that does not wait fails at once if the resolver lists no replica, or no longer any", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    sim.list();
    const connection = await sim.connect();
    const door = client(Door, connection);
    const none = watch(sim.clock, door.knock(1, IMPATIENT));
    await sim.clock.advance(0);
    assertFate(none, "Unreachable notSent", 0, 0);
    const idle = await sim.listenIdly(0);
    sim.resolver.set([idle]);
    await sim.clock.runUntil(() => connection.replicas.length === 1, 1_000);
    const listed = watch(sim.clock, door.knock(2, IMPATIENT));
    await sim.clock.advance(100);
    assertEquals(listed.fate, "pending");
    sim.list();
    await sim.clock.advance(100);
    assertFate(listed, "Unreachable notSent", 100, 101);
  });
});
