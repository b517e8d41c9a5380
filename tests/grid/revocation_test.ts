/**
 * Nodes and clients whose certificates are revoked.
 *
 * @module
 */

import { Manager, MtlsCredentials } from "@internode/grid";
import {
  connect,
  constantResolver,
  HandlerMap,
  listen,
  makeMethodKey,
  mtls,
  mtlsTransports,
  serve,
  tcp,
} from "@internode/grid/call";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePorts } from "../../tools/network/free_ports.ts";
import { answer } from "../conformance/contracts.ts";
import { inTime } from "../support/asking.ts";
import { moduleFolder } from "../support/module_folder.ts";
import { FILES, NET } from "../support/permitted.ts";
import { configOf, TestAuthority } from "../support/certificates/test_authority.ts";
import { crlPem } from "../support/certificates/test_crl.ts";
import { QuietLogger } from "../support/log/quiet.ts";

const authority = await TestAuthority.root("authority");
const folder = moduleFolder();

/** Waits until something is so, turn by turn. */
function until(condition: () => boolean): Promise<void> {
  return inTime(async () => {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  });
}

for (const scheme of ["tls", "unix", "wss"]) {
  Deno.test({
    name:
      `over ${scheme}, a node whose certificate is revoked loses its connection and gets none, and the others keep theirs`,
    ignore: !NET || !FILES,
    fn: async () => {
      const hosts = freePorts(3).map((port, index) =>
        scheme === "unix" ? `unix://${folder}/n${index}` : `${scheme}://127.0.0.1:${port}`
      );
      const shown = await Promise.all(
        hosts.map((value) => authority.node(value, { names: [{ type: "uri", value }] })),
      );
      const logger = new QuietLogger();
      const credentials = shown.map((one) =>
        new MtlsCredentials(configOf(one, authority), { logger })
      );
      const nodes = hosts.map((local, index) =>
        new Manager({ local, hosts, tls: credentials[index]!, logger, maxConnectionAgeMs: 600_000 })
      );
      for (const node of nodes) {
        node.handle(answer, (text) => text);
        await node.listen();
      }
      await Promise.all(nodes.map((node) => node.waitForConnect()));
      // Both others learn of it, the stolen one does not.
      const crl = await crlPem(authority, [shown[2]!]);
      for (const index of [0, 1]) {
        credentials[index]!.replace({ ...configOf(shown[index]!, authority), crl });
      }
      const [first, second] = nodes, stolen = nodes[2]!;
      const isGone = (node: Manager): boolean =>
        node.connection(stolen.local).state === "disconnected";
      await until(() => isGone(first!) && isGone(second!));
      await until(() => logger.lines.some((line) => line.includes("was revoked by its authority")));
      assert(stolen.connections().every(({ state }) => state !== "connected"));
      assertEquals(await first!.connection(second!.local).request(answer, "x"), "x");
      await Promise.all(nodes.map((node) => node.close({ graceMs: 0 })));
      await Promise.all(credentials.map((one) => one.close()));
    },
  });
}

Deno.test({
  name:
    "a client whose certificate is revoked in the server's file loses its connection, and learns why it gets none",
  ignore: !NET || !FILES,
  fn: async () => {
    const [server, good, bad] = await Promise.all(
      ["localhost", "good.example", "bad.example"].map((name) => authority.node(name)),
    );
    const path = `${folder}/service`, logger = new QuietLogger();
    Deno.mkdirSync(path);
    Deno.writeTextFileSync(`${path}/cert.pem`, server!.cert);
    Deno.writeTextFileSync(`${path}/key.pem`, server!.key);
    Deno.writeTextFileSync(`${path}/ca.pem`, authority.cert);
    Deno.writeTextFileSync(`${path}/crl.pem`, await crlPem(authority, []));
    await using credentials = new MtlsCredentials({
      certFile: `${path}/cert.pem`,
      keyFile: `${path}/key.pem`,
      caFile: `${path}/ca.pem`,
      crlFile: `${path}/crl.pem`,
    }, { settleMs: 20, pollIntervalMs: 100, logger });
    const echo = makeMethodKey("test", "echo"), stop = new AbortController();
    const handlers = new HandlerMap().set("test", "echo", (bytes) => bytes);
    const listener = await listen("tls://127.0.0.1:0", handlers, {
      transports: mtlsTransports(credentials),
      logger,
    });
    const serving = serve(listener, { signal: stop.signal, graceMs: 0, logger }).finished;
    const address = listener.address.replace("tls://", "");
    const clientOf = (identity: { cert: string; key: string }) =>
      connect(
        constantResolver(
          mtls(configOf(identity, authority, { serverName: "localhost" }), tcp(address)),
        ),
        { logger },
      );
    const clients = [await clientOf(good!), await clientOf(bad!)];
    const call = (index: number): Promise<Uint8Array> =>
      clients[index]!.call(echo, new Uint8Array(3), { retry: false, timeoutMs: 2_000 });
    for (const index of [0, 1]) assertEquals((await call(index)).length, 3);
    Deno.writeTextFileSync(`${path}/crl.pem`, await crlPem(authority, [bad!]));
    const failure = (): string => String(clients[1]!.replicas[0]?.lastFailure);
    await until(() => failure().includes("was revoked by its authority"));
    assertStringIncludes(failure(), 'which showed "CN=bad.example"');
    assertEquals((await call(0)).length, 3);
    await Promise.all(clients.map((client) => client.close()));
    stop.abort();
    await serving;
  },
});
