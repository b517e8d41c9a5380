import {
  InternodeError,
  Manager,
  type ManagerOptions,
  mtlsTransports,
  sharedSecret,
  systemTransports,
  type Transport,
} from "@internode/grid";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { memoryTransport } from "../../../lib/transport/memory/memory.ts";
import { tcpTransport } from "../../../lib/transport/tcp/tcp.ts";
import { unixTransport } from "../../../lib/transport/unix/unix.ts";
import { webSocketOver } from "../../../lib/transport/websocket/web_socket.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { QuietLogger } from "../../support/log/quiet.ts";

const auth = sharedSecret("a secret of more than 16 bytes");
const EXPOSED = ["tcp://node-1.example:9000", "ws://0.0.0.0:80", "tls://[::]:9000", "wss://a.b"];

/** A transport that listens nowhere, whatever the address; and whether it was asked to. */
class NowhereTransport implements Transport {
  listened = 0;
  readonly guarded: boolean;
  readonly #inner = memoryTransport();

  constructor(guarded = false) {
    this.guarded = guarded;
  }

  readonly dial: Transport["dial"] = (...given) => this.#inner.dial(...given);
  readonly listen: Transport["listen"] = (...given) => {
    this.listened++;
    return this.#inner.listen(...given);
  };
}

/** Listens, if it may. */
async function listen(
  local: string,
  options: Partial<ManagerOptions>,
  transport = new NowhereTransport(),
): Promise<NowhereTransport> {
  const transports = { tcp: transport, tls: transport, ws: transport, wss: transport };
  await using manager = new Manager({ local, hosts: [local], transports, ...options });
  await manager.listen();
  return transport;
}

Deno.test("a node that asks for no proof does not listen where other machines reach it", async () => {
  for (const local of EXPOSED) {
    const transport = new NowhereTransport();
    const error = await assertRejects(() => listen(local, {}, transport), InternodeError);
    assertEquals([error.code, error.origin], ["InvalidArgument", "caller"]);
    assertEquals(error.host, new Manager({ local, hosts: [local] }).local);
    const ways = ["auth", "option tls", "127.0.0.1", "Unix socket", "allowUnauthenticated: true"];
    for (const way of ways) assertStringIncludes(error.message, way);
    assertEquals(transport.listened, 0);
  }
});

Deno.test("it listens there with a secret, by a guarded transport, or if it is told to", async () => {
  for (const local of EXPOSED) {
    assertEquals((await listen(local, { auth })).listened, 1);
    assertEquals((await listen(local, { allowUnauthenticated: true })).listened, 1);
    assertEquals((await listen(local, {}, new NowhereTransport(true))).listened, 1);
  }
});

Deno.test("it listens on loopback and in memory as it is", async () => {
  for (const local of ["tcp://127.0.0.1:9000", "ws://localhost:80", "tls://[::1]:9000"]) {
    assertEquals((await listen(local, {})).listened, 1);
  }
  await using manager = new Manager({ local: "memory://guarded", hosts: ["memory://guarded"] });
  await manager.listen();
});

Deno.test("mutual TLS and memory guard their listeners, and nothing else does", async () => {
  const authority = await TestAuthority.root("authority");
  const config = configOf(await authority.node("node"), authority);
  for (const transport of Object.values(mtlsTransports(config))) assert(transport.guarded);
  assert(memoryTransport().guarded);
  const { memory: _, ...others } = systemTransports(config);
  const plain = [tcpTransport(), unixTransport(), webSocketOver(tcpTransport())];
  for (const transport of [...plain, ...Object.values(others)]) {
    assert(transport.guarded !== true);
  }
});

/** What a web server is asked by a dialling node. */
function upgradeRequest(token?: string): Request {
  const headers = new Headers({ connection: "upgrade", upgrade: "websocket" });
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  return new Request("http://node-1.example/internode", { headers });
}

Deno.test("without authentication, a user's own server refuses connections too", async () => {
  const local = "ws://node-1.example:80", logger = new QuietLogger();
  const refused = new Manager({ local, hosts: [local], logger });
  const answer = refused.upgrade(upgradeRequest());
  assertEquals(answer.status, 401);
  assertStringIncludes(await answer.text(), "Cannot listen at ws://node-1.example:80");
  assert(logger.has("allowUnauthenticated"), logger.lines.join("\n"));

  const peer = "ws://node-2.example:80", hosts = [local, peer];
  const open = new Manager({ local, hosts, logger, allowUnauthenticated: true });
  // It is let in, and is no WebSocket request.
  assertEquals(open.upgrade(upgradeRequest()).status, 426);
  const asking = new Manager({ local, hosts, logger, auth });
  assertEquals(asking.upgrade(upgradeRequest()).status, 401);
});
