import {
  type CallInFlight,
  type CallsOptions,
  InternodeError,
  Manager,
  single,
  stream,
} from "@internode/grid";
import type { SimulatedCluster } from "@internode/grid/testing";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { raw } from "../../../lib/codec/values/raw.ts";
import { openNode, visit, watching, watchingMethod } from "../../grid/guests/guest_world.ts";
import { watch } from "../../support/outcome.ts";
import { withPair } from "../../support/simulation/simulated_grid.ts";

const hang = single("disk.read"), echo = single("echo");
const chat = stream("chat", { initial: raw(), inputCapacity: 2, outputCapacity: 3 });
const silent = stream("silent", { initial: raw(), inputCapacity: 0, outputCapacity: 1 });
const NOTHING = new Uint8Array(0);

/** Handlers that end when the test says so, and not before. */
class Hanging {
  readonly answers: PromiseWithResolvers<Uint8Array>[] = [];

  readonly serve = (manager: Manager): void => {
    manager.handle(hang, () => this.#next(), { subroutes: ["", "sda"] });
    manager.handle(echo, (bytes) => bytes);
    manager.handle(single("gated"), () => this.#next(), { concurrency: 1 });
    const { answers } = this, next = () => this.#next();
    manager.handle(silent, async function* () {
      yield await next();
    });
    manager.handle(chat, async function* (_initial, input) {
      const answer = Promise.withResolvers<Uint8Array>();
      answers.push(answer);
      for (let n = 0; n < 5; n++) yield NOTHING;
      await answer.promise;
      for await (const _ of input);
    });
  };

  #next(): Promise<Uint8Array> {
    const answer = Promise.withResolvers<Uint8Array>();
    this.answers.push(answer);
    return answer.promise;
  }

  end(): void {
    for (const { resolve } of this.answers) resolve(NOTHING);
  }
}

function way(grid: SimulatedCluster<Manager>, from = 0) {
  return grid.node(from).connection(grid.hosts[1 - from]!);
}

/** What is told in one line of each call, the oldest first. */
function told(manager: Manager, options: CallsOptions = {}): string[] {
  return manager.calls(options).map((call) => {
    const { direction, handler, subroute, state, ageMs, leftMs } = call;
    const name = subroute === "" ? handler : `${handler}/${subroute}`;
    return `${direction} ${name} ${state} ${Math.round(ageMs)}/${Math.round(leftMs)}`;
  });
}

/** By time-outs that differ calls are known. */
function request(grid: SimulatedCluster<Manager>, timeoutMs: number, subroute = "") {
  return watch(
    grid.clock,
    way(grid).request(hang, NOTHING, { timeoutMs, subroute }),
  );
}

Deno.test("a request that runs is seen on both sides, with its age and the time left", async () => {
  const hanging = new Hanging();
  await withPair({ serve: hanging.serve }, async (grid) => {
    assertEquals([grid.node(0).calls(), grid.node(1).calls()], [[], []]);
    const asked = request(grid, 5_000, "sda");
    await grid.clock.advance(100);
    const later = request(grid, 5_000);
    await grid.clock.advance(900);
    const [made] = grid.node(0).calls();
    assertEquals({ ...made!, ageMs: 1_000, leftMs: 4_000 }, {
      direction: "outgoing",
      kind: "single",
      handler: "disk.read",
      subroute: "sda",
      host: grid.hosts[1]!,
      state: "running",
      ageMs: 1_000,
      leftMs: 4_000,
      attempt: 1,
      stream: null,
    });
    assertEquals(told(grid.node(0)), [
      "outgoing disk.read/sda running 1000/4000",
      "outgoing disk.read running 900/4100",
    ]);
    const served = grid.node(1).calls();
    assertEquals(
      served.map(({ direction, host, subroute, state }) => [direction, host, subroute, state]),
      [["incoming", grid.hosts[0], "sda", "running"], ["incoming", grid.hosts[0], "", "running"]],
    );
    assert(served[0]!.ageMs > 995 && served[0]!.ageMs < 1_000, `${served[0]!.ageMs}`);
    assert(Math.abs(served[0]!.leftMs - 4_000) < 5);
    hanging.end();
    await grid.clock.advance(10);
    assertEquals([asked.settled, later.settled], [true, true]);
    assertEquals([grid.node(0).calls(), grid.node(1).calls()], [[], []]);
  });
});

Deno.test("a call without a connection is seen to wait for one", async () => {
  const hanging = new Hanging();
  await withPair({ serve: hanging.serve }, async (grid) => {
    grid.crash(1);
    await grid.clock.runUntil(() => way(grid).state === "disconnected", 60_000);
    const options = { timeoutMs: 9_000, waitForReady: true, subroute: "sda" };
    const waiting = watch(grid.clock, way(grid).request(hang, NOTHING, options));
    const opening = way(grid).stream(chat, NOTHING, { waitForReady: true });
    await grid.clock.advance(1_000);
    assertEquals(told(grid.node(0)), [
      "outgoing disk.read/sda connecting 1000/8000",
      "outgoing chat connecting 1000/Infinity",
    ]);
    assertEquals(grid.node(0).calls()[1]!.stream, null);
    opening.cancel();
    await grid.clock.runUntil(() => waiting.settled, 60_000);
    assertEquals(grid.node(0).calls(), []);
  });
});

Deno.test("a call beyond the peer's maxCalls is seen to wait for a slot", async () => {
  const hanging = new Hanging();
  await withPair({
    serve: hanging.serve,
    options: () => ({ limits: { maxCalls: 2 } }),
  }, async (grid) => {
    for (const subroute of ["sda", "", "sda"]) request(grid, 5_000, subroute);
    await grid.clock.advance(100);
    const opening = way(grid).stream(chat, NOTHING);
    await grid.clock.advance(100);
    assertEquals(told(grid.node(0)), [
      "outgoing disk.read/sda slot 200/4800",
      "outgoing disk.read/sda running 200/4800",
      "outgoing disk.read running 200/4800",
      "outgoing chat slot 100/Infinity",
    ]);
    assertEquals(grid.node(1).calls().length, 2);
    opening.cancel();
    hanging.end();
    await grid.clock.advance(100);
    hanging.end();
  });
});

Deno.test("a request for which there is no room at the peer is seen to be sent", async () => {
  const hanging = new Hanging(), big = single("big");
  await withPair({
    serve: (manager) => {
      hanging.serve(manager);
      manager.handle(big, () => NOTHING);
    },
  }, async (grid) => {
    const [from, to] = grid.hosts as [string, string];
    grid.network.setLink(from, to, { bandwidthBytesPerMs: 1 });
    const options = { timeoutMs: 3_000 };
    const sends = Array.from(
      { length: 12 },
      () => watch(grid.clock, way(grid).request(big, new Uint8Array(900_000), options)),
    );
    await grid.clock.advance(500);
    const states = grid.node(0).calls().map(({ state }) => state);
    assertEquals(states.length, 12);
    assert(states.includes("sending"), states.join());
    await grid.clock.runUntil(() => sends.every(({ settled }) => settled), 600_000);
    grid.network.setLink(from, to, null);
  });
});

Deno.test("a call is seen to wait for a place of its handler", async () => {
  const hanging = new Hanging(), gated = single("gated");
  await withPair({ serve: hanging.serve }, async (grid) => {
    const calls = [1, 2].map((seconds) =>
      watch(grid.clock, way(grid).request(gated, NOTHING, { timeoutMs: seconds * 1_000 }))
    );
    await grid.clock.advance(500);
    assertEquals(grid.node(1).calls().map(({ state }) => state), ["running", "queued"]);
    hanging.end();
    await grid.clock.advance(500);
    assertEquals(grid.node(1).calls().map(({ state }) => state), ["running"]);
    hanging.end();
    await grid.clock.advance(10);
    assertEquals(calls.map(({ settled }) => settled), [true, true]);
  });
});

Deno.test("a handler that goes on after its caller's time is seen until it ends", async () => {
  const hanging = new Hanging();
  await withPair({ serve: hanging.serve }, async (grid) => {
    const asked = request(grid, 1_000, "sda");
    const open = way(grid).stream(silent, NOTHING, { timeoutMs: 2_000 });
    open.finished.catch(() => {});
    await grid.clock.advance(5_000);
    assertEquals(asked.settled, true);
    assertEquals(grid.node(0).calls(), []);
    assertEquals(told(grid.node(1)), [
      "incoming disk.read/sda abandoned 5000/0",
      "incoming silent abandoned 5000/0",
    ]);
    assertEquals(grid.node(1).calls().map(({ kind, host }) => [kind, host]), [
      ["single", grid.hosts[0]],
      ["stream", grid.hosts[0]],
    ]);
    hanging.end();
    await grid.clock.advance(10);
    assertEquals(grid.node(1).calls(), []);
  });
});

Deno.test("a handler goes on being seen when the connection is lost", async () => {
  const hanging = new Hanging();
  await withPair({ serve: hanging.serve }, async (grid) => {
    request(grid, 60_000).promise.catch(() => {});
    await grid.clock.advance(100);
    grid.cut(0, 1);
    await grid.clock.advance(1_000);
    assertEquals(told(grid.node(1)), ["incoming disk.read abandoned 1100/58900"]);
    hanging.end();
    await grid.clock.advance(10);
    assertEquals(grid.node(1).calls(), []);
  });
});

Deno.test("a cancelled call is seen until the peer has freed its slot", async () => {
  const hanging = new Hanging();
  await withPair({ serve: hanging.serve }, async (grid) => {
    const abort = new AbortController();
    way(grid).request(hang, NOTHING, { signal: abort.signal }).catch(() => {});
    await grid.clock.advance(1_000);
    grid.freeze(1);
    abort.abort();
    await grid.clock.advance(500);
    assertEquals(told(grid.node(0)), ["outgoing disk.read abandoned 1500/Infinity"]);
    grid.thaw(1);
    await grid.clock.advance(100);
    assertEquals(grid.node(0).calls(), []);
    hanging.end();
  });
});

Deno.test("of streams the messages, the credit and what waits for it are seen", async () => {
  const hanging = new Hanging();
  await withPair({ serve: hanging.serve }, async (grid) => {
    const open = way(grid).stream(chat, NOTHING);
    await grid.clock.advance(10);
    const progress = (call: CallInFlight | undefined) => call!.stream!;
    const [made] = grid.node(0).calls();
    assertEquals([made!.state, made!.leftMs], ["running", Infinity]);
    assertEquals(progress(made), {
      sent: 0,
      received: 3,
      sendCredit: 2,
      receiveCredit: 0,
      queuedMessages: 0,
      queuedBytes: 0,
      unreadBytes: progress(made).unreadBytes,
    });
    assert(progress(made).unreadBytes > 0);
    const [served] = grid.node(1).calls();
    assertEquals([served!.state, progress(served).sent, progress(served).queuedMessages], [
      "credit",
      3,
      1,
    ]);

    const sends = [10, 20, 30, 40].map((bytes) => open.send(new Uint8Array(bytes)));
    for (const send of sends) send.catch(() => {});
    open.end();
    await grid.clock.advance(10);
    const [held] = grid.node(0).calls();
    assertEquals([held!.state, progress(held).sent, progress(held).sendCredit], ["credit", 2, 0]);
    assertEquals([progress(held).queuedMessages, progress(held).queuedBytes], [2, 70]);
    const inputs = progress(grid.node(1).calls()[0]);
    assertEquals([inputs.received, inputs.receiveCredit], [2, 0]);

    const outputs = open[Symbol.asyncIterator]();
    for (let n = 0; n < 5; n++) await outputs.next();
    hanging.end();
    assertEquals((await outputs.next()).done, true);
    await grid.clock.advance(10);
    assertEquals([grid.node(0).calls(), grid.node(1).calls()], [[], []]);
  });
});

Deno.test("of many calls the oldest are listed, or those of one handler", async () => {
  const hanging = new Hanging();
  await withPair({ serve: hanging.serve }, async (grid) => {
    const calls = [];
    for (let n = 0; n < 50; n++) {
      calls.push(request(grid, 60_000 + n));
      if (n === 30) {
        calls.push(watch(grid.clock, way(grid).request(single("gated"), NOTHING)));
      }
      await grid.clock.advance(10);
    }
    const ages = (options: CallsOptions) =>
      grid.node(0).calls(options).map(({ ageMs }) => Math.round(ageMs));
    assertEquals(ages({ limit: 3 }), [500, 490, 480]);
    assertEquals(ages({ minAgeMs: 481 }), [500, 490]);
    assertEquals(ages({ handler: "gated" }), [200]);
    assertEquals(ages({ handler: "none" }), []);
    assertEquals(grid.node(0).calls().length, 51);
    hanging.end();
    await grid.clock.advance(10);
    assertEquals(calls.every(({ settled }) => settled), true);
  });
});

Deno.test("a node's calls of itself are seen from both sides", async () => {
  const hanging = new Hanging();
  await withPair({ serve: hanging.serve }, async (grid) => {
    const node = grid.node(0);
    const asked = watch(grid.clock, node.connection(node.local).request(hang, NOTHING));
    await grid.clock.advance(100);
    assertEquals(node.calls().map(({ direction }) => direction).sort(), ["incoming", "outgoing"]);
    assertEquals(node.calls().map(({ host }) => host), [node.local, node.local]);
    hanging.end();
    await grid.clock.advance(10);
    assertEquals([asked.settled, node.calls()], [true, []]);
  });
});

Deno.test("the calls of a node's guests are seen with the guest", async () => {
  const { node, address } = await openNode();
  await using _node = node;
  await using guest = await visit(address);
  const seen = guest.stream(watchingMethod, NOTHING);
  await seen[Symbol.asyncIterator]().next();
  const [call] = node.calls();
  assertEquals([call!.host, call!.handler, call!.state], ["ops", watching.name, "running"]);
  assertEquals(node.calls().length, 1);
  seen.cancel();
});

Deno.test("wrong options of calls are named", async () => {
  await using grid = new Manager({ local: "memory://x", hosts: ["memory://x"] });
  const wrong: [unknown, string][] = [
    [{ limit: 0 }, "Option limit"],
    [{ limit: 1.5 }, "Option limit"],
    [{ minAgeMs: -1 }, "Option minAgeMs"],
    [{ minAgeMs: "1" }, "Option minAgeMs"],
    [{ handler: 3 }, "Option handler"],
    [null, "The options of calls"],
  ];
  for (const [options, text] of wrong) {
    const error = assertThrows(() => grid.calls(options as CallsOptions), InternodeError, text);
    assertEquals(error.code, "InvalidArgument");
  }
});
