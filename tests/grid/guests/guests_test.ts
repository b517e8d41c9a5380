import {
  allowNames,
  type AuditEvent,
  InternodeError,
  Manager,
  sharedSecret,
  single,
} from "@internode/grid";
import { gridMethod, mtlsTransports, type ServiceConnection } from "@internode/grid/call";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { moduleFolder } from "../../support/module_folder.ts";
import { FILES, NET } from "../../support/permitted.ts";
import { certificates } from "../../support/certificates/certificates.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { OWN_SERVERS } from "../../support/network/own_server.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { systemTransports } from "@internode/grid";
import { ask, freshHost, openNode, tool, visit, watchingMethod, who } from "./guest_world.ts";

const SECRET = "a secret of these tests alone";
const folder = moduleFolder();

const plain = single("disk.read");

async function refusalOf(guest: ServiceConnection): Promise<string> {
  const error = await assertRejects(() => ask(guest), InternodeError);
  return `${error.code}: ${error.message}`;
}

const GROUNDS = [
  { name: "memory", ignore: false, url: freshHost },
  { name: "tcp", ignore: !NET, url: () => "tcp://127.0.0.1:0" },
  { name: "ws", ignore: !NET, url: () => "ws://127.0.0.1:0" },
  { name: "unix", ignore: !FILES, url: () => `unix://${folder}/${crypto.randomUUID()}.sock` },
  { name: "tls", ignore: !NET || !FILES, url: () => "tls://127.0.0.1:0" },
  { name: "wss", ignore: !NET || !FILES, url: () => "wss://127.0.0.1:0" },
];

for (const { name, ignore, url } of GROUNDS) {
  Deno.test({
    name: `a guest with the secret calls the bundle of a node over ${name}, and nothing else`,
    ignore,
    async fn() {
      const listen = url(), isFixed = name === "memory" || name === "unix";
      const transports = name === "tls" || name === "wss"
        ? systemTransports(certificates())
        : undefined;
      const auth = sharedSecret(SECRET);
      const { node, address } = await openNode({
        local: isFixed ? listen : listen.replace(":0", ":9999"),
        listen,
        auth,
        transports,
      }, { allow: ({ host }) => host === "ops" });
      node.handle(plain, (bytes) => bytes);
      await using _node = node;
      const endpoint = name === "wss" || name === "ws" ? `${address}/internode` : address;
      await using guest = await visit(endpoint, { auth }, { transports });
      assertEquals(await ask(guest), "ops");
      const refused = await assertRejects(
        () => guest.request(gridMethod(plain), new Uint8Array()),
        InternodeError,
      );
      assertEquals([refused.code, refused.outcome], ["PermissionDenied", "notExecuted"]);
      assertStringIncludes(refused.message, "set option calls of admin");
      assertEquals(node.connections(), []);

      await using other = await visit(endpoint, { auth, name: "intern" }, { transports });
      assertStringIncludes(await refusalOf(other), "PermissionDenied");
      await using thief = await visit(endpoint, {
        auth: sharedSecret("another secret of 16 bytes"),
      }, {
        transports,
      });
      assertStringIncludes(await refusalOf(thief), "secret");
      await using naked = await visit(endpoint, {}, { transports });
      assertStringIncludes(await refusalOf(naked), "secret");
    },
  });
}

for (const kind of OWN_SERVERS) {
  Deno.test({
    name: `a guest comes in through a user's own server, ${kind.name}`,
    ignore: !NET,
    async fn() {
      const [port] = freePorts(1), local = `ws://127.0.0.1:${port}`, auth = sharedSecret(SECRET);
      await using node = new Manager({ local, hosts: [local], auth, logger: new QuietLogger() });
      node.handle(tool, {});
      node.connect();
      await using _server = await kind.start({ port: port!, grid: () => node });
      await using guest = await visit(`${local}/internode`, { auth });
      assertEquals(await ask(guest), "ops");
      await using thief = await visit(`${local}/internode`, {
        auth: sharedSecret("another secret of 16 bytes"),
      });
      assertStringIncludes(await refusalOf(thief), "401");
      await node.close();
    },
  });
}

Deno.test({
  name: "a token that names no node is good for guests alone",
  ignore: !NET,
  async fn() {
    const auth = sharedSecret(SECRET), local = "ws://127.0.0.1:9999";
    const { node, address } = await openNode({ local, listen: "ws://127.0.0.1:0", auth });
    await using _node = node;
    await using host = await visit(`${address}/internode`, { auth, name: "ws://127.0.0.1:1" });
    assertStringIncludes(await refusalOf(host), "the token is meant for a service's server");
  },
});

Deno.test("a node without a bundle takes no guests, and says why", async () => {
  const { node, address, log } = await openNode({}, null);
  await using _node = node;
  await using guest = await visit(address);
  assertStringIncludes(
    await refusalOf(guest),
    `"ops" is not among the hosts of "${address}", and this node takes no guests`,
  );
  assert(log.all.some(({ message }) => message.includes("takes no guests")));
});

Deno.test("a bundle may take no guests", async () => {
  const { node, address } = await openNode({}, { guests: null });
  await using _node = node;
  await using guest = await visit(address);
  assertStringIncludes(await refusalOf(guest), "takes no guests");
});

Deno.test("guests cannot take the names of hosts, or names that look like theirs", async () => {
  const local = freshHost(), peer = freshHost();
  const { node } = await openNode({ local, hosts: [local, peer] });
  await using _node = node;
  for (const name of [local, freshHost(), "tcp://10.0.0.1:9000", "TCP://x", "x://", "://"]) {
    await using guest = await visit(local, { name });
    const told = await refusalOf(guest);
    assert(!told.includes("guest"), told);
  }
  assertEquals(node.connections().map(({ host }) => host), [peer]);
});

Deno.test("with a secret for each peer, a guest has its own, and no other name by it", async () => {
  const secrets: Record<string, string> = {
    ops: "the secret of the operators",
    audit: "the secret of the auditors",
  };
  const events: AuditEvent[] = [];
  const auth = sharedSecret({ byPeer: (name) => secrets[name] });
  const { node, address, log } = await openNode({ auth, audit: (event) => events.push(event) }, {
    allow: ({ host }) => host === "ops",
  });
  await using _node = node;
  await using guest = await visit(address, { auth: sharedSecret(secrets["ops"]!) });
  assertEquals(await ask(guest), "ops");
  for (
    const [name, secret] of [
      ["ops", "the secret of the auditors"],
      ["audit", "the secret of the operators"],
      ["nobody", "the secret of the operators"],
    ] as const
  ) {
    await using liar = await visit(address, { name, auth: sharedSecret(secret) });
    assertStringIncludes(await refusalOf(liar), "secret");
  }
  assert(log.of("connection_refused").length > 0);
  assert(events.every(({ event }) => event === "connection_refused"));
  assertEquals(new Set(events.map((event) => "caller" in event ? event.caller : "")).size, 3);
});

Deno.test("where option calls says so, guests call other handlers, each by its own rule", async () => {
  const { node, address } = await openNode({}, { guests: { mayCall: true } });
  await using _node = node;
  const scan = single("disk.scan"), format = single("disk.format");
  node.handle(scan, (bytes) => bytes, { subroutes: ["", "sda"] });
  node.handle(format, (bytes) => bytes, { allow: allowNames("*.ops.example") });
  await using guest = await visit(address);
  const bytes = new Uint8Array([7]);
  assertEquals(await guest.request(gridMethod(scan), bytes), bytes);
  assertEquals(await guest.request(gridMethod(scan, { subroute: "sda" }), bytes), bytes);
  const error = await assertRejects(
    () => guest.request(gridMethod(scan, { subroute: "sdb" }), bytes),
    InternodeError,
  );
  assertEquals(error.code, "UnknownHandler");
  assertStringIncludes(error.message, 'There is no handler "disk.scan" for subroute "sdb" here');
  const refused = await assertRejects(
    () => guest.request(gridMethod(format), bytes),
    InternodeError,
  );
  assertEquals(refused.code, "PermissionDenied");
});

Deno.test("a rule that is not a clear yes refuses a guest", async () => {
  for (const verdict of ["yes", 1, Promise.resolve(true), undefined]) {
    const { node, address } = await openNode({}, { allow: (() => verdict) as never });
    await using _node = node;
    await using guest = await visit(address);
    assertStringIncludes(await refusalOf(guest), "may not call this handler");
  }
});

Deno.test("a node that closes asks its guests to end, and serves what they have begun", async () => {
  const { node, address } = await openNode();
  await using guest = await visit(address);
  const stream = guest.stream(watchingMethod, new Uint8Array());
  const seen: number[] = [];
  let closed: Promise<void> | null = null;
  for await (const [byte] of stream) {
    seen.push(byte!);
    closed ??= node.close();
  }
  assertEquals(seen, [1, 2]);
  await closed;
});

Deno.test("a guest that does not end is ended after the grace time", async () => {
  const { node, address } = await openNode();
  const stuck = single("disk.stuck");
  node.handle(stuck, () => new Promise<Uint8Array>(() => {}));
  await using guest = await visit(address);
  assertEquals(await ask(guest), "ops");
  const stream = guest.stream(watchingMethod, new Uint8Array());
  // Nothing is read of it.
  await node.close({ graceMs: 50 });
  await assertRejects(async () => {
    for await (const _ of stream) assert(true);
    await ask(guest);
  });
});

Deno.test("a node with an exposed address needs a rule for its bundle, unless certificates tell who calls", async () => {
  const local = "tcp://10.1.2.3:9000";
  await using node = new Manager({ local, hosts: [local], auth: sharedSecret(SECRET) });
  const error = assertThrows(() => node.handle(tool, {}), InternodeError);
  assertEquals(error.code, "InvalidArgument");
  assertStringIncludes(error.message, "tool needs a rule who may call it (option allow)");
  node.handle(tool, { allow: () => true });
  assertThrows(() => node.handle(tool, { allow: () => true }), InternodeError, "already");

  const authority = await TestAuthority.root("authority");
  const tls = configOf(
    await authority.node("10.1.2.3", {
      names: [{ type: "uri", value: "tls://10.1.2.3:9000" }],
    }),
    authority,
  );
  await using proven = new Manager({
    local: "tls://10.1.2.3:9000",
    hosts: ["tls://10.1.2.3:9000"],
    tls,
  });
  proven.handle(tool, {});
});

Deno.test("names that begin with internode. are reserved", async () => {
  const { node } = await openNode();
  await using _node = node;
  const error = assertThrows(
    () => node.handle(single("internode.mine"), (bytes) => bytes),
    InternodeError,
  );
  assertStringIncludes(error.message, 'names that begin with "internode." are reserved');
  assertThrows(
    () => node.handle({ kind: "bundle", name: "mine" } as never),
    InternodeError,
    "one of this library",
  );
});

Deno.test({
  name: "by mutual TLS a guest needs a certificate that is trusted, and rules see it",
  ignore: !NET,
  async fn() {
    const authority = await TestAuthority.root("authority"),
      stranger = await TestAuthority.root("s");
    const local = "tls://localhost:9999";
    const tls = configOf(await authority.node("localhost"), authority);
    const { node, address } = await openNode({ local, listen: "tls://localhost:0", tls }, {
      allow: allowNames("desk.ops.example"),
    });
    await using _node = node;
    const as = async (name: string, from = authority): Promise<ServiceConnection> =>
      await visit(address, {}, {
        transports: mtlsTransports(configOf(await from.node(name), authority)),
      });
    await using guest = await as("desk.ops.example");
    assertEquals(await ask(guest), "ops");
    await using other = await as("desk.sales.example");
    assertStringIncludes(await refusalOf(other), "may not call this handler");
    await using unknown = await as("desk.ops.example", stranger);
    assertStringIncludes(await refusalOf(unknown), "does not trust this side");
  },
});

Deno.test("peers call a bundle by its contracts", async () => {
  const hosts = [freshHost(), freshHost()];
  const { node } = await openNode({ local: hosts[0]!, hosts });
  await using one = node;
  await using two = new Manager({ local: hosts[1]!, hosts, logger: new QuietLogger() });
  await two.listen();
  await two.waitForConnect();
  const said = await two.connection(one.local).request(who, new Uint8Array());
  assertEquals(new TextDecoder().decode(said), hosts[1]);
});
