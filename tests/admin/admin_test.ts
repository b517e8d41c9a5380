import { type AuditEvent, InternodeError, Manager, sharedSecret } from "@internode/grid";
import { HandlerMap, listen, serve } from "@internode/grid/call";
import {
  admin,
  AdminClient,
  adminContracts,
  callRates,
  type TraceBatch,
} from "@internode/grid/admin";
import { gridMethod } from "@internode/grid/call";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { inTime } from "../support/asking.ts";
import { echo, FACES, openWorld, PLACES, type World } from "./admin_world.ts";
import { failureOf } from "../support/outcome.ts";

const SECRET = "a secret of these tests alone";
const MEMORY = PLACES[0]!;

/** Asks until a figure of the status has that value. */
function figureIs(tool: AdminClient, name: string, value: number): Promise<void> {
  return inTime(async (signal) => {
    while (!signal.aborted && (await tool.status()).stats[name] !== value);
  });
}

/** Calls the handler that is there beside admin. */
async function call(world: World, tool: AdminClient, isGrid: boolean): Promise<void> {
  const bytes = new Uint8Array([1, 2, 3]);
  if (isGrid) await tool.connection.request(gridMethod(echo), bytes);
  else {
    const { handlers: [handler] } = await tool.describe();
    const method = gridMethod({ ...echo, name: handler!.wireName });
    assertEquals(await tool.connection.request(method, bytes), bytes);
  }
  assert(world.address !== "");
}

for (const face of FACES) {
  for (const place of PLACES) {
    for (const secret of [undefined, SECRET]) {
      Deno.test({
        name: `admin of a ${face} over ${place.name}${
          secret === undefined ? "" : ", with a secret"
        }`,
        ignore: place.ignore,
        async fn() {
          const allow = place.name.includes("mutual")
            ? undefined
            : ({ host }: { host: string }) => host === "ops";
          await using world = await openWorld(face, place, {
            admin: { allow, calls: true },
            ...(secret !== undefined && { secret }),
          });
          await using tool = await world.client();
          const status = await tool.status();
          assertEquals([status.kind, status.phase, status.version], [face, "open", "0.1.0"]);
          assertEquals(status.addresses, [world.address]);
          assert(/^(deno|node|bun) \d/.test(status.runtime), status.runtime);
          assert(status.memory.residentBytes > 1_000_000 && status.uptimeMs >= 0);
          assert(Math.abs(status.timeMs - Date.now()) < 60_000);
          assertEquals(status.stats["connections"], 1);
          const others = face === "grid" ? status.guests : status.remotes;
          assertEquals(others.map(({ host, state }) => [host, state]), [["ops", "connected"]]);
          if (place.name.includes("mutual")) {
            assertEquals(others[0]!.identity!.dns, ["desk.ops.example"]);
          }
          assert((others[0]!.stats["bytesReceived"] as number) > 0);
          assertEquals((await tool.status({ options: false, remotes: false })).options, {});

          const { roundTripMs, timeMs } = await tool.ping(1_000);
          assert(roundTripMs > 0 && Math.abs(timeMs - Date.now()) < 60_000);
          for (const odd of [-1, 1.5, NaN, Infinity, 1_048_577, "x" as never]) {
            const error = await assertRejects(() => tool.ping(odd), InternodeError, "payloadBytes");
            assertEquals(error.code, "InvalidArgument");
          }
          const { handlers } = await tool.describe();
          assertEquals(handlers.map(({ name, kind }) => [name, kind]), [["test.echo", "single"]]);
          assertEquals(JSON.parse(handlers[0]!.description!), {
            kind: "single",
            name: "test.echo",
            request: { type: "raw" },
            response: { type: "raw" },
          });
          await call(world, tool, face === "grid");

          if (place.name.includes("mutual")) return;
          await using other = await world.client({ name: "intern" });
          assertEquals((await failureOf(other.status())).code, "PermissionDenied");
        },
      });
    }
  }

  Deno.test(`traces of a ${face} have what was asked for, until the reader leaves`, async () => {
    await using world = await openWorld(face, MEMORY, { admin: { calls: true } });
    await using tool = await world.client();
    const trace = tool.trace({ direction: "incoming" }), first = trace.next();
    // The trace must have begun before the call is made.
    await figureIs(tool, "streamsOpen", 1);
    await call(world, tool, face === "grid");
    const { value } = await first;
    const [traced] = (value as TraceBatch).calls;
    assertEquals([traced!.handler, traced!.error, traced!.host], ["test.echo", null, "ops"]);
    assert(traced!.durationMs >= 0 && Math.abs(traced!.timeMs - Date.now()) < 60_000);
    await trace.return();
    await figureIs(tool, "streamsOpen", 0);
  });

  Deno.test(`the log level of a ${face} is changed for a while, and who did it is told`, async () => {
    const events: AuditEvent[] = [];
    await using world = await openWorld(face, MEMORY, { audit: (event) => events.push(event) });
    await using tool = await world.client();
    assertEquals(await tool.logLevel(), { level: "debug", usual: "debug", untilMs: null });
    const set = await tool.logLevel({ level: "error", forMs: 60_000 });
    assertEquals([set.level, set.usual], ["error", "debug"]);
    assert(set.untilMs! > Date.now() && set.untilMs! < Date.now() + 61_000);
    assertEquals((await tool.status()).logLevel, "error");
    const error = await failureOf(tool.logLevel({ level: "loud" }));
    assertStringIncludes(error.message, "must be one of debug, info, warn, error, or reset");
    for (const forMs of [-1, 0, NaN, 1e12]) {
      await failureOf(tool.logLevel({ level: "info", forMs }));
    }
    assertEquals((await tool.logLevel({ level: "reset" })).untilMs, null);
    assertEquals((await tool.status()).logLevel, "debug");
    const [line] = world.log.of("admin_action");
    assertStringIncludes(line!.message, '"ops" at');
    assertStringIncludes(line!.message, "sets the log level to error for 60000 ms");
    assertEquals(
      events.map((event) => event.event === "admin_action" ? [event.caller, event.action] : []),
      [["ops", "log_level"], ["ops", "log_level"]],
    );
  });

  Deno.test(`a ${face} is drained, after its answer`, async () => {
    const events: AuditEvent[] = [];
    const world = await openWorld(face, MEMORY, { audit: (event) => events.push(event) });
    await using tool = await world.client();
    const trace = tool.trace(), first = trace.next();
    await figureIs(tool, "streamsOpen", 1);
    await failureOf(tool.drain({ graceMs: -1 }));
    assert((await tool.drain({ graceMs: 5_000 })).calls >= 1);
    assertEquals(await first, { done: true, value: undefined });
    await world.server.finished;
    assertEquals(events.map(({ event }) => event), ["admin_action"]);
    await failureOf(tool.status());
  });

  Deno.test(`a ${face} without admin says so to the tool`, async () => {
    await using world = await openWorld(face, MEMORY, { admin: null });
    await using tool = await world.client();
    const error = await failureOf(tool.status());
    assertStringIncludes(
      error.message,
      face === "grid" ? "this node takes no guests" : "has no admin service",
    );
  });
}

Deno.test("a server that other machines reach needs a rule for admin", async () => {
  const listener = await listen("memory://admin-reach", new HandlerMap());
  const exposed = {
    ...listener,
    address: "tcp://10.1.2.3:9000",
    accept: () => listener.accept(),
    close: () => listener.close(),
  };
  await using server = serve(exposed, { auth: sharedSecret(SECRET) });
  const error = assertThrows(() => server.handle(admin), InternodeError);
  assertEquals(error.code, "InvalidArgument");
  server.handle(admin, { allow: () => true });
  assertThrows(() => server.handle(admin, { allow: () => true }), InternodeError, "already");
});

Deno.test("wrong options of admin are refused", async () => {
  const local = "memory://admin-options";
  await using node = new Manager({ local, hosts: [local] });
  for (const options of [{ allow: true }, { calls: "yes" }, null, 7]) {
    const error = assertThrows(() => node.handle(admin, options as never), InternodeError);
    assertEquals(error.code, "InvalidArgument");
  }
  await assertRejects(() => AdminClient.connect("nowhere"), InternodeError);
  await assertRejects(() => AdminClient.connect(local, { timeoutMs: -1 }), InternodeError);
});

Deno.test("a tool that is refused or finds nobody learns why at once", async () => {
  await using world = await openWorld("grid", MEMORY, { secret: SECRET });
  await using thief = await world.client({ auth: sharedSecret("another secret of 16 bytes") });
  const error = await failureOf(thief.status());
  assertEquals(error.code, "Unauthenticated");
  assertStringIncludes(error.message, "do both sides have the same secret?");
  await using lost = await AdminClient.connect("memory://nobody-there");
  const unreached = await failureOf(lost.status());
  assertEquals(unreached.code, "Unreachable");
  assertStringIncludes(unreached.message, "memory://nobody-there");
});

for (const face of FACES) {
  Deno.test(`calls of a ${face} are counted by handler and other side from the first question on`, async () => {
    await using world = await openWorld(face, MEMORY, { admin: { calls: true } });
    await using tool = await world.client();
    const before = await tool.figures();
    assertEquals(before.rows, []);
    for (let count = 0; count < 5; count++) await call(world, tool, face === "grid");
    const after = await tool.figures();
    assertEquals(
      after.rows.map((
        { side, kind, handler, host, ended, inFlight },
      ) => [side, kind, handler, host, ended, inFlight]),
      [["server", "single", "test.echo", "ops", 5, 0]],
    );
    assertEquals(after.rows[0]!.buckets.length, after.boundsMs.length + 1);
    const [rates] = callRates({ ...before, atMs: after.atMs - 1_000 }, after);
    assert(rates!.perSecond === 5 && rates!.errorsPerSecond === 0 && rates!.p99Ms >= rates!.p50Ms);
    assertEquals(before.instance, after.instance);
    assert(after.atMs >= before.atMs);
    const own = await tool.figures({ handler: "internode.figures" });
    assert(own.rows.some(({ inFlight, ended }) => ended >= 1 && inFlight <= 1));
  });

  Deno.test(`the health of a ${face} has both verdicts`, async () => {
    await using world = await openWorld(face, MEMORY);
    await using tool = await world.client();
    assertEquals(await tool.health(), {
      ready: { ok: true, problems: [] },
      alive: { ok: true, problems: [] },
    });
    const error = await failureOf(tool.health({ minPeers: -1 }));
    assertStringIncludes(error.message, "minPeers");
    if (face === "server") return;
    const { ready } = await tool.health({ minPeers: 1 });
    assertEquals(ready.ok, false);
  });
}

Deno.test("a filter that no call can pass is refused, and what is over the limit is counted", async () => {
  await using world = await openWorld("grid", MEMORY);
  await using tool = await world.client();
  const odd: readonly [object, string][] = [
    [{ limit: 0 }, "limit"],
    [{ limit: 1.5 }, "limit"],
    [{ limit: 10_001 }, "limit"],
    [{ minAgeMs: NaN }, "minAgeMs"],
    [{ direction: "in" }, "direction"],
  ];
  for (const [request, field] of odd) {
    const error = await failureOf(tool.calls(request));
    assertEquals([error.code, error.message.includes(field)], ["InvalidArgument", true]);
    // Other clients have other checks: the node refuses it as well.
    const raw = tool.connection.request(gridMethod(adminContracts.calls), request);
    assertStringIncludes((await failureOf(raw)).message, field);
  }
  for (const request of [{ direction: "both" }, { slowerThanMs: -1 }]) {
    const error = await failureOf(tool.trace(request).next());
    assertEquals(error.code, "InvalidArgument");
  }
  const traces = [tool.trace(), tool.trace()];
  const reads = Promise.allSettled(traces.map((trace) => trace.next()));
  await figureIs(tool, "streamsOpen", 2);
  const wanted = { handler: "internode.trace", direction: "incoming" };
  const { calls, inFlight } = await tool.calls({ ...wanted, limit: 1 });
  assertEquals([calls.length, inFlight], [1, 2]);
  await tool.close();
  await reads;
});

Deno.test("traces without end are bounded, and hinder no other call of admin", async () => {
  await using world = await openWorld("grid", MEMORY);
  await using greedy = await world.client({ name: "greedy" });
  const traces = Array.from({ length: 60 }, () => greedy.trace());
  let overloaded = 0;
  const refused = traces.map((trace) =>
    trace.next().then(() => {}, ({ code }) => {
      if (code === "Overloaded") overloaded++;
    })
  );
  await using tool = await world.client();
  const count = async (wanted: string): Promise<number> => {
    const { calls } = await tool.calls({ handler: "internode.trace", direction: "incoming" });
    return calls.filter(({ state }) => state === wanted).length;
  };
  await inTime(async (signal) => {
    while (!signal.aborted && (await count("queued") < 16 || overloaded < 12));
  });
  assertEquals([await count("queued"), await count("running")], [16, 32]);
  assert((await tool.ping()).roundTripMs >= 0);
  await greedy.close();
  await Promise.all(refused);
  assertEquals(overloaded, 12);
  await figureIs(tool, "runningCalls", 1);
});
