import { type HandlerContext, InternodeError, Manager, single, stream } from "@internode/grid";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { memoryTransport } from "../../../lib/transport/memory/memory.ts";
import { pause } from "../../../lib/runtime/pause.ts";
import { watch } from "../../support/outcome.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { withPair } from "../../support/simulation/simulated_grid.ts";

const HOSTS = ["memory://one", "memory://two"];
const MAX_CALLS = 4;

/** Two nodes, the first of which takes few calls at a time. */
async function pair(): Promise<{ server: Manager; client: Manager }> {
  const transports = { memory: memoryTransport() };
  const logger = new QuietLogger();
  const [server, client] = HOSTS.map((local) =>
    new Manager({ local, hosts: HOSTS, transports, logger, limits: { maxCalls: MAX_CALLS } })
  );
  await Promise.all([server!.listen(), client!.listen()]);
  await client!.waitForConnect();
  return { server: server!, client: client! };
}

Deno.test("handlers go on counting when their calls were cancelled", async () => {
  const { server, client } = await pair();
  const stuck = single("stuck"),
    fine = single("fine"),
    inputs = stream("inputs", { inputCapacity: 1, outputCapacity: 1 });
  const running: PromiseWithResolvers<Uint8Array>[] = [];
  server.handle(stuck, () => {
    running.push(Promise.withResolvers());
    return running.at(-1)!.promise;
  });
  server.handle(fine, (bytes) => bytes);
  server.handle(inputs, async function* (_initial, input) {
    for await (const message of input) yield message;
  });
  const to = client.connection(HOSTS[0]!);
  for (let call = 0; call < 20; call++) {
    const abort = new AbortController();
    const request = to.request(stuck, new Uint8Array(1), { signal: abort.signal });
    if (call < MAX_CALLS) {
      // It has come, as calls and cancels come in order.
      request.catch(() => {});
      while (running.length <= call) await new Promise<void>((resolve) => setImmediate(resolve));
      abort.abort(new Error("changed my mind"));
      await assertRejects(() => request, Error, "changed my mind");
    } else {
      const error = await assertRejects(() => request, InternodeError, "are running");
      assertEquals([error.code, error.outcome], ["Overloaded", "notExecuted"]);
    }
  }
  assertEquals(running.length, MAX_CALLS);
  const opened = to.stream(inputs, new Uint8Array(0));
  assertEquals((await assertRejects(() => opened.finished, InternodeError)).code, "Overloaded");
  running[0]!.resolve(new Uint8Array(0));
  while (true) {
    const answer = await to.request(fine, new Uint8Array([7])).catch(() => null);
    if (answer !== null) break;
  }
  for (const { resolve } of running) resolve(new Uint8Array(0));
  await Promise.all([server.close(), client.close()]);
});

Deno.test("calls on a renewed connection take no place of those on the new one, and both together are bounded", async () => {
  const long = single("long"), stuck = single("stuck");
  const held: PromiseWithResolvers<Uint8Array>[] = [];
  await withPair({
    options: ({ index }) => ({
      limits: { maxCalls: MAX_CALLS },
      renewalGraceMs: 60_000,
      ...(index === 0 && { maxConnectionAgeMs: 40_000 }),
    }),
    serve: (manager, { clock }) => {
      manager.handle(long, async (bytes, { signal }) => {
        await pause(clock, 45_000, signal);
        return bytes;
      });
      manager.handle(stuck, () => {
        held.push(Promise.withResolvers());
        return held.at(-1)!.promise;
      });
    },
  }, async (grid) => {
    const to = grid.node(0).connections()[0]!, empty = new Uint8Array(0);
    const call = () => watch(grid.clock, to.request(long, empty));
    const cancelled = async (): Promise<string> => {
      const abort = new AbortController();
      const watched = watch(grid.clock, to.request(stuck, empty, { signal: abort.signal }));
      await grid.clock.advance(100);
      abort.abort();
      await grid.clock.advance(100);
      return watched.fate;
    };
    const old = Array.from({ length: MAX_CALLS }, call);
    await grid.clock.advance(41_000);
    assertEquals(to.stats().renewals, 1);
    const fresh = Array.from({ length: MAX_CALLS - 1 }, call);
    await grid.clock.advance(100);
    // The last place is taken by a handler whose call has ended; there is none beside it.
    await cancelled();
    assertEquals([held.length, await cancelled(), held.length], [1, "Overloaded notExecuted", 1]);

    await grid.clock.advance(50_000);
    assertEquals([...old, ...fresh].map(({ fate }) => fate), Array(2 * MAX_CALLS - 1).fill("ok"));
    // With nothing left on older connections the bound is what it was.
    while (held.length < MAX_CALLS) await cancelled();
    assertEquals(await cancelled(), "Overloaded notExecuted");
    for (const { resolve } of held) resolve(empty);
  });
});

Deno.test("inputs that were unread when their stream was cancelled are given up", async () => {
  const { server, client } = await pair();
  const upload = stream("upload", { inputCapacity: 4, outputCapacity: 1 });
  const ended = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<void>();
  server.handle(upload, async function* (_initial, input, { signal }) {
    begun.resolve();
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await input.next().then(
      ({ value }) => ended.resolve(value),
      (error) => ended.resolve(error),
    );
    yield new Uint8Array(0);
  });
  const opened = client.connection(HOSTS[0]!).stream(upload, new Uint8Array(0));
  opened.finished.catch(() => {});
  for (let n = 0; n < 3; n++) await opened.send(new Uint8Array([n]));
  await begun.promise;
  opened.cancel();
  const end = await ended.promise;
  assert(end instanceof InternodeError, `the handler read ${end}`);
  assertEquals(end.code, "Cancelled");
  await Promise.all([server.close(), client.close()]);
});

Deno.test("context.closing that is read first after its handler has ended is not kept", async () => {
  const { server, client } = await pair();
  const echo = single("echo"), aborted: string[] = [];
  const contexts: HandlerContext[] = [];
  server.handle(echo, (bytes, context) => {
    if (contexts.push(context) === 1) return bytes;
    context.closing.addEventListener("abort", () => aborted.push("running"));
    return new Promise((resolve) =>
      context.closing.addEventListener("abort", () => resolve(bytes))
    );
  });
  const to = client.connection(HOSTS[0]!);
  await to.request(echo, new Uint8Array(1));
  contexts[0]!.closing.addEventListener("abort", () => aborted.push("ended"));
  const running = to.request(echo, new Uint8Array(1));
  while (contexts.length < 2) await new Promise<void>((resolve) => setImmediate(resolve));
  await server.close();
  await running;
  assertEquals(aborted, ["running"]);
  await client.close();
});
