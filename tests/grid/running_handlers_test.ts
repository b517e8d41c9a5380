import { InternodeError, Manager, single, stream } from "@internode/grid";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { memoryTransport } from "../../lib/net/memory.ts";
import { QuietLogger } from "./quiet.ts";

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
      const error = await assertRejects(() => request, InternodeError, "run already");
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
