/**
 * Internode's grid: requests between two nodes.
 *
 * @module
 */

import { Manager, single } from "@internode/grid";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { LOOPBACK, type Peer, RUNTIME } from "./peer.ts";

const echo = single("peers.echo");

/**
 * Two nodes with all defaults: checksums, deadlines and pings are on.
 *
 * @param scheme Over what.
 * @param spinUs For how long both poll, in microseconds. Default: not at all.
 */
export function internodeGrid(scheme: "tcp" | "ws", spinUs = 0): Peer {
  return {
    missing: () =>
      Promise.resolve(
        spinUs > 0 && RUNTIME !== "deno" ? "only Deno can poll a socket here" : undefined,
      ),
    async serve() {
      const hosts = freePorts(2).map((port) => `${scheme}://${LOOPBACK}:${port}`);
      const manager = new Manager({ local: hosts[0]!, hosts, spinUs });
      manager.handle(echo, (bytes) => bytes);
      const listening = await manager.listen();
      return {
        address: hosts.join(),
        async [Symbol.asyncDispose](): Promise<void> {
          await listening[Symbol.asyncDispose]();
          await manager.close({ graceMs: 0 });
        },
      };
    },
    async dial(address) {
      const hosts = address.split(",");
      const manager = new Manager({ local: hosts[1]!, hosts, spinUs });
      await manager.listen();
      await manager.waitForConnect({ timeoutMs: 10_000 });
      const connection = manager.connection(hosts[0]!);
      return {
        echo: (payload) => connection.request(echo, payload),
        [Symbol.asyncDispose]: () => manager.close({ graceMs: 0 }),
      };
    },
  };
}
