import { InternodeError } from "@internode/grid";
import { HandlerMap, makeMethodKey, serve } from "@internode/grid/call";
import { runSeeded } from "@internode/grid/testing";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { stream } from "../../../lib/rpc/contract/contract.ts";
import type { Channel } from "../../../lib/transport/channel/transport.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { simulate, SimulatedServer } from "./simulated_server.ts";

const echo = (): HandlerMap => new HandlerMap().set("a", "echo", (bytes) => bytes);

/** The code and outcome of a call's failure, or `"ok"`. */
async function fate(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    return error instanceof InternodeError ? `${error.code} ${error.outcome}` : String(error);
  }
}

Deno.test("an unproven peer that stays silent is disconnected, and others are served meanwhile", async () => {
  await simulate(async (server) => {
    await server.start(echo(), { handshakeTimeoutMs: 3_000 });
    await server.dial("memory://stranger");
    const client = await server.connect();
    assertEquals(server.connections, 2);
    await server.clock.advance(2_900);
    assertEquals(server.connections, 2);
    assertEquals(await client.call("a", "echo", Uint8Array.of(1)), Uint8Array.of(1));
    await server.clock.advance(1_200);
    assertEquals(server.connections, 1);
    // Whoever connects and says nothing is no trouble to an operator.
    assertEquals(server.log.lines, []);
    await client.close();
  });
});

Deno.test("more than 1,024 unproven connections are refused, until earlier ones have ended", async () => {
  await simulate(async (server) => {
    await server.start(echo());
    const strangers: Channel[] = [];
    for (let i = 0; i < 1_024; i++) strangers.push(await server.dial("memory://crowd"));
    await server.clock.advance(5);
    assertEquals(server.connections, 1_024);
    for (let i = 0; i < 3; i++) {
      assertEquals(await fate(server.connect()), "Disconnected maybeExecuted");
    }
    assertEquals(
      server.log.lines.filter((line) => line.includes("further ones are refused")).length,
      1,
    );
    strangers[7]!.close();
    await server.clock.advance(5);
    const client = await server.connect();
    assertEquals(await client.call("a", "echo", Uint8Array.of(1)), Uint8Array.of(1));
    await server.clock.advance(11_500);
    assertEquals(server.connections, 1);
    await client.close();
  }, { channels: "messages" });
});

Deno.test("a client that disappears aborts its handlers, at once or when it counts as lost", async () => {
  await simulate(async (server) => {
    const reasons: [string, number][] = [];
    const handlers = new HandlerMap().set("a", "wait", (_bytes, { signal, caller }) => {
      const { promise, resolve } = Promise.withResolvers<Uint8Array>();
      const startMs = server.clock.now();
      signal.addEventListener("abort", () => {
        reasons.push([`${caller} ${signal.reason.code}`, server.clock.now() - startMs]);
        resolve(new Uint8Array());
      });
      return promise;
    });
    await server.start(handlers, { livenessTimeoutMs: 5_000, pingIntervalMs: 2_000 });
    for (const host of ["memory://killed", "memory://frozen"]) {
      const client = await server.connect(host);
      client.call("a", "wait").catch(() => {});
    }
    await server.clock.advance(10);
    server.network.crash("memory://killed");
    server.network.crash("memory://frozen", "silent");
    await server.clock.advance(10);
    assertEquals(reasons.map(([who]) => who), ["memory://killed Disconnected"]);
    await server.clock.advance(7_000);
    assertEquals(reasons.map(([who]) => who), [
      "memory://killed Disconnected",
      "memory://frozen Disconnected",
    ]);
    assert(reasons[1]![1] >= 5_000, `${reasons[1]![1]} ms`);
    assertEquals(server.connections, 0);
  });
});

Deno.test("handlers that ignore the signal are left behind when the grace time is over", async () => {
  for (const channels of ["bytes", "messages"] as const) {
    await simulate(async (server) => {
      const never = Promise.withResolvers<Uint8Array>();
      const handlers = echo()
        .set("a", "for ever", () => never.promise)
        .set("a", "a while", async (bytes) => {
          await server.pause(800);
          return bytes;
        });
      await server.start(handlers, { graceMs: 1_000 });
      const client = await server.connect();
      const lost = fate(client.call("a", "for ever"));
      const kept = fate(client.call("a", "a while"));
      await server.clock.advance(10);
      const stopped = server.stop();
      await server.clock.advance(10);
      assert(client.isDrained);
      assertEquals(await fate(client.call("a", "echo")), "Closed notExecuted");
      const tookMs = await stopped;
      assert(tookMs >= 1_000 && tookMs < 1_100, `${tookMs} ms`);
      assertEquals(await kept, "ok");
      assertEquals(await lost, "Disconnected maybeExecuted");
      never.resolve(new Uint8Array());
      await client.gone;
    }, { channels });
  }
});

Deno.test("a server stops within its bounds while clients do not answer", async () => {
  await simulate(async (server) => {
    await server.start(echo(), { graceMs: 2_000 });
    await server.connect("memory://deaf");
    await server.dial("memory://stranger");
    server.network.stall("memory://server", "memory://deaf");
    const tookMs = await server.stop();
    assert(tookMs >= 2_000 && tookMs <= 3_100, `${tookMs} ms`);
  });
});

Deno.test("without grace everything ends at once", async () => {
  await simulate(async (server) => {
    await server.start(
      new HandlerMap().set("a", "wait", () => server.pause(50).then(() => new Uint8Array())),
      { graceMs: 0 },
    );
    const client = await server.connect();
    const lost = fate(client.call("a", "wait"));
    await server.clock.advance(5);
    const tookMs = await server.stop();
    assert(tookMs < 10, `${tookMs} ms`);
    assertEquals(await lost, "Disconnected maybeExecuted");
  });
});

Deno.test("calls that wait for their turn are given back unexecuted when the server stops", async () => {
  await simulate(async (server) => {
    let ran = 0;
    const outputs = stream("a.stream", { inputCapacity: 0, outputCapacity: 4 });
    const handlers = new HandlerMap()
      .set("a", "one at a time", async (bytes) => {
        ran++;
        await server.pause(100);
        return bytes;
      }, { concurrency: 1 })
      .add(makeMethodKey("a", "stream"), outputs, async function* () {
        ran++;
        await server.pause(100);
        yield Uint8Array.of(1);
      }, { concurrency: 1 });
    await server.start(handlers);
    const client = await server.connect();
    const requests = [1, 2, 3].map(() => fate(client.call("a", "one at a time")));
    const streams = [1, 2, 3].map(() => fate(client.gather("a", "stream", [])));
    await server.clock.advance(10);
    const tookMs = await server.stop();
    assert(tookMs < 200, `${tookMs} ms`);
    const refused = "Closed notExecuted";
    assertEquals(await Promise.all(requests), ["ok", refused, refused]);
    assertEquals(await Promise.all(streams), ["ok", refused, refused]);
    assertEquals(ran, 2);
  });
});

Deno.test("streams under way go on during the grace time, their signals aborted", async () => {
  await simulate(async (server) => {
    let isAborted = false;
    const outputs = stream("a.stream", { inputCapacity: 0, outputCapacity: 4 });
    const handlers = new HandlerMap()
      .add(makeMethodKey("a", "stream"), outputs, async function* (_initial, _input, { signal }) {
        for (let i = 0; i < 10; i++) {
          await server.pause(50);
          yield Uint8Array.of(i);
        }
        isAborted = signal.aborted;
      })
      .add(makeMethodKey("a", "obeys"), outputs, async function* (_initial, _input, { signal }) {
        for (;;) {
          await server.pause(10);
          signal.throwIfAborted();
          yield Uint8Array.of(0);
        }
      });
    await server.start(handlers);
    const client = await server.connect();
    const gathered: Uint8Array[] = [];
    const whole = fate(client.gather("a", "stream", gathered));
    const obeyed = fate(client.gather("a", "obeys", []));
    await server.clock.advance(100);
    await server.stop();
    assertEquals([await whole, await obeyed], ["ok", "Closed maybeExecuted"]);
    assertEquals(gathered.map((bytes) => bytes[0]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert(isAborted);
  });
});

Deno.test("a large answer that is under way arrives whole before its connection is closed", async () => {
  for (const channels of ["bytes", "messages"] as const) {
    await simulate(async (server) => {
      const handlers = new HandlerMap().set("a", "large", () => new Uint8Array(5_000_000).fill(1));
      await server.start(handlers);
      const client = await server.connect();
      const answer = client.call("a", "large");
      await server.clock.advance(70);
      const tookMs = await server.stop();
      assert(tookMs > 100, `${tookMs} ms: it was under way`);
      assertEquals((await answer).length, 5_000_000);
    }, { channels, link: { bandwidthBytesPerMs: 12_500, latencyMinMs: 20, latencyMaxMs: 30 } });
  }
});

Deno.test("the server ends only after handlers whose callers are gone", async () => {
  await simulate(async (server) => {
    let hasEnded = false;
    const handlers = new HandlerMap().set("a", "wait", async (bytes) => {
      await server.pause(500);
      hasEnded = true;
      return bytes;
    });
    await server.start(handlers);
    const client = await server.connect();
    client.call("a", "wait").catch(() => {});
    await server.clock.advance(10);
    await client.close();
    const tookMs = await server.stop();
    assert(hasEnded && tookMs > 450 && tookMs < 600, `${tookMs} ms`);
  });
});

Deno.test("stopping under load: each call is answered, or certainly did not run", async () => {
  // In these a round trip took much longer than the one measured before, and a call was cut off.
  const found = [3593, 4641];
  for (let i = 1; i <= 30; i++) {
    // Some histories that stay the same, and some that are new each time.
    await runSeeded(i <= 20 ? i : found[i - 21], async (random, run) => {
      const channels = random.chance(0.5) ? "bytes" : "messages";
      const link = {
        latencyMinMs: random.chance(0.5) ? 0.1 : 15,
        latencyMaxMs: random.chance(0.5) ? 15 : 40,
        bandwidthBytesPerMs: random.chance(0.5) ? 125_000 : 5_000,
      };
      run.note("channels", channels);
      run.note("link", link);
      await simulate(async (server) => {
        const ran = new Set<number>();
        const handlers = new HandlerMap()
          .set("a", "quick", (bytes) => {
            ran.add(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
            return bytes;
          })
          .set("a", "slow", async (bytes) => {
            ran.add(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
            await server.pause(random.next() * 30);
            return bytes;
          }, { concurrency: 8 });
        await server.start(handlers);
        const fates: Promise<[id: number, fate: string]>[] = [];
        let id = 0;
        const clients = await Promise.all(
          Array.from({ length: 4 }, (_, index) => server.connect(`memory://client-${index}`)),
        );
        const load = async (client: typeof clients[number]): Promise<void> => {
          // As a real client: nothing new once the server has asked for it.
          while (!client.isDrained) {
            const size = random.chance(0.1) ? random.int(20_000, 200_000) : 4 + random.int(0, 100);
            const args = new Uint8Array(size), mine = ++id;
            new DataView(args.buffer).setUint32(0, mine);
            const method = random.chance(0.3) ? "slow" : "quick";
            fates.push(fate(client.call("a", method, args)).then((end) => [mine, end]));
            const restMs = random.next() * (random.chance(0.2) ? 60 : 1);
            await new Promise<void>((resolve) => server.clock.setTimer(restMs, resolve));
          }
        };
        const loads = clients.map(load);
        await server.clock.advance(100 + random.next() * 100);
        await server.stop();
        await Promise.all(loads);
        const allowed = new Set([
          "ok",
          "Closed notExecuted",
          "Closed notSent",
          "Disconnected notSent",
        ]);
        for (const [mine, end] of await Promise.all(fates)) {
          assert(allowed.has(end), `call ${mine} ended as ${end}`);
          assertEquals(ran.has(mine), end === "ok", `call ${mine} ended as ${end}`);
        }
        assert(ran.size > 5, `${ran.size} ran`);
      }, { random, channels, link });
    });
  }
});

Deno.test("what does not end in time is told to the log, and does not keep the server", async () => {
  const server = new SimulatedServer();
  const log = new QuietLogger(), stop = new AbortController();
  const stuck = {
    address: "stuck",
    accept: () => new Promise<never>(() => {}),
    close: () => new Promise<never>(() => {}),
  };
  const done =
    serve(stuck, { signal: stop.signal, logger: log, clock: server.serverClock }).finished;
  stop.abort();
  const startMs = server.clock.now();
  await server.clock.complete(done);
  assertEquals(server.clock.now() - startMs, 2_000);
  assertStringIncludes(log.lines.join("\n"), "its listener or 0 of its connections did not end");
});
