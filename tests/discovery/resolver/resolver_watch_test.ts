/** What a client makes of its resolver's answers, and what it tells of them. @module */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { InternodeError } from "@internode/grid";
import { connect, type Endpoint, type Resolver } from "@internode/grid/call";
import { TEXTLESS } from "../../support/foreign/textless.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

/** What is no endpoint, whatever one does with it. */
const NO_ENDPOINTS = [...TEXTLESS.map(([, value]) => value), {
  address: "memory://r9",
}] as Endpoint[];

/** Gives each of the answers in turn, and then none. */
function resolverOf(answers: readonly (() => readonly Endpoint[])[]): Resolver {
  let asked = 0;
  return {
    isConstant: false,
    resolve: (_version, signal) => {
      const answer = answers[asked++];
      if (answer !== undefined) {
        return Promise.try(() => ({ endpoints: answer(), version: String(asked) }));
      }
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    },
  };
}

Deno.test("of a resolver's endpoints those that are good are used, and the bad ones warned of once", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  await sim.run(async () => {
    const mixed = (): Endpoint[] => [...NO_ENDPOINTS, sim.endpoint(0)];
    const resolver = resolverOf([mixed, mixed, () => NO_ENDPOINTS, mixed]);
    const connection = await sim.connect({ resolver, logger: log });
    await sim.clock.advance(30_000);
    assertEquals(connection.replicas.map(({ address }) => address), [sim.host(0)]);
    const ignored = log.of("endpoint_ignored");
    assertEquals(ignored.map(({ level }) => level), ["warn", "debug", "debug"]);
    assertEquals(ignored[0]?.fields["count"], NO_ENDPOINTS.length);
    const [failed] = log.of("resolver_failed");
    assertEquals([failed?.level, failed?.fields["code"]], ["warn", "InvalidArgument"]);
    assertEquals(log.of("resolver_recovered").length, 1);
  });
});

Deno.test("a constant resolver with a good endpoint among bad ones will do, and one without is refused", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  const resolver = (endpoints: Endpoint[]): Resolver => ({
    isConstant: true,
    resolve: () => Promise.resolve({ endpoints, version: null }),
  });
  await sim.run(async () => {
    const mixed = resolver([...NO_ENDPOINTS, sim.endpoint(0)]);
    assertEquals((await sim.connect({ resolver: mixed, logger: log })).replicas.length, 1);
    assertEquals(log.of("endpoint_ignored").length, 1);
    const error = await assertRejects(
      () => connect(resolver(NO_ENDPOINTS), { logger: log }),
      InternodeError,
    );
    assertEquals(error.code, "InvalidArgument");
  });
});

Deno.test("a resolver that goes on failing is told of in sums that come less and less often, and when it answers again", async () => {
  const sim = new SimulatedService(), log = new QuietLogger();
  await sim.run(async () => {
    let isBroken = true;
    const resolver: Resolver = {
      isConstant: false,
      resolve: (version, signal) => {
        if (isBroken) return Promise.reject(new Error("The registry is away."));
        return sim.resolver.resolve(version, signal);
      },
    };
    await sim.connect({ resolver, logger: log });
    await sim.clock.advance(200_000);
    isBroken = false;
    sim.list(0);
    await sim.clock.advance(5_000);
    const failed = log.of("resolver_failed");
    assert(failed.length > 50, `${failed.length} failures`);
    assertEquals(failed.filter(({ level }) => level === "warn").length, 3);
    const text = /: The registry is away\.( This happened \d+ times since it was last logged\.)?$/;
    for (const { message } of failed) assertMatch(message, text);
    assertEquals(log.of("resolver_recovered").map(({ fields }) => fields["count"]), [
      failed.length,
    ]);
  });
});
