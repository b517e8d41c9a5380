import { assert, assertEquals, assertThrows } from "@std/assert";
import { InternodeError, Manager, sharedSecret, single } from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  memory,
  serve,
} from "@internode/grid/call";
import { type Inspectable, inspectionOf } from "../../../lib/rpc/inspection/inspectable.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const SECRET = "a secret of at least 16 bytes";
const logger = new QuietLogger();
const auth = sharedSecret(SECRET);

Deno.test("a node tells what it is, who its peers are and what it serves, and no secret", async () => {
  const hosts = ["memory://look-1", "memory://look-2"] as const;
  const one = new Manager({ local: hosts[0], hosts, auth, logger, limits: { maxCalls: 7 } });
  await using two = new Manager({ local: hosts[1], hosts, auth, logger });
  const disk = single("disk.read");
  one.handle(disk, (bytes) => bytes, {
    subroutes: ["sda", "sdb"],
    concurrency: 3,
    allow: () => true,
  });
  const face = inspectionOf(one);
  assertEquals([face.kind, face.name, face.phase], ["grid", hosts[0], "open"]);
  assertEquals(face.addresses, []);
  const server = await one.listen();
  assertEquals(inspectionOf(server), face);
  assertEquals(face.addresses, [hosts[0]]);
  await two.listen();
  await one.waitForConnect();

  const [remote] = face.remotes();
  assertEquals([remote!.host, remote!.state, remote!.stats.state], [
    hosts[1],
    "connected",
    "connected",
  ]);
  assertEquals(remote!.replica, null);
  assert(remote!.instance.length === 32 && remote!.sendWindowBytes > 0);
  assertEquals(face.handlers(), [{
    name: "disk.read",
    subroutes: ["sda", "sdb"],
    contract: disk,
    wireName: "disk.read",
    concurrency: 3,
    running: 0,
    waiting: 0,
    isGuarded: true,
  }]);
  const { limits, auth: hasAuth, listen, defaultTimeoutMs } = face.options;
  assertEquals([(limits as Record<string, unknown>)["maxCalls"], hasAuth, listen], [
    7,
    true,
    hosts[0],
  ]);
  assertEquals(defaultTimeoutMs, 60_000);
  assert(!JSON.stringify(face.options).includes("secret"));
  assertEquals(face.stats().connections, 1);
  assertEquals(face.certificates(), []);

  const seen: string[] = [];
  const end = face.trace(({ handler }) => seen.push(handler));
  await two.connection(hosts[0]).request(disk, new Uint8Array(), { subroute: "sda" });
  end();
  assertEquals(seen, ["disk.read"]);

  face.loopDelay();
  await face.drain({ graceMs: 0 });
  assertEquals([face.phase, face.addresses], ["closed", []]);
  face.loopDelay();
});

Deno.test("a client and a server tell the same of themselves", async () => {
  const handlers = new HandlerMap().set("cache", "get", (key) => key);
  const server = serve(await listen("memory://look-cache", handlers), { name: "cache-1", logger });
  const client = await connect(constantResolver(memory("look-cache")), { name: "web-1", logger });
  await client.call(makeMethodKey("cache", "get"), new Uint8Array(3));

  const served = inspectionOf(server), made = inspectionOf(client);
  assertEquals([served.kind, served.name, served.phase], ["server", "cache-1", "open"]);
  assertEquals([made.kind, made.name, made.phase], ["client", "web-1", "open"]);
  assertEquals(served.addresses, ["memory://look-cache"]);
  assertEquals(made.addresses, []);
  assertEquals(served.remotes().map(({ host, state }) => [host, state]), [["web-1", "connected"]]);
  const [replica] = made.remotes();
  assertEquals([replica!.host, replica!.state], ["memory://look-cache", "connected"]);
  assertEquals(replica!.replica!.isSetAside, false);
  assertEquals(served.handlers().map(({ name, wireName }) => [name, wireName]), [
    ["cache.get", makeMethodKey("cache", "get").hex],
  ]);
  assertEquals(made.handlers(), []);
  assertEquals(made.options["name"], "web-1");

  await client.close();
  await server.close();
  assertEquals([made.phase, served.phase, served.addresses], ["closed", "closed", []]);
});

Deno.test("a handler finds its node by the context of its call", async () => {
  const hosts = ["memory://look-3"] as const;
  await using grid = new Manager({ local: hosts[0], hosts, logger });
  const who = single("who");
  let found: unknown;
  grid.handle(who, (bytes, context) => {
    found = inspectionOf(context);
    return bytes;
  });
  await grid.listen();
  await grid.connection(hosts[0]).request(who, new Uint8Array());
  assertEquals(found, inspectionOf(grid));
});

Deno.test("the level of log lines can be changed while a node runs", async () => {
  const lines = new QuietLogger();
  await using grid = new Manager({ local: "memory://x", hosts: ["memory://x"], logger: lines });
  const face = inspectionOf(grid);
  assertEquals(face.logLevel, "debug");
  face.logLevel = "error";
  face.logger.warn("not to be seen", { event: "peer_down" });
  face.logger.error("to be seen", { event: "peer_down" });
  assertEquals(lines.all.map(({ message }) => message), ["to be seen"]);

  await using quiet = new Manager({ local: "memory://y", hosts: ["memory://y"] });
  assertEquals(inspectionOf(quiet).logLevel, "warn", "the console, unless a logger is given");
});

Deno.test("nothing else can be looked at", () => {
  for (const other of [undefined, null, 3, "grid", {}, { calls: () => [] }]) {
    const error = assertThrows(() => inspectionOf(other as Inspectable), InternodeError);
    assertEquals(error.code, "InvalidArgument");
  }
});
