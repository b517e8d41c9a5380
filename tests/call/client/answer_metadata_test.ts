/**
 * Headers and trailers of calls that are made more than once: those of the
 * attempt whose answer the caller gets.
 *
 * @module
 */

import type { InternodeError } from "@internode/grid";
import { client, implement, method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assertEquals, assertRejects } from "@std/assert";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";
import { inOrder } from "./hedge_world.ts";

const Shop = service("shop", {
  read: method({ request: t.nothing(), response: t.string(), idempotent: true }),
});

interface Held {
  readonly name: string;
  readonly answer: PromiseWithResolvers<string>;
}

/** Replicas that set their names as headers and trailers, and answer when the test says so. */
async function withShop(
  count: number,
  body: (sim: SimulatedService, held: Held[], shop: Shop, told: string[]) => Promise<void>,
): Promise<void> {
  const sim = new SimulatedService(), held: Held[] = [], told: string[] = [];
  await sim.run(async () => {
    const connection = await sim.connectTo(
      count,
      (index) =>
        implement(Shop, {
          read: (_, context) => {
            const name = `r${index}`, answer = Promise.withResolvers<string>();
            context.setHeaders({ name: `${name} headers` });
            context.setTrailers({ name: `${name} trailers` });
            held.push({ name, answer });
            return answer.promise;
          },
        }, { methods: { read: { concurrency: 8 } } }),
      { balancer: inOrder },
      { graceMs: 0 },
    );
    await body(sim, held, client(Shop, connection), told);
  });
}

type Shop = ReturnType<typeof client<(typeof Shop)["methods"]>>;

function options(told: string[]) {
  const tell = ({ name = "" }: Readonly<Record<string, string>>): void => void told.push(name);
  return { onHeaders: tell, onTrailers: tell };
}

Deno.test("of a call that is retried, the metadata of the attempt that was answered is told", async () => {
  await withShop(2, async (sim, held, shop, told) => {
    const call = watch(sim.clock, shop.read(undefined, options(told)));
    await sim.clock.runUntil(() => held.length === 1, 100);
    sim.crash(0);
    await sim.clock.runUntil(() => held.length === 2, 1_000);
    assertEquals(told, []);
    held[1]!.answer.resolve("from r1");
    await sim.clock.runUntil(() => call.settled, 100);
    assertEquals([call.value, told], ["from r1", ["r1 headers", "r1 trailers"]]);
  });
});

Deno.test("a failure that is final brings its metadata, and one that is retried does not", async () => {
  await withShop(2, async (sim, held, shop, told) => {
    const call = watch(sim.clock, shop.read(undefined, options(told)));
    await sim.clock.runUntil(() => held.length === 1, 100);
    held[0]!.answer.reject(new Error("no"));
    await sim.clock.runUntil(() => call.settled, 100);
    assertEquals((call.error as InternodeError).code, "HandlerFailed");
    assertEquals([held.length, told], [1, ["r0 headers", "r0 trailers"]]);
  });
});

Deno.test("of a hedged call, the metadata of the first answer is told, once", async () => {
  for (const winner of [0, 1]) {
    await withShop(2, async (sim, held, shop, told) => {
      const given = { ...options(told), hedge: { delayMs: 20 } };
      const call = watch(sim.clock, shop.read(undefined, given));
      await sim.clock.runUntil(() => held.length === 2, 100);
      held[winner]!.answer.resolve("won");
      await sim.clock.runUntil(() => call.settled, 100);
      held[1 - winner]!.answer.resolve("lost");
      await sim.clock.advance(100);
      assertEquals([call.value, told], ["won", [`r${winner} headers`, `r${winner} trailers`]]);
    });
  }
});

Deno.test("a call that its caller has given up is told nothing", async () => {
  await withShop(1, async (sim, held, shop, told) => {
    const controller = new AbortController();
    const given = { ...options(told), signal: controller.signal };
    const call = shop.read(undefined, given);
    const refused = assertRejects(() => call, Error, "enough");
    await sim.clock.runUntil(() => held.length === 1, 100);
    controller.abort(new Error("enough"));
    held[0]!.answer.resolve("late");
    await sim.clock.advance(100);
    await refused;
    assertEquals(told, []);
  });
});
