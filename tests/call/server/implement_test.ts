import { type HandlerContext, InternodeError } from "@internode/grid";
import { client, HandlerMap, implement, method, service } from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ServiceWorld } from "../service_world.ts";

const Counter = service("counter", {
  add: method({ request: t.uint(), response: t.uint() }),
  read: method({ request: t.nothing(), response: t.uint(), idempotent: true }),
});

/** The methods stand on the prototype, and one of them on that of a base class. */
class Readable {
  protected count = 0;

  read(): number {
    return this.count;
  }
}

class CounterServer extends Readable {
  readonly #callers: string[] = [];

  add(amount: number, context: HandlerContext): number {
    this.#callers.push(context.caller);
    return this.count += amount;
  }

  get callers(): readonly string[] {
    return this.#callers;
  }
}

Deno.test("methods of a class serve, on their instance", async () => {
  const server = new CounterServer();
  await using connection = await ServiceWorld.open(implement(Counter, server));
  const counter = client(Counter, connection);
  assertEquals(await Promise.all([counter.add(2), counter.add(3)]), [2, 5]);
  assertEquals(await counter.read(), 5);
  assertEquals(server.read(), 5);
  assertEquals(server.callers, ["client", "client"]);
});

Deno.test("a map takes several services, and handlers of bytes beside them", async () => {
  const Clock = service("clock", {
    read: method({ request: t.nothing(), response: t.timestamp() }),
  });
  const handlers = new HandlerMap().set("plain", "reverse", (bytes) => bytes.toReversed());
  const now = new Date(1_750_000_000_000);
  assertStrictEquals(implement(Counter, new CounterServer(), { into: handlers }), handlers);
  implement(Clock, { read: () => now }, { into: handlers });
  await using connection = await ServiceWorld.open(handlers);
  assertEquals(await client(Clock, connection).read(), now);
  assertEquals(await client(Counter, connection).read(), 0);
  const Plain = service("plain", { reverse: method() });
  assertEquals(
    await client(Plain, connection).reverse(new Uint8Array([1, 2])),
    new Uint8Array([2, 1]),
  );
});

Deno.test("a missing method is named, and nothing is added", () => {
  const into = new HandlerMap();
  const error = assertThrows(
    // @ts-expect-error read is missing
    () => implement(Counter, { add: (amount: number) => amount }, { into }),
    InternodeError,
  );
  assertEquals([error.code, error.handler], ["InvalidArgument", "counter.read"]);
  assert(error.message.includes('"counter" has no method "read"'), error.message);
  assert(!into.has(Counter.methods.add.key));
});

Deno.test("what every object has implements nothing", () => {
  const Text = service("text", {
    toString: method({ request: t.nothing(), response: t.string() }),
  });
  const error = assertThrows(() => implement(Text, {}), InternodeError);
  assert(error.message.includes('no method "toString"'), error.message);
  implement(Text, { toString: () => "of its own" });
});

Deno.test("a service cannot be added twice", () => {
  const handlers = implement(Counter, new CounterServer());
  const error = assertThrows(
    () => implement(Counter, new CounterServer(), { into: handlers }),
    InternodeError,
  );
  assertEquals(error.code, "InvalidArgument");
});

Deno.test("a limit holds for its method alone", async () => {
  const { promise: go, resolve: release } = Promise.withResolvers<void>();
  const Gate = service("gate", {
    pass: method({ request: t.nothing(), response: t.uint() }),
    look: method({ request: t.nothing(), response: t.uint() }),
  });
  let running = 0, most = 0;
  const handlers = implement(Gate, {
    pass: async () => {
      most = Math.max(most, ++running);
      await go;
      return running--;
    },
    look: () => most,
  }, { methods: { pass: { concurrency: 1, queue: 1 } } });
  await using connection = await ServiceWorld.open(handlers);
  const gate = client(Gate, connection);
  const first = gate.pass(), second = gate.pass();
  const error = await assertRejects(() => gate.pass(), InternodeError);
  assertEquals([error.code, error.outcome], ["Overloaded", "notExecuted"]);
  assertEquals(await gate.look(), 1);
  release();
  assertEquals(await Promise.all([first, second]), [1, 1]);
  assertEquals(await gate.look(), 1);
});
