import { createServer } from "node:https";
import {
  Manager,
  type ManagerOptions,
  sharedSecret,
  single,
  stream,
  systemTransports,
} from "@internode/grid";
import * as t from "@internode/grid/codec";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { dials } from "../../lib/grid/dialler.ts";
import { OWN_SERVERS } from "../support/network/own_server.ts";
import { openBare } from "../support/network/raw_socket.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { certificates } from "../support/certificates/certificates.ts";
import { FILES, NET } from "../support/permitted.ts";
import { clientFrame, serverFrames } from "../transport/websocket/raw_web_socket.ts";
import { joined } from "../../lib/wire/part_of.ts";
import { failure } from "./case.ts";
import { answer } from "./contracts.ts";
import { until } from "./world.ts";
import { freePorts } from "../../tools/network/free_ports.ts";

const auth = sharedSecret("a secret for the upgrade");

/** Two WebSocket hosts of which the second dials the first. */
function twoHosts(scheme = "ws"): [acceptor: string, dialler: string] {
  const [one, two] = freePorts(2).map((port) => `${scheme}://127.0.0.1:${port}`) as [
    string,
    string,
  ];
  return dials(two, one) ? [one, two] : [two, one];
}

const portOf = (host: string): number => Number(new URL(host).port);

const echo = single("echo", { request: t.bytes(), response: t.bytes() });
const chunks = stream("chunks", {
  initial: t.nothing(),
  output: t.bytes(),
  inputCapacity: 0,
  outputCapacity: 64,
});

for (const kind of OWN_SERVERS) {
  Deno.test({
    name: `${kind.name}: a node mounted in a server of the user's own accepts by its upgrade`,
    ignore: !NET,
    async fn() {
      const hosts = twoHosts();
      const logs = [new QuietLogger(), new QuietLogger()];
      const acceptor = new Manager({ local: hosts[0], hosts, auth, logger: logs[0]! });
      const dialler = new Manager({
        local: hosts[1],
        hosts,
        auth,
        logger: logs[1]!,
        path: "/grid",
      });
      acceptor.handle(answer, (text) => `${text} to you`);
      acceptor.handle(echo, (bytes) => bytes.slice());
      await using _server = await kind.start({ port: portOf(hosts[0]), grid: () => acceptor });
      try {
        acceptor.connect();
        await dialler.listen();
        await Promise.all([acceptor.waitForConnect(), dialler.waitForConnect()]);
        const to = dialler.connection(hosts[0]);
        assertEquals(await to.request(answer, "hello"), "hello to you");
        const large = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251);
        const back = await Promise.all(Array.from({ length: 8 }, () => to.request(echo, large)));
        for (const bytes of back) assertEquals(bytes, large);
        const base = hosts[0].replace("ws:", "http:");
        assertEquals(await (await fetch(`${base}/page`)).text(), "the user's own page");
        await acceptor.close();
        assertEquals((await asked(hosts[0], {})).status, 503, "who is closed takes nobody");
      } finally {
        await Promise.all([dialler.close(), acceptor.close()]);
      }
      assertEquals(logs.flatMap(({ lines }) => lines), []);
    },
  });

  Deno.test({
    name: `${kind.name}: a slow reader of a stream is not overrun`,
    ignore: !NET,
    async fn() {
      const hosts = twoHosts(), logger = new QuietLogger();
      const acceptor = new Manager({ local: hosts[0], hosts, auth, logger });
      const dialler = new Manager({ local: hosts[1], hosts, auth, logger, path: "/grid" });
      let made = 0;
      // In both directions, so that either end of the WebSocket has to hold back.
      for (const node of [acceptor, dialler]) {
        node.handle(chunks, async function* () {
          for (made = 0; made < 200; made++) yield new Uint8Array(100_000).fill(made);
        });
      }
      await using _server = await kind.start({ port: portOf(hosts[0]), grid: () => acceptor });
      try {
        acceptor.connect();
        await dialler.listen();
        await Promise.all([acceptor.waitForConnect(), dialler.waitForConnect()]);
        for (const node of [acceptor, dialler]) {
          let read = 0;
          for await (const bytes of node.connections()[0]!.stream(chunks, undefined)) {
            assertEquals([bytes.length, bytes[0]], [100_000, read++]);
            assert(made - read <= 130, `${made} made, ${read} read`);
          }
          assertEquals(read, 200);
        }
      } finally {
        await Promise.all([dialler.close(), acceptor.close()]);
      }
      assertEquals(logger.lines, []);
    },
  });

  for (
    const [what, fields, options, status, reason] of [
      ["no token", {}, {}, 401, "no token"],
      ["a token of nobody", { authorization: "Bearer x" }, {}, 401, ""],
      ["a web page", { origin: "https://evil.example" }, {}, 403, "allowOrigins"],
      ["a name of somebody else", { host: "evil.example" }, {}, 421, "allowHosts"],
      ["no name at all", { host: "evil*" }, {}, 400, "host"],
      [
        "a node that would have to ask for proof",
        { host: "0.0.0.0" },
        { auth: undefined, local: "ws://0.0.0.0:9", hosts: ["ws://0.0.0.0:9"] },
        401,
        "allowUnauthenticated",
      ],
    ] as [string, Record<string, string>, Partial<ManagerOptions>, number, string][]
  ) {
    Deno.test({
      name: `${kind.name}: ${what} is refused before the upgrade, with status and reason`,
      ignore: !NET,
      async fn() {
        const [local] = twoHosts(), logger = new QuietLogger();
        await using grid = new Manager({ local, hosts: [local], auth, logger, ...options });
        await using _server = await kind.start({ port: portOf(local), grid: () => grid });
        const answer = await asked(local, fields);
        assertEquals(answer.status, status, answer.text);
        assertStringIncludes(answer.text, reason);
        await until(() => logger.lines.length > 0, "it is logged");
        assertEquals(logger.lines.length, 1, logger.lines.join("\n"));
      },
    });
  }

  for (const limits of [{ maxUnproven: 2 }, { maxUnprovenPerAddress: 2 }]) {
    Deno.test({
      name: `${kind.name}: ${
        Object.keys(limits)
      } counts who was upgraded and has not proven itself`,
      ignore: !NET,
      async fn() {
        const [local] = twoHosts(), logger = new QuietLogger(), refusals: string[] = [];
        await using grid = new Manager({
          local,
          hosts: [local],
          logger,
          audit: (event) => {
            if (event.event === "connection_refused") {
              refusals.push(`${event.code}: ${event.reason}`);
            }
          },
          handshakeTimeoutMs: 500,
          ...limits,
        });
        const port = portOf(local);
        await using _server = await kind.start({ port, grid: () => grid, tellsAddress: true });
        const strangers = [await asked(local, {}, true), await asked(local, {}, true)];
        assertEquals(strangers.map(({ status }) => status), [101, 101]);
        const refused = await asked(local, {});
        assertEquals(refused.status, 503);
        assertStringIncludes(refused.text, "too many");
        // The code says that it may come again, and not that it may not come.
        assertEquals(logger.of("listener_overloaded").length, 1, logger.lines.join("\n"));
        assertEquals(refusals.length, 1, refusals.join("\n"));
        assertMatch(
          refusals[0]!,
          new RegExp(`^Overloaded: Refused .* at ${local}: 2 connections .*${Object.keys(limits)}`),
        );
        // When their time is up, others may come.
        let next = await asked(local, {}, true);
        while (next.status === 503) {
          next.conn.close();
          next = await asked(local, {}, true);
        }
        assertEquals(next.status, 101);
        for (const { conn } of [...strangers, next]) conn.close();
      },
    });
  }

  Deno.test({
    name:
      `${kind.name}: an unproven peer that sends much, or text, after the upgrade is disconnected`,
    ignore: !NET,
    async fn() {
      const [local] = twoHosts(), logger = new QuietLogger();
      await using grid = new Manager({ local, hosts: [local], logger });
      await using _server = await kind.start({ port: portOf(local), grid: () => grid });
      for (const [opcode, length] of [[2, 5_000], [2, 3_000_000], [1, 10]] as const) {
        const { conn } = await asked(local, {}, true);
        const sending = writeAll(conn, clientFrame(opcode, new Uint8Array(length))).catch(() => {});
        await hasEnded(conn);
        conn.close();
        await sending;
      }
    },
  });

  Deno.test({
    name: `${kind.name}: a node that closes ends those that have not proven themselves`,
    ignore: !NET,
    async fn() {
      const [local] = twoHosts(), logger = new QuietLogger();
      const grid = new Manager({ local, hosts: [local], logger });
      await using _server = await kind.start({ port: portOf(local), grid: () => grid });
      const { conn, status } = await asked(local, {}, true);
      assertEquals(status, 101);
      await grid.close({ graceMs: 0 });
      await hasEnded(conn);
      conn.close();
    },
  });
}

type Bare = Awaited<ReturnType<typeof openBare>>;

/** Asks for the upgrade by hand; closes the connection unless it is to stay. */
async function asked(
  host: string,
  fields: Record<string, string>,
  stays = false,
): Promise<{ status: number; text: string; conn: Bare }> {
  const conn = await openBare({ url: `tcp://127.0.0.1:${portOf(host)}` });
  const all = {
    host: new URL(host).host,
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...fields,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  await writeAll(conn, new TextEncoder().encode(`GET /grid HTTP/1.1\r\n${lines.join("")}\r\n`));
  let text = "";
  for (const buffer = new Uint8Array(4_096);;) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, count));
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0 && text.length >= end + 4 + length) break;
  }
  if (!stays) conn.close();
  return { status: Number(text.slice(9, 12)), text, conn };
}

/** Waits until the other side closes, or says that it does: not every server then goes on alone. */
async function hasEnded(conn: Bare): Promise<void> {
  let all = new Uint8Array(0);
  for (const bytes = new Uint8Array(1_024);;) {
    const count = await conn.read(bytes).catch(() => null);
    if (count === null) return;
    all = joined([all, bytes.subarray(0, count)]);
    if (serverFrames(all).some(({ opcode }) => opcode === 8)) return;
  }
}

async function writeAll(conn: Bare, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

Deno.test({
  name: "node:https: a node mounted in it accepts by its upgrade",
  ignore: !NET || !FILES,
  async fn() {
    const hosts = twoHosts("wss");
    const logger = new QuietLogger(), given = certificates();
    const transports = systemTransports(given);
    const acceptor = new Manager({ local: hosts[0], hosts, auth, logger, transports });
    const path = "/grid";
    const dialler = new Manager({ local: hosts[1], hosts, auth, logger, transports, path });
    acceptor.handle(echo, (bytes) => bytes.slice());
    const server = createServer({ cert: given.cert!, key: given.key! });
    server.on("upgrade", (request, socket, head) => acceptor.upgradeSocket(request, socket, head));
    await new Promise<void>((resolve) => server.listen(portOf(hosts[0]), "127.0.0.1", resolve));
    try {
      acceptor.connect();
      await dialler.listen();
      await Promise.all([acceptor.waitForConnect(), dialler.waitForConnect()]);
      const large = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251);
      assertEquals(await dialler.connection(hosts[0]).request(echo, large), large);
    } finally {
      await Promise.all([dialler.close(), acceptor.close()]);
      await new Promise((resolve) => server.close(resolve));
    }
    assertEquals(logger.lines, []);
  },
});

Deno.test("upgrade and upgradeSocket say what they take", async () => {
  const local = "ws://127.0.0.1:9";
  await using grid = new Manager({ local, hosts: [local], logger: new QuietLogger() });
  const given = [null, undefined, 1, {}, { headers: {} }, { httpVersion: "1.1", rawHeaders: [] }];
  for (const wrong of given as never[]) {
    for (
      const attempt of [
        () => grid.upgrade(wrong),
        () => grid.upgradeSocket(wrong, wrong, wrong),
        () => grid.upgradeSocket({ httpVersion: "1.1", rawHeaders: [] }, wrong, new Uint8Array()),
        () => grid.upgrade(new Request("http://127.0.0.1:9"), { server: wrong ?? null! }),
      ]
    ) {
      const error = assertThrows(attempt) as { code?: unknown };
      assertEquals(error.code, "InvalidArgument", `${error}`);
    }
  }
});

Deno.test({
  name: "nodes whose paths differ do not meet, and the dialler is told",
  ignore: !NET,
  async fn() {
    const hosts = twoHosts();
    const logger = new QuietLogger();
    const acceptor = new Manager({ local: hosts[0], hosts, logger, path: "/grid/v1" });
    const dialler = new Manager({ local: hosts[1], hosts, logger, path: "/grid/v2" });
    try {
      await Promise.all([acceptor.listen(), dialler.listen()]);
      const connection = dialler.connection(hosts[0]);
      await until(() => connection.state === "disconnected", "the dialler is refused");
      const error = await failure(connection.request(answer, "x"), "Unreachable");
      assertStringIncludes(error.message, "404");
      assertStringIncludes(error.message, "path option");
    } finally {
      await Promise.all([acceptor.close(), dialler.close()]);
    }
  },
});
