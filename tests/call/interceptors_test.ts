/** Interceptors of a client run outside of the attempts. */

import { type ClientInterceptor, InternodeError } from "@internode/grid";
import { client, implement, method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assertEquals } from "@std/assert";
import { SimulatedService } from "../support/simulation/simulated_service.ts";
import { inOrder } from "./client/hedge_world.ts";

const Count = service("count", {
  next: method({ request: t.nothing(), response: t.string(), idempotent: true }),
});

/** Two replicas, of which the first refuses what it is asked, or hangs while the second is asked too. */
async function withReplicas(
  first: "refuses" | "hangs",
  body: (ask: () => Promise<string>, seen: string[], attempts: string[]) => Promise<void>,
): Promise<void> {
  const sim = new SimulatedService(), seen: string[] = [], attempts: string[] = [];
  const see: ClientInterceptor = (next) => async (call) => {
    seen.push(`${call.host}>${call.contract.name}`);
    const result = await next({ ...call, metadata: { first } });
    seen.push("answered");
    return result;
  };
  await sim.run(async () => {
    await sim.start(0, implement(Count, { next: () => new Promise<string>(() => {}) }), {
      graceMs: 0,
      interceptors: [(next) => (call) => {
        if (call.metadata["first"] === "hangs") return next(call);
        throw new InternodeError("Overloaded", "refused");
      }],
    });
    await sim.start(1, implement(Count, { next: () => "the second" }), { graceMs: 0 });
    sim.list(0, 1);
    const hedge = first === "hangs" && { delayMs: 0 };
    const to = await sim.connect({ interceptors: [see], hedge, balancer: inOrder });
    await sim.ready(to, 2);
    to.trace(({ host, error }) =>
      void attempts.push(`${host === sim.host(0) ? 1 : 2} ${error ?? "OK"}`)
    );
    await body(() => client(Count, to).next(), seen, attempts);
  });
}

Deno.test("an interceptor sees one call for all attempts of a retry", async () => {
  await withReplicas("refuses", async (ask, seen, attempts) => {
    const answers = [await ask(), await ask()];
    assertEquals(answers, ["the second", "the second"]);
    assertEquals(seen, Array(2).fill([">count.next", "answered"]).flat());
    assertEquals(attempts.filter((attempt) => attempt === "2 OK").length, 2);
    assertEquals(
      attempts.includes("1 Overloaded"),
      true,
      "a refusal that has not run is tried elsewhere",
    );
  });
});

Deno.test("an interceptor sees one call for all attempts of a hedge", async () => {
  await withReplicas("hangs", async (ask, seen, attempts) => {
    assertEquals([await ask(), await ask()], ["the second", "the second"]);
    assertEquals(seen, Array(2).fill([">count.next", "answered"]).flat());
    assertEquals(attempts, ["2 OK", "1 Cancelled", "2 OK", "1 Cancelled"]);
  });
});
