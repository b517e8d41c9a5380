/**
 * What balancers are told, the client's own and those of single calls.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Balancer,
  balancerFunc,
  client,
  type HandlerMap,
  implement,
  method,
  type PickOptions,
  type Replica,
  service,
  sharded,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { watch } from "../../support/outcome.ts";
import { SimulatedService } from "../../support/simulation/simulated_service.ts";

const Post = service("post", {
  name: method({ request: t.nothing(), response: t.string(), idempotent: true }),
});

function replica(name: string): HandlerMap {
  return implement(Post, { name: () => name });
}

/** Notes what it is told. */
class Noting implements Balancer {
  readonly updates: string[] = [];
  readonly picks: PickOptions[] = [];
  /** What its next update throws. */
  failure: Error | null = null;
  #replicas: readonly Replica[] = [];

  update(replicas: readonly Replica[]): void {
    if (this.failure !== null) throw this.failure;
    this.#replicas = replicas;
    this.updates.push(replicas.map(({ endpoint }) => endpoint.address.slice(9)).join());
  }

  pick(options: PickOptions): Replica | undefined {
    this.picks.push(options);
    return this.#replicas.find((each) => options.tried?.has(each) !== true);
  }
}

Deno.test("a balancer gets an update of the replicas before it picks, once for each change", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    for (const index of [0, 1, 2]) await sim.start(index, replica(`r${index}`));
    const own = new Noting(), other = new Noting();
    const connection = await sim.connect({ balancer: own });
    const post = client(Post, connection);
    sim.list(1, 0);
    await sim.ready(connection, 2);
    for (let each = 0; each < 3; each++) {
      assertEquals(await post.name(undefined), "r0");
      assertEquals(await post.name(undefined, { balancer: other }), "r0");
    }
    assertEquals([own.updates, other.updates], [["r0,r1"], ["r0,r1"]]);
    sim.list(1, 2);
    await sim.clock.runUntil(() => connection.replicas.length === 2, 3_000);
    await sim.ready(connection, 2);
    assertEquals(await post.name(undefined, { balancer: other }), "r1");
    assertEquals([own.updates.length, other.updates], [1, ["r0,r1", "r1,r2"]]);
    assertEquals(await post.name(undefined), "r1");
    assertEquals(own.updates, ["r0,r1", "r1,r2"]);
    // One that was made for this call alone.
    assertEquals(await post.name(undefined, { balancer: sharded(), shardKey: 3 }), "r2");
  });
});

Deno.test("a balancer gets the call's key, a random number, and the replicas that had an attempt", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, replica("r0"));
    await sim.start(1, replica("r1"));
    sim.list(0, 1);
    const balancer = new Noting();
    const connection = await sim.connect({ balancer });
    const post = client(Post, connection);
    await sim.ready(connection, 2);
    await post.name(undefined);
    await post.name(undefined, { shardKey: 0 });
    const [plain, keyed] = balancer.picks;
    assertEquals([plain!.shardKey, plain!.tried, keyed!.shardKey, keyed!.tried], [
      undefined,
      null,
      0,
      null,
    ]);
    const chance = plain!.random();
    assert(chance >= 0 && chance < 1);

    balancer.picks.length = 0;
    const retried = watch(sim.clock, post.name(undefined, { shardKey: "k" }));
    sim.crash(0);
    await sim.clock.runUntil(() => retried.settled, 100);
    assertEquals([retried.value, balancer.picks.length], ["r1", 2]);
    const { shardKey, tried } = balancer.picks[1]!;
    assertEquals([shardKey, tried!.size], ["k", 1]);
    assertEquals([...tried!][0]!.endpoint.address, "memory://r0");
  });
});

Deno.test("what a balancer's update throws is the failure of the call that needed it, until it works", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    await sim.start(0, replica("r0"));
    await sim.start(1, replica("r1"));
    const own = new Noting(), other = new Noting();
    const connection = await sim.connect({ balancer: own });
    const post = client(Post, connection);
    // Both wait, as there is nobody yet; the update comes when there is.
    const waiting = [post.name(undefined), post.name(undefined, { balancer: other })]
      .map((call) => watch(sim.clock, call));
    own.failure = new RangeError("own");
    other.failure = new RangeError("other");
    sim.list(0);
    await sim.clock.runUntil(() => waiting.every(({ settled }) => settled), 1_000);
    assertEquals(waiting.map(({ fate }) => fate), ["RangeError: own", "RangeError: other"]);
    // The replica is none the worse for it.
    assertEquals(connection.replicas[0]!.state, "connected");
    const first = balancerFunc((replicas) => replicas[0]);
    assertEquals(await post.name(undefined, { balancer: first }), "r0");
    await assertRejects(() => post.name(undefined), RangeError, "own");
    own.failure = other.failure = null;
    assertEquals(await post.name(undefined), "r0");
    assertEquals(await post.name(undefined, { balancer: other }), "r0");
    sim.list(0, 1);
    await sim.ready(connection, 2);
    assertEquals(await post.name(undefined, { balancer: other }), "r0");
    assertEquals(other.updates.at(-1), "r0,r1");
  });
});

Deno.test("a balancer that picks no replica is asked again at each change of the replicas", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    for (const index of [0, 1, 2]) await sim.start(index, replica(`r${index}`));
    sim.list(0);
    const connection = await sim.connect();
    await sim.ready(connection, 1);
    const choosy = balancerFunc((replicas) => replicas[2]);
    const post = client(Post, connection);
    const call = watch(sim.clock, post.name(undefined, { balancer: choosy }));
    const hasty = watch(sim.clock, post.name(undefined, { balancer: choosy, timeoutMs: 20 }));
    await sim.clock.advance(100);
    sim.list(0, 1);
    await sim.clock.advance(100);
    assertEquals([call.fate, hasty.fate], ["pending", "Unreachable notSent"]);
    sim.list(0, 1, 2);
    await sim.clock.runUntil(() => call.settled, 100);
    assertEquals(call.value, "r2");
  });
});

Deno.test("a balancer that picks none is asked again after a while, though no replica has changed", async () => {
  const sim = new SimulatedService();
  await sim.run(async () => {
    let isOpen = false, asked = 0;
    const gate = balancerFunc((replicas) => {
      asked++;
      return isOpen ? replicas[0] : undefined;
    });
    const connection = await sim.connectTo(2, (index) => replica(`r${index}`), { balancer: gate });
    const post = client(Post, connection);
    const call = watch(sim.clock, post.name(undefined, { timeoutMs: 60_000 }));
    await sim.clock.advance(20_000);
    assertEquals(call.fate, "pending");
    assert(asked < 40, `it was asked ${asked} times in 20 s`);
    isOpen = true;
    await sim.clock.advance(1_010);
    assertEquals(call.value, "r0");
    // Nobody is asked for nothing.
    const before = asked;
    await sim.clock.advance(10_000);
    assertEquals(asked, before);
  });
});
