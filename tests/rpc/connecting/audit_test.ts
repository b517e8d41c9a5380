/**
 * What a node's audit is told of those who were not let in, and of calls that
 * were not served.
 *
 * @module
 */

import {
  type AuditEvent,
  InternodeError,
  Manager,
  type ManagerOptions,
  nativeWebSocketTransport,
  type RefusedCall,
  type RefusedConnection,
  sharedSecret,
  single,
  stream,
  systemTransports,
} from "@internode/grid";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AuditTrail } from "../../../lib/rpc/connecting/audit_trail.ts";
import { VirtualClock } from "../../../lib/testing/time/virtual_clock.ts";
import { openBare, upgradeRequest } from "../../support/network/raw_socket.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { moduleFolder } from "../../support/module_folder.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { simulatedGrid, withPair } from "../../support/simulation/simulated_grid.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const EMPTY = new Uint8Array(0);
const locked = single("locked");
const flow = stream("flow", { inputCapacity: 0, outputCapacity: 4 });

/** What was told of connections. */
function connections(events: readonly AuditEvent[]): readonly RefusedConnection[] {
  return events.filter((event) => event.event === "connection_refused");
}

/** What was told of calls. */
function calls(events: readonly AuditEvent[]): readonly RefusedCall[] {
  return events.filter((event) => event.event === "call_refused");
}

Deno.test("an audit receives who called what without being served, and why", async () => {
  const events: AuditEvent[] = [];
  const audit = (event: AuditEvent): void => void events.push(event);
  await withPair({
    options: ({ index }) => index === 1 ? { audit } : {},
    serve: (manager) => {
      manager.handle(locked, (bytes) => bytes, { allow: () => false, subroutes: ["", "safe"] });
    },
  }, async (grid) => {
    const to = grid.node(0).connections()[0]!, caller = grid.node(0).local;
    const ends = await grid.clock.complete(Promise.allSettled([
      to.request(locked, EMPTY),
      to.request(locked, EMPTY, { subroute: "safe" }),
      to.request(single("missing"), EMPTY),
    ]));
    assert(ends.every(({ status }) => status === "rejected"));
    assertEquals(
      calls(events).map(({ handler, subroute, kind, code }) => [handler, subroute, kind, code]),
      [
        ["locked", "", "single", "PermissionDenied"],
        ["locked", "safe", "single", "PermissionDenied"],
        ["missing", "", "single", "UnknownHandler"],
      ],
    );
    for (const event of calls(events)) {
      assertEquals([event.caller, event.local], [caller, grid.node(1).local]);
      assertEquals(event.identity, undefined);
      assert(event.remote !== "" && event.timeMs > 0 && event.reason !== "");
    }
  });
});

Deno.test("an audit learns of calls beyond what a handler takes at a time", async () => {
  const events: AuditEvent[] = [];
  const gate = Promise.withResolvers<Uint8Array>();
  const hold = single("hold");
  await withPair({
    options: () => ({ audit: (event) => void events.push(event) }),
    serve: (manager) => {
      manager.handle(hold, () => gate.promise, { concurrency: 1, queue: 0 });
      manager.handle(flow, async function* () {
        yield await gate.promise;
      }, { concurrency: 1, queue: 0 });
    },
  }, async (grid) => {
    const to = grid.node(0).connections()[0]!;
    const made = [1, 2, 3].flatMap(() => [
      to.request(hold, EMPTY),
      Array.fromAsync(to.stream(flow, EMPTY)),
    ]);
    const ends = Promise.allSettled<unknown>(made);
    await grid.clock.advance(50);
    gate.resolve(EMPTY);
    await grid.clock.complete(ends);
    assertEquals(
      calls(events).map(({ handler, kind, code }) => `${handler} ${kind} ${code}`).sort(),
      [
        "flow stream Overloaded",
        "flow stream Overloaded",
        "hold single Overloaded",
        "hold single Overloaded",
      ],
    );
  });
});

Deno.test("an audit receives the name of a peer without the secret", async () => {
  const events: AuditEvent[] = [];
  const grid = simulatedGrid({
    options: ({ index }) => ({
      auth: sharedSecret(`the secret of node ${index}, as it seems`),
      ...(index === 1 && { audit: (event) => void events.push(event) }),
    }),
  });
  await grid.run(async () => {
    await grid.start();
    await grid.clock.runUntil(() => events.length >= 2, 60_000, "two refusals");
    for (const event of connections(events)) {
      assertEquals([event.code, event.caller], ["Unauthenticated", grid.node(0).local]);
      assertEquals(event.local, grid.node(1).local);
      assertStringIncludes(event.reason, "secret");
      assert(event.remote !== undefined);
    }
  });
  await grid.close();
});

Deno.test("an audit receives 100 events at once and 10 a second, for connections and calls separately, and the number of the others", async () => {
  const clock = new VirtualClock(), events: AuditEvent[] = [];
  const audit = (event: AuditEvent): void => void events.push(event);
  const trail = new AuditTrail({ audit, clock, local: "a", logger: new QuietLogger() });
  const about = { remote: "b", caller: "c", identity: undefined, reason: "because" };
  const call = { ...about, handler: "h", subroute: "", kind: "single" as const };
  for (let i = 0; i < 1_000; i++) trail.onConnection({ ...about, code: "PermissionDenied" });
  for (let i = 0; i < 500; i++) trail.onCall({ ...call, code: "PermissionDenied" });
  // These are no refusals.
  for (const code of ["DeadlineExceeded", "Closed", "InvalidPayload"] as const) {
    trail.onCall({ ...call, code });
  }
  assertEquals([connections(events).length, calls(events).length], [100, 100]);
  await clock.advance(10_000);
  assertEquals(events.at(-1), {
    event: "refusals_left_out",
    local: "a",
    timeMs: clock.wallNow(),
    connections: 900,
    calls: 400,
  });
  for (let i = 0; i < 1_000; i++) trail.onConnection({ ...about, code: "PermissionDenied" });
  assertEquals(connections(events).length, 200);
  trail.close();
  const { event, ...rest } = events.at(-1)!;
  assertEquals(event, "refusals_left_out");
  assertEquals([(rest as { connections: number }).connections], [900]);
  trail.onConnection({ ...about, code: "PermissionDenied" });
  assertEquals(clock.pendingEvents, 0);
});

Deno.test("an audit receives texts of unproven peers on one line and shortened", () => {
  const events: AuditEvent[] = [];
  const trail = new AuditTrail({
    audit: (event) => void events.push(event),
    clock: new VirtualClock(),
    local: "a",
    logger: new QuietLogger(),
  });
  const nasty = `a\n\u001b[2J\u202e${"x".repeat(5_000)}`;
  trail.onConnection({
    remote: "b",
    caller: nasty,
    identity: undefined,
    code: "PermissionDenied",
    reason: nasty,
  });
  const [event] = connections(events);
  for (const text of [event!.caller!, event!.reason]) {
    assert(/^a \[2J x+$/.test(text) && text.length <= 1_024);
  }
});

Deno.test("an audit that fails is logged, and once for the same failure", () => {
  const logger = new QuietLogger(), clock = new VirtualClock();
  const audit = (): never => {
    throw new Error("the disk is full");
  };
  const trail = new AuditTrail({ audit, clock, local: "a", logger });
  const about = { remote: "b", caller: undefined, identity: undefined, reason: "because" };
  for (let i = 0; i < 50; i++) trail.onConnection({ ...about, code: "PermissionDenied" });
  const [line, ...others] = logger.shown;
  assertEquals(others, []);
  assertEquals([line!.level, line!.fields["what"]], ["error", "audit"]);
  assertStringIncludes(line!.message, "the disk is full");
});

Deno.test("an audit that is no function is refused", () => {
  const options = { local: "memory://a", hosts: ["memory://a"], audit: {} };
  const error = assertThrows(
    () => new Manager(options as unknown as ManagerOptions),
    InternodeError,
  );
  assertStringIncludes(error.message, "audit");
});

const folder = moduleFolder();
let made = 0;
const authority = await TestAuthority.root("authority");
const member = await authority.node("localhost");

const HTTP = new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n");

/** What comes to each kind of host that is no node. */
const DOORS: Readonly<
  Record<
    string,
    { says: Uint8Array<ArrayBuffer>; reason: string; mutual?: boolean; native?: boolean }
  >
> = {
  tcp: { says: HTTP, reason: "" },
  unix: { says: HTTP, reason: "" },
  tls: { says: HTTP, reason: "" },
  ws: { says: upgradeRequest({ token: "forged" }), reason: "token" },
  "ws of the runtime": {
    says: upgradeRequest({ token: "forged" }),
    reason: "token",
    native: true,
  },
  wss: { says: HTTP, reason: "" },
  "tls with certificates": { says: HTTP, reason: "", mutual: true },
};

for (const [name, { says, reason, mutual = false, native = false }] of Object.entries(DOORS)) {
  Deno.test({
    name: `over ${name}, an audit receives unproven peers and their addresses`,
    ignore: !NET || !FILES,
    fn: async () => {
      const events: AuditEvent[] = [], scheme = name.split(" ")[0]!;
      const local = scheme === "unix" ? `unix://${folder}/${++made}` : `${scheme}://localhost:0`;
      const grid = new Manager({
        local,
        hosts: [local],
        auth: sharedSecret("a secret of more than 16 bytes"),
        logger: new QuietLogger(),
        audit: (event) => void events.push(event),
        ...(mutual
          ? { tls: configOf(member, authority) }
          : native
          ? { transports: { ws: nativeWebSocketTransport() } }
          : { transports: systemTransports(certificates()) }),
      });
      const server = await grid.listen();
      const conn = await openBare({ url: server.address.replace(/^(tls|wss?)/, "tcp") });
      await conn.write(says);
      await conn.read(new Uint8Array(4_096)).catch(() => null);
      while (events.length === 0) await new Promise((resolve) => setImmediate(resolve));
      conn.close();
      await grid.close();
      const [event] = connections(events);
      assertStringIncludes(event!.reason, reason);
      assert(event!.remote !== undefined && event!.remote !== "");
      assertEquals(events.length, 1);
    },
  });
}

Deno.test("an audit receives requests that upgrade refuses, with their address if it is given", async () => {
  const events: AuditEvent[] = [];
  const make = (more: Partial<ManagerOptions>): Manager =>
    new Manager({
      local: "ws://127.0.0.1:9",
      hosts: ["ws://127.0.0.1:9"],
      auth: sharedSecret("a secret of more than 16 bytes"),
      logger: new QuietLogger(),
      audit: (event) => void events.push(event),
      ...more,
    });
  const url = "http://127.0.0.1:9/internode", told = { remoteAddress: "192.0.2.7" };
  const request = (headers: Record<string, string>): Request => new Request(url, { headers });
  await using grid = make({});
  for (const headers of [{}, { origin: "https://evil.example" }, { host: "evil.example" }]) {
    grid.upgrade(request({ host: "127.0.0.1:9", ...headers }), told);
  }
  grid.upgrade(request({ host: "127.0.0.1:9" }));
  const member = await authority.node("localhost");
  await using mutual = make({
    local: "wss://127.0.0.1:9",
    hosts: ["wss://127.0.0.1:9"],
    tls: configOf(member, authority),
  });
  mutual.upgrade(request({ host: "127.0.0.1:9" }), told);
  assertEquals(
    connections(events).map(({ remote, code }) => [remote, code]),
    ["Ua", "Pa", "Pa", "U-", "Ua"].map((one) => [
      one[1] === "a" ? "192.0.2.7" : undefined,
      one[0] === "U" ? "Unauthenticated" : "PermissionDenied",
    ]),
  );
});
