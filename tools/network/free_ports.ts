/**
 * Ports for nodes that must know their names before they listen.
 *
 * @module
 */

import { type AddressInfo, createServer } from "node:net";

/**
 * Finds ports of this machine that nobody listens at; all are held until the
 * last is found. The same on Deno, Node and Bun, which bind within the call
 * where no host is named.
 *
 * @param count How many.
 * @returns The ports, as far as anyone can know.
 */
export function freePorts(count: number): number[] {
  const servers = Array.from({ length: count }, () => createServer().listen({ port: 0 }));
  try {
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    for (const server of servers) server.close();
  }
}
