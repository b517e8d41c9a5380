/**
 * Values whose getters, and codecs, act on the connection while they are being encoded.
 *
 * @module
 */

import { type Connection, InternodeError, type Manager, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { watch } from "../../support/outcome.ts";
import { type GridSetup, withPair } from "../../support/simulation/simulated_grid.ts";

const Pair = t.record({ a: t.string(), b: t.string(), c: t.string() });
type Pair = t.Infer<typeof Pair>;
const join = single("join", { request: Pair, response: t.string() });
const split = single("split", { request: t.string(), response: Pair });
const echo = single("echo", { request: t.string(), response: t.string() });
const talk = stream("talk", {
  input: Pair,
  output: t.string(),
  inputCapacity: 4,
  outputCapacity: 4,
});
const EMPTY = new Uint8Array(0);

/** A value that does something while it is encoded, in the midst of it. */
function acting(act: () => void, c = "3"): Pair {
  return {
    a: "1",
    get b(): string {
      act();
      return "2";
    },
    c,
  };
}

interface World {
  readonly grid: SimulatedCluster<Manager>;
  readonly to: Connection;
  /** What the response of `split` does as it is encoded. */
  act: (back: Connection) => void;
}

async function withWorld(host: string, body: (world: World) => Promise<void>): Promise<void> {
  let world: World | undefined;
  const setup: GridSetup = {
    ...(host !== "" && { host: (index: number) => `${host}://10.0.0.${index + 1}:9000` }),
    serve: (manager) => {
      manager.handle(join, ({ a, b, c }) => a + b + c);
      manager.handle(echo, (text) => text);
      manager.handle(split, () => acting(() => world!.act(manager.connections()[0]!)));
      manager.handle(talk, async function* (_, input) {
        for await (const { a, b, c } of input) yield a + b + c;
      });
    },
  };
  await withPair(setup, async (grid) => {
    world = { grid, to: grid.node(0).connections()[0]!, act: () => {} };
    await body(world);
    // Whatever was done, the same connection goes on.
    const { to } = world, running = watch(grid.clock, to.request(echo, "on"));
    await grid.clock.advance(1_000);
    assertEquals([running.fate, running.value], ["ok", "on"]);
    assertEquals(to.stats().reconnects, 0);
  });
}

for (const host of ["", "tcp", "ws"]) {
  const over = host === "" ? "memory" : host;

  Deno.test(`a value that makes calls while it is encoded harms none of them, over ${over}`, async () => {
    await withWorld(host, async (world) => {
      const { grid, to } = world, nested: ReturnType<typeof watch>[] = [];
      const call = (): void => void nested.push(watch(grid.clock, to.request(echo, "inner")));
      const twice = (): void => {
        call();
        nested.push(watch(grid.clock, to.request(join, acting(call))));
      };
      const outer = [
        to.request(echo, "before"),
        to.request(join, acting(call)),
        to.request(join, acting(twice)),
        to.request(join, acting(call, "x".repeat(20_000))),
        to.request(echo, "after"),
      ].map((promise) => watch(grid.clock, promise));
      world.act = (back) => void nested.push(watch(grid.clock, back.request(echo, "back")));
      const response = watch(grid.clock, to.request(split, ""));
      await grid.clock.advance(1_000);
      const values = outer.map(({ value }) => value);
      assertEquals(values, ["before", "123", "123", `12${"x".repeat(20_000)}`, "after"]);
      assertEquals(response.value, { a: "1", b: "2", c: "3" });
      assertEquals(nested.length, 6);
      for (const { fate, value } of nested) {
        assertEquals(fate, "ok");
        assert(["inner", "123", "back"].includes(value as string));
      }
    });
  });

  Deno.test(`a value that ends its own call while it is encoded ends that call alone, over ${over}`, async () => {
    await withWorld(host, async (world) => {
      const { grid, to } = world;
      const beside = watch(grid.clock, to.request(echo, "beside"));
      const abort = new AbortController(), { signal } = abort;
      const reason = new Error("enough");
      const aborted = watch(
        grid.clock,
        to.request(join, acting(() => abort.abort(reason)), { signal }),
      );
      const next = watch(grid.clock, to.request(echo, "next"));
      const thrown = watch(
        grid.clock,
        to.request(
          join,
          acting(() => {
            throw reason;
          }),
        ),
      );
      await grid.clock.advance(1_000);
      assertEquals([beside.value, next.value], ["beside", "next"]);
      assertEquals([aborted.error, thrown.fate], [reason, "InvalidPayload notSent"]);
      assertEquals((thrown.error as Error).cause, reason);
    });
  });

  Deno.test(`a message that ends, cancels or sends on its own stream while it is encoded, over ${over}`, async () => {
    await withWorld(host, async (world) => {
      const { grid, to } = world;
      const sends = to.stream(talk, EMPTY);
      const inner: Promise<unknown>[] = [];
      const first = sends.send(acting(() => inner.push(sends.send(acting(() => {}, "inner")))));
      const outputs = watch(grid.clock, Array.fromAsync(sends));
      await grid.clock.advance(100);
      await grid.clock.complete(Promise.all([first, ...inner]));
      sends.end();
      const ends = to.stream(talk, EMPTY);
      const ended = watch(grid.clock, ends.send(acting(() => void ends.end())));
      const rest = watch(grid.clock, Array.fromAsync(ends));
      const cancels = to.stream(talk, EMPTY);
      const cancelled = watch(grid.clock, cancels.send(acting(() => cancels.cancel())));
      cancels.finished.catch(() => {});
      await grid.clock.advance(1_000);
      assertEquals((outputs.value as string[]).sort(), ["123", "12inner"]);
      assertEquals([ended.fate, rest.value], ["InvalidArgument notSent", []]);
      assert(cancelled.error instanceof InternodeError);
    });
  });
}

Deno.test("a message that throws as it is encoded is InvalidPayload, whatever it throws and wherever it is sent", async () => {
  const opening = stream("opening", { initial: Pair, inputCapacity: 0, outputCapacity: 1 });
  const out = stream("out", { output: Pair, inputCapacity: 0, outputCapacity: 1 });
  const odd = new Proxy({}, { get: () => fail(), getPrototypeOf: () => fail() });
  const closed = new InternodeError("Closed", "of another call", { outcome: "executed" });
  function fail(): never {
    throw new Error("cannot be shown");
  }
  for (const thrown of [new TypeError("no b"), closed, "a text", 42, odd]) {
    const bad = acting(() => {
      throw thrown;
    });
    const setup: GridSetup = {
      serve: (manager) => {
        manager.handle(join, () => "");
        manager.handle(split, () => bad);
        manager.handle(opening, async function* () {});
        manager.handle(out, async function* () {
          yield bad;
        });
        manager.handle(talk, async function* (_, input) {
          for await (const { a } of input) yield a;
        });
      },
    };
    await withPair(setup, async (grid) => {
      const to = grid.node(0).connections()[0]!, talking = to.stream(talk, EMPTY);
      await grid.clock.advance(100);
      const here = [
        to.request(join, bad),
        // While another value is being encoded.
        new Promise((resolve, reject) => {
          const act = (): void => void to.request(join, bad).then(resolve, reject);
          to.request(join, acting(act)).catch(reject);
        }),
        Array.fromAsync(to.stream(opening, bad)),
        talking.send(bad),
      ].map((promise) => watch(grid.clock, promise));
      const there: readonly Promise<unknown>[] = [
        to.request(split, ""),
        Array.fromAsync(to.stream(out, EMPTY)),
      ];
      const told = there.map((promise) => watch(grid.clock, promise));
      // That message alone was refused.
      const goesOn = watch(grid.clock, talking.send({ a: "a", b: "b", c: "c" }));
      await grid.clock.advance(1_000);
      assertEquals(here.map(({ fate }) => fate), Array(4).fill("InvalidPayload notSent"));
      for (const { error } of here) assertStrictEquals((error as Error).cause, thrown);
      assertEquals(told.map(({ fate }) => fate), Array(2).fill("HandlerFailed executed"));
      assertEquals(goesOn.fate, "ok");
      talking.end();
      await grid.clock.complete(Array.fromAsync(talking));
    });
  }
});

Deno.test("a value that closes its node while it is encoded: the call ends, and the node too", async () => {
  await withPair({
    serve: (manager) => manager.handle(join, () => new Promise<string>(() => {})),
  }, async (grid) => {
    const node = grid.node(0);
    let closing: Promise<void> | undefined;
    const close = (): void => void (closing = node.close({ graceMs: 0 }));
    const call = watch(grid.clock, node.connections()[0]!.request(join, acting(close)));
    await grid.clock.advance(5_000);
    assert(call.settled);
    await grid.clock.complete(closing!);
  });
});
