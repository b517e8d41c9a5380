import { InternodeError, Manager, type ManagerOptions } from "@internode/grid";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";

const hosts = ["memory://a", "memory://b"];
const good: ManagerOptions = { local: "memory://a", hosts };

function refused(options: Partial<ManagerOptions>): string {
  const error = assertThrows(() => new Manager({ ...good, ...options }), InternodeError);
  assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
  return error.message;
}

Deno.test("hosts are canonical, and local is among them once", () => {
  const manager = new Manager({
    local: "tcp://LocalHost:0900",
    hosts: new Set(["tcp://localhost:900", "tcp://[0:0::1]:901/"]),
  });
  assertEquals(manager.local, "tcp://localhost:900");
  assertEquals(manager.hosts, ["tcp://localhost:900", "tcp://[::1]:901"]);
  assertEquals(manager.connections().map(({ host }) => host), ["tcp://[::1]:901"]);
  assertEquals(manager.connection("tcp://[::1]:901"), manager.connections()[0]);
  assertEquals(manager.connection("tcp://[0:0:0::1]:901"), manager.connections()[0]);
  const error = assertThrows(() => manager.connection("tcp://elsewhere:1"), InternodeError);
  assertEquals([error.code, error.outcome], ["NotListed", "notSent"]);
  assertStringIncludes(error.message, "tcp://[::1]:901");
  const malformed = assertThrows(() => manager.connection("elsewhere"), InternodeError);
  assertEquals(malformed.code, "InvalidArgument");
  const own = manager.connection("tcp://LocalHost:0900");
  assertEquals([own.host, own.state], ["tcp://localhost:900", "connecting"]);
  assertEquals(manager.connection("tcp://localhost:900"), own);
});

Deno.test("a list of hosts that makes no sense is refused by name", () => {
  assertStringIncludes(refused({ local: "memory://c" }), "memory://c is not among");
  assertStringIncludes(
    refused({ hosts: ["memory://a", "memory://a"] }),
    "memory://a is listed twice",
  );
  assertStringIncludes(refused({ hosts: ["memory://a", "nonsense"] }), "nonsense");
  assertStringIncludes(refused({ transports: {} }), "no transport for memory://a");
});

Deno.test("a host that names none is refused, as peers could not tell it from others", () => {
  const why = "it names no host, and its peers know each host by its name";
  const named = "tcp://a:9000", nameless = "tcp://:9000";
  for (const options of [{ local: nameless, hosts: [nameless] }, { hosts: [named, nameless] }]) {
    const message = refused({ local: named, ...options });
    assertStringIncludes(message, `Host "${nameless}" is not valid: ${why}`);
  }
});

Deno.test("a host that its peers cannot dial is refused, unless it has none", () => {
  const named = "tcp://a:9000";
  for (
    const host of ["tcp://0.0.0.0:9000", "wss://[::]:443", "tcp://[::ffff:0.0.0.0]:9", "tls://b:0"]
  ) {
    const why = host.endsWith(":0") ? "port 0" : "all interfaces";
    assertStringIncludes(refused({ local: host, hosts: [named, host] }), why);
    assertStringIncludes(refused({ local: named, hosts: [named, host] }), why);
    assertEquals(new Manager({ local: host, hosts: [host] }).hosts.length, 1);
  }
});

Deno.test("hosts may have zones and well-known ports", () => {
  const local = "tcp://[fe80::1%eth0]:https";
  const manager = new Manager({ local, hosts: [local, "ws://b"] });
  assertEquals(manager.hosts, ["tcp://[fe80::1%eth0]:443", "ws://b:80"]);
});

Deno.test("numbers out of range are refused by their option's name", () => {
  const numbers = [
    "defaultTimeoutMs",
    "dialTimeoutMs",
    "handshakeTimeoutMs",
    "pingIntervalMs",
    "livenessTimeoutMs",
    "maxClockSkewMs",
    "inlineHandlerUs",
    "writeFlattenLimit",
  ] as const;
  for (const name of numbers) {
    for (const value of [0, -1, NaN]) assertStringIncludes(refused({ [name]: value }), name);
  }
  assertStringIncludes(refused({ path: "grid" }), "path");
  assertStringIncludes(
    refused({ pingIntervalMs: 500, livenessTimeoutMs: 500 }),
    "livenessTimeoutMs",
  );
  assertStringIncludes(refused({ limits: { maxMessageBytes: 10 } }), "maxMessageBytes");
  const large = { maxMessageBytes: 65_536, receiveBudgetBytes: 65_536 };
  assertStringIncludes(refused({ limits: large }), "receiveBudgetBytes");
});

Deno.test("reconnecting slows down within reason", () => {
  for (
    const reconnect of [
      { initialMs: NaN },
      { initialMs: -1 },
      { factor: 0.5 },
      { maxMs: NaN },
      { jitter: 2 },
      { jitter: -1 },
    ]
  ) {
    assertStringIncludes(refused({ reconnect }), `reconnect.${Object.keys(reconnect)[0]}`);
  }
});

Deno.test("a node of one host has nobody to connect to", async () => {
  const alone = new Manager({ local: "memory://alone", hosts: ["memory://alone"] });
  await alone.listen();
  await alone.waitForConnect();
  await alone.close();
});
