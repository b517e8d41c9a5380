import { InternodeError, Manager, single, stream } from "@internode/grid";
import {
  client,
  connect,
  constantResolver,
  implement,
  listen,
  memory,
  method,
  methodStream,
  serve,
  service,
} from "@internode/grid/call";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { HandlerContext } from "../../../lib/rpc/contract/handler.ts";
import { WORLDS } from "../../conformance/world.ts";
import { assertFate, watch } from "../../support/outcome.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { withPair } from "../../support/simulation/simulated_grid.ts";

const plan = {
  initial: t.string(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 4,
} as const;
const follow = stream("follow", plan);
const hold = single("hold", { request: t.string(), response: t.string() });
const Followed = service("followed", {
  follow: methodStream(plan),
  hold: method({ request: t.string(), response: t.string() }),
});

/** The signal that a call asks for by its name. */
function signalOf(name: string, context: HandlerContext): AbortSignal {
  return name === "closing" ? context.closing : context.signal;
}

/** Says one number, and then nothing until its signal aborts. */
async function* idle(name: string, _input: unknown, context: HandlerContext) {
  yield 1;
  const signal = signalOf(name, context);
  if (!signal.aborted) await new Promise((done) => signal.addEventListener("abort", done));
}

/** Called when a call is held. */
let onHeld = (): void => {};

/** Answers, or throws the reason, when its signal aborts. */
function held(name: string, context: HandlerContext): Promise<string> {
  onHeld();
  const signal = signalOf(name === "throw" ? "closing" : name, context);
  return new Promise((resolve, reject) =>
    signal.addEventListener("abort", () => {
      if (name === "throw") reject(signal.reason);
      else resolve(`${context.closing.aborted}`);
    })
  );
}

async function collect(outputs: AsyncIterable<number>, onFirst: () => void): Promise<number> {
  let count = 0;
  for await (const _ of outputs) if (count++ === 0) onFirst();
  return count;
}

for (const world of WORLDS) {
  Deno.test({
    name:
      `over ${world.name}, handlers learn that their node closes, and what they end then has ended well`,
    ignore: world.ignore,
    fn: () =>
      world.run({
        serve: (second) => {
          second.handle(follow, idle);
          second.handle(hold, held);
        },
      }, async ({ second, to, until, secondLog }) => {
        let begun = 0;
        onHeld = () => begun++;
        const streams = ["closing", "signal"].map((name) =>
          collect(to.stream(follow, name), () => begun++)
        );
        const calls = ["closing", "signal", "throw"].map((name) =>
          to.request(hold, name).catch((error) => `${error.code} ${error.outcome}`)
        );
        await until(() => begun === 5, "all are under way");
        await second.close({ graceMs: 60_000 });
        assertEquals(await Promise.all(streams), [1, 1]);
        assertEquals(await Promise.all(calls), ["true", "true", "Closed maybeExecuted"]);
        assertEquals(secondLog.lines, []);
      }),
  });
}

Deno.test("handlers learn that their server stops, and what they end then has ended well", async () => {
  const logger = new QuietLogger(), stop = new AbortController();
  const handlers = implement(Followed, { follow: idle, hold: held });
  const listener = await listen("memory://closing-service", handlers);
  const served = serve(listener, { signal: stop.signal, graceMs: 60_000, logger }).finished;
  await using connection = await connect(constantResolver(memory("closing-service")), { logger });
  const stub = client(Followed, connection);
  const { promise: allBegun, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  onHeld = () => {
    if (++begun === 5) resolve();
  };
  const streams = ["closing", "signal"].map((name) => collect(stub.follow(name), onHeld));
  const calls = ["closing", "signal", "throw"].map((name) =>
    stub.hold(name).catch((error) => `${error.code} ${error.outcome}`)
  );
  await allBegun;
  stop.abort();
  await served;
  assertEquals(await Promise.all(streams), [1, 1]);
  assertEquals(await Promise.all(calls), ["true", "true", "Closed maybeExecuted"]);
  assertEquals(logger.lines, []);
});

for (const graceMs of [NaN, -1, -Infinity]) {
  Deno.test(`a grace time of ${graceMs} ms is refused, and nothing is closed`, async () => {
    const hosts = ["memory://grace-1", "memory://grace-2"] as const;
    await using one = new Manager({ local: hosts[0], hosts, logger: new QuietLogger() });
    await using two = new Manager({ local: hosts[1], hosts, logger: new QuietLogger() });
    one.handle(hold, (text) => text);
    await Promise.all([one.listen(), two.listen()]);
    await two.waitForConnect();
    await using connection = await connect(constantResolver(memory("nobody")), {
      logger: new QuietLogger(),
    });
    for (const closing of [one, connection]) {
      const error = await assertRejects(
        () => closing.close({ graceMs }),
        InternodeError,
        "graceMs",
      );
      assertEquals(error.code, "InvalidArgument");
    }
    assertEquals(await two.connection(hosts[0]).request(hold, "still here"), "still here");
  });
}

for (const channels of ["bytes", "messages"] as const) {
  Deno.test(`over ${channels}, answers that a slow peer reads arrive, and a silent one is given up and counted`, async () => {
    const large = single("large"), bytes = new Uint8Array(4 * 1024 * 1024).fill(7);
    for (const isSilent of [false, true]) {
      const log = new QuietLogger();
      await withPair({
        channels,
        link: { bandwidthBytesPerMs: 500 },
        options: () => ({ logger: log }),
        serve: (manager) => manager.handle(large, () => bytes),
      }, async (grid) => {
        const { clock } = grid;
        const answer = watch(
          clock,
          grid.node(0).connection(grid.hosts[1]!).request(large, bytes.subarray(0, 1)),
        );
        await clock.advance(1_000);
        if (isSilent) grid.stall(0, 1);
        const closing = watch(clock, grid.node(1).close({ graceMs: 15_000 }));
        await clock.runUntil(() => closing.settled, 60_000);
        await clock.advance(1);
        if (isSilent) {
          assertFate(closing, "ok", 15_000, 17_000);
          assert(log.has("after its grace time of 15000 ms with work left"), log.lines.join("\n"));
        } else {
          assertFate(closing, "ok", 4_000, 12_000);
          assertFate(answer, "ok");
          assert(!log.has("grace time"), log.lines.join("\n"));
        }
        grid.heal();
      });
    }
  });
}
