/** How many round trips a connection takes until the first answer has come, that of TCP itself not counted. @module */

import { assertEquals } from "@std/assert";
import { Manager, type MtlsConfig, sharedSecret, single, type Transport } from "@internode/grid";
import { dials } from "../../lib/grid/dialler.ts";
import { mtlsTransport } from "../../lib/transport/mtls/mtls_transport.ts";
import { webSocketOver } from "../../lib/transport/websocket/web_socket.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { QuietLogger } from "../support/log/quiet.ts";
import { Hops } from "../support/network/hops.ts";

const echo = single("echo");
const authority = await TestAuthority.root("authority");
const config = configOf(
  await authority.node("node", { names: [{ type: "ip", value: "10.0.0.1" }] }),
  authority,
);

/** What goes over a network that carries bytes. */
type Layers = (inner: Transport, config: MtlsConfig) => Transport;

const KINDS: readonly [scheme: string, layers: Layers, open: number, proven: number][] = [
  ["tcp", (inner) => inner, 2, 2],
  ["ws", (inner) => webSocketOver(inner), 3, 3],
  ["tls", (inner, config) => mtlsTransport(config, inner), 3, 3],
  ["wss", (inner, config) => webSocketOver(mtlsTransport(config, inner)), 4, 4],
];

for (const [scheme, layers, open, proven] of KINDS) {
  for (const [secret, trips] of [[undefined, open], ["a secret of many bytes", proven]] as const) {
    const how = secret === undefined ? "without" : "with";
    Deno.test(`${scheme} ${how} a secret: the first answer comes after ${trips} round trips`, async () => {
      const hops = new Hops();
      const transports = { [scheme]: layers(hops.transport, config) };
      const hosts = pairOf(scheme);
      const auth = secret === undefined ? undefined : sharedSecret(secret);
      const logger = new QuietLogger();
      const [dialler, acceptor] = hosts.map((local) =>
        new Manager({ local, hosts, transports, logger, ...(auth && { auth }) })
      ) as [Manager, Manager];
      acceptor.handle(echo, (bytes) => bytes);
      await Promise.all([acceptor.listen(), dialler.listen()]);
      // Made before there is a connection, so that it leaves as soon as it may.
      const answer = dialler.connection(acceptor.local).request(echo, new Uint8Array([7]));
      const { hops: count, value } = await hops.until(answer);
      assertEquals([count / 2, [...value!]], [trips, [7]]);
      await hops.until(Promise.all([dialler.close(), acceptor.close()]));
    });
  }
}

/** Two hosts of which the first dials the second. */
function pairOf(scheme: string): [string, string] {
  const first = `${scheme}://10.0.0.1:9000`;
  let port = 9001;
  while (!dials(first, `${scheme}://10.0.0.1:${port}`)) port++;
  return [first, `${scheme}://10.0.0.1:${port}`];
}
