import { Manager, systemTransports } from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  mtls,
  mtlsTransports,
  parseNetEndpoint,
  serve,
} from "@internode/grid/call";
import { assert, assertEquals } from "@std/assert";
import { type Inspectable, inspectionOf } from "../../../lib/rpc/inspection/inspectable.ts";
import { until } from "../../conformance/world.ts";
import { configOf, TestAuthority } from "../../support/certificates/test_authority.ts";
import { QuietLogger } from "../../support/log/quiet.ts";
import { NET } from "../../support/permitted.ts";

const DAY_MS = 86_400_000, IP = { type: "ip", value: "127.0.0.1" } as const;
const logger = new QuietLogger();
const authority = await TestAuthority.root("authority");

async function config(name: string, toDays: number) {
  return configOf(await authority.node(name, { names: [IP], toDays }), authority);
}

/** Whose certificates end in so many days, the authority's left out. */
function ends(face: Inspectable): string[] {
  return inspectionOf(face).certificates().flatMap(({ whose, host, subject, expiresMs }) => {
    if (whose === "authorities") return [];
    return `${whose} ${host.replace(/:\d+.*/, "")} ${subject} ${
      Math.round((expiresMs - Date.now()) / DAY_MS)
    }`;
  });
}

Deno.test({
  name: "until when certificates are valid is told by clients, servers and nodes, of both ends",
  ignore: !NET,
  async fn() {
    const transports = mtlsTransports(await config("server", 3));
    const listener = await listen("tls://127.0.0.1:0", new HandlerMap(), { transports, logger });
    await using server = serve(listener, { logger });
    const own = mtlsTransports(await config("client", 5));
    const endpoint = parseNetEndpoint(listener.address, { transports: own });
    await using client = await connect(constantResolver(endpoint), { name: "web", logger });
    const inner = parseNetEndpoint(listener.address.replace("tls:", "tcp:"), {
      transports: systemTransports(),
    });
    await using other = await connect(
      constantResolver(mtls(await config("other", 7), inner)),
      { name: "web-2", connections: 2, logger },
    );
    await until(() =>
      client.stats().connections === 1 && other.stats().connections === 2 &&
      server.connections.length === 3, "all are connected");
    assertEquals(ends(client), ["own  CN=client 5", "remote tls://127.0.0.1 CN=server 3"]);
    assertEquals(ends(other)[0], "own  CN=other 7");
    assertEquals(ends(other).length, 3);
    assertEquals(ends(server).sort(), [
      "own  CN=server 3",
      "remote web CN=client 5",
      "remote web-2 CN=other 7",
      "remote web-2 CN=other 7",
    ]);

    const local = "tls://127.0.0.1:1";
    await using grid = new Manager({ local, hosts: [local], tls: await config("node", 1), logger });
    assertEquals(ends(grid), ["own  CN=node 1"]);
    const all = inspectionOf(grid).certificates();
    assertEquals(all.map(({ whose }) => whose), ["own", "authorities"]);
    assert(!JSON.stringify(inspectionOf(grid).options).includes("PRIVATE"));
  },
});
