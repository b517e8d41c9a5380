import { allowNames, HandlerError, Manager, sharedSecret, single, stream } from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { withPair } from "../support/simulation/simulated_grid.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { failureOf } from "../support/outcome.ts";

const LOCAL = "memory://own-1", HOSTS = [LOCAL, "memory://own-2"];
const double = single("double", {
  request: t.uint(),
  response: t.uint(),
  detail: t.record({ why: t.string() }),
});
const echo = single("echo");
const count = stream("count", {
  initial: t.uint(),
  output: t.uint(),
  inputCapacity: 0,
  outputCapacity: 2,
});
const logger = new QuietLogger();

async function node(
  options: Partial<ConstructorParameters<typeof Manager>[0]> = {},
): Promise<Manager> {
  const manager = new Manager({ local: LOCAL, hosts: HOSTS, logger, ...options });
  await manager.listen();
  return manager;
}

Deno.test("code over all hosts calls its own node as it calls the others", async () => {
  await using one = await node();
  await using two = await node({ local: HOSTS[1]! });
  for (const manager of [one, two]) manager.handle(double, (value) => value * 2);
  await Promise.all([one.waitForConnect(), two.waitForConnect()]);
  const answers = one.hosts.map((host) => one.connection(host).request(double, 21));
  assertEquals(await Promise.all(answers), [42, 42]);
  assertEquals(one.connections().map(({ host }) => host), [HOSTS[1]], "its own is none of them");
  const own = one.connection(LOCAL);
  assert(own === one.connection(LOCAL), "there is one");
  await own.waitForConnect();
  const stats = own.stats();
  assertEquals([own.state, stats.callsOut, stats.callsIn, stats.answeredCalls.OK], [
    "connected",
    0,
    0,
    1,
  ]);
});

Deno.test("the connection with the own node counts once", async () => {
  const manager = new Manager({ local: LOCAL, hosts: [LOCAL], logger });
  const server = await manager.listen();
  await manager.connection(LOCAL).waitForConnect();
  assertEquals(server.stats().connections, 1);
  await manager.close();
  assertEquals(server.stats().connections, 0);
});

Deno.test("a handler calls its own node, and the called handler's context names the caller", async () => {
  await using manager = await node({ auth: sharedSecret("a secret of at least 16 bytes") });
  const callers: string[] = [];
  manager.handle(echo, (bytes, { caller }) => (callers.push(caller), bytes));
  manager.handle(double, async (value) => {
    const bytes = await manager.connection(LOCAL).request(echo, Uint8Array.of(value));
    return bytes[0]! * 2;
  });
  assertEquals(await manager.connection(LOCAL).request(double, 4), 8);
  assertEquals(callers, [LOCAL]);
});

Deno.test("calls of the own node end as all others: by errors, in time, by signals, on values that do not fit", async () => {
  await using manager = await node();
  const aborted: unknown[] = [];
  const { promise: bothAborted, resolve: onBothAborted } = Promise.withResolvers<void>();
  const { promise: third, resolve: onThird } = Promise.withResolvers<void>();
  manager.handle(double, (value, { signal }) => {
    if (value === 1) throw new HandlerError("no", { why: "one" });
    if (value === 3) onThird();
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        if (aborted.push(value) === 2) onBothAborted();
        reject(signal.reason);
      })
    );
  });
  const own = manager.connection(LOCAL);
  const thrown = await failureOf(own.request(double, 1));
  assertEquals([thrown.code, thrown.detail, thrown.outcome, thrown.host], [
    "HandlerFailed",
    { why: "one" },
    "executed",
    LOCAL,
  ]);
  const late = await failureOf(own.request(double, 2, { timeoutMs: 20 }));
  assertEquals(late.code, "DeadlineExceeded");
  const stop = new AbortController(), reason = new Error("enough");
  const given = own.request(double, 3, { signal: stop.signal });
  await third;
  stop.abort(reason);
  assertEquals(await assertRejects(() => given, Error), reason);
  const unfit = await failureOf(own.request(double, "four" as unknown as number));
  assertEquals([unfit.code, unfit.outcome], ["InvalidPayload", "notSent"]);
  const unknown = await failureOf(own.request(echo, new Uint8Array(0)));
  assertEquals([unknown.code, unknown.outcome], ["UnknownHandler", "notExecuted"]);
  await bothAborted;
  assertEquals(aborted, [2, 3]);
});

Deno.test("what one side sends the other does not share, and streams wait for their readers", async () => {
  await using manager = await node();
  let made = 0;
  manager.handle(count, function* (most) {
    while (made < most) yield made++;
  });
  let kept = new Uint8Array(0);
  manager.handle(echo, (bytes) => kept = bytes as Uint8Array<ArrayBuffer>);
  const own = manager.connection(LOCAL);
  const sent = Uint8Array.of(1, 2, 3);
  const got = await own.request(echo, sent);
  sent[0] = 9;
  assertEquals([kept, got], [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
  kept[1] = 9;
  assertEquals(got, Uint8Array.of(1, 2, 3));
  const outputs = own.stream(count, 10)[Symbol.asyncIterator]();
  await outputs.next();
  for (let i = 0; i < 10; i++) await own.request(echo, sent);
  assert(made <= 4, `${made} were made for one that was read`);
  let last = -1;
  for (let next = await outputs.next(); !next.done; next = await outputs.next()) last = next.value;
  assertEquals(last, 9);
});

Deno.test("rules judge the own node too, and closing ends its calls", async () => {
  const manager = await node();
  manager.handle(echo, (bytes) => bytes, { allow: ({ host }) => host === LOCAL });
  manager.handle(double, (value) => value, { allow: allowNames("other.example") });
  const { promise: began, resolve } = Promise.withResolvers<void>();
  let closing = false;
  manager.handle(count, async function* (_initial, _inputs, { closing: soon }) {
    resolve();
    await new Promise((done) => soon.addEventListener("abort", done));
    closing = true;
    yield 1;
  });
  const own = manager.connection(LOCAL);
  assertEquals(await own.request(echo, Uint8Array.of(1)), Uint8Array.of(1));
  assertEquals((await failureOf(own.request(double, 1))).code, "PermissionDenied");
  assertEquals(own.stats().refusedCalls, 1);
  const outputs = own.stream(count, 1);
  await began;
  const closed = manager.close();
  const values: number[] = [];
  for await (const value of outputs) values.push(value);
  await closed;
  assertEquals([closing, values, own.state], [true, [1], "closed"]);
  assertEquals((await failureOf(own.request(echo, Uint8Array.of(1)))).code, "Closed");
  const other = new Manager({ local: LOCAL, hosts: [LOCAL], logger });
  await other.close();
  assertEquals(other.connection(LOCAL).state, "closed");
});

Deno.test("with mutual TLS rules see the own node by its own certificate", async () => {
  const authority = await TestAuthority.root("authority");
  const member = await authority.node("localhost");
  const local = "tls://localhost:9";
  await using manager = new Manager({
    local,
    hosts: [local],
    logger,
    tls: configOf(member, authority),
  });
  manager.handle(echo, (bytes) => bytes, { allow: allowNames("localhost") });
  manager.handle(double, (value) => value, { allow: allowNames("other.example") });
  const own = manager.connection(local);
  const early = own.request(echo, Uint8Array.of(1));
  assertEquals(own.state, "connecting", "as all others until the node begins to dial");
  manager.connect();
  assertEquals(await early, Uint8Array.of(1));
  assertEquals(own.identity?.sans.dns, ["localhost"]);
  assertEquals((await failureOf(own.request(double, 1))).code, "PermissionDenied");
});

Deno.test("calls of the own node run on virtual time", async () => {
  const serve = (manager: Manager): void => {
    manager.handle(double, (value) => value * 2);
    manager.handle(echo, () => new Promise(() => {}));
  };
  await withPair({ serve }, async (grid) => {
    const one = grid.node(0), own = one.connection(one.local);
    const startMs = grid.clock.now();
    assertEquals(await own.request(double, 2), 4);
    assert(grid.clock.now() - startMs < 1, "nothing lies between");
    const late = await failureOf(own.request(echo, new Uint8Array(0), { timeoutMs: 5_000 }));
    assertEquals([late.code, Math.round(grid.clock.now() - startMs)], ["DeadlineExceeded", 5_000]);
  });
});
