/**
 * The transports of real nodes.
 *
 * @module
 */

import { sharedMemoryTransport } from "./memory/memory.ts";
import type { TlsOptions } from "./tls/tls.ts";
import type { Transports } from "./channel/transport.ts";
import { loadOnce, transportOnDemand } from "./channel/transport_on_demand.ts";
import { fields, withMethods } from "../foreign/option_checks.ts";

const tcp = loadOnce(() => import("./tcp/tcp.ts"));
const tls = loadOnce(() => import("./tls/tls.ts"));
const unix = loadOnce(() => import("./unix/unix.ts"));
/** WebSocket's module. */
export const webSocketModule: () => Promise<typeof import("./websocket/web_socket.ts")> = loadOnce(
  () => import("./websocket/web_socket.ts"),
);

/**
 * All transports of this library, by URL scheme. Making them needs no
 * permission; using them does, except `memory`.
 *
 * @param options Certificates, for `tls` and `wss`.
 * @returns `tcp`, `tls`, `ws`, `wss`, `unix` and `memory`.
 *
 * @example A node that trusts your own authority; to listen it needs `cert` and `key` too
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Manager, systemTransports } from "@internode/grid";
 *
 * const authority = "-----BEGIN CERTIFICATE-----\n…"; // read from a file
 * const hosts = ["tls://node-1.example:9000", "tls://node-2.example:9000"];
 * const transports = systemTransports({ caCerts: [authority] });
 * await using grid = new Manager({ local: hosts[0]!, hosts, transports });
 * assertEquals(grid.connections().length, 1);
 * ```
 */
export function systemTransports(options: TlsOptions = {}): Transports {
  const webSocket = transportOnDemand(async () =>
    (await webSocketModule()).webSocketTransport(options)
  );
  return {
    tcp: transportOnDemand(async () => (await tcp()).tcpTransport()),
    tls: transportOnDemand(async () => (await tls()).tlsTransport(options)),
    ws: webSocket,
    wss: webSocket,
    unix: transportOnDemand(async () => (await unix()).unixTransport()),
    memory: sharedMemoryTransport,
  };
}

/**
 * Checks the transports that a user has given.
 *
 * @throws {InternodeError} `InvalidArgument` for anything else.
 */
export function transportsOf(given: Transports | undefined): Transports | undefined {
  for (const [scheme, transport] of Object.entries(fields("transports", given) ?? {})) {
    withMethods(`transports.${scheme}`, transport, "dial", "listen");
  }
  return given;
}
