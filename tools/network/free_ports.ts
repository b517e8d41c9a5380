/**
 * Ports for nodes that must know their names before they listen.
 *
 * @module
 */

import { type AddressInfo, createServer, type Server } from "node:net";

/** No system takes these for connections that programs make, as it might before a node listens. */
const FIRST = 10_000, AFTER_LAST = 32_768;
/** How many are tried for each that is wanted before the search is given up. */
const TRIES_EACH = 100;

/**
 * Finds ports of this machine that nobody listens at; all are held until the
 * last is found. The same on Deno, Node and Bun, which bind within the call
 * where no host is named.
 *
 * @param count How many.
 * @returns The ports, as far as anyone can know.
 */
export function freePorts(count: number): number[] {
  const servers: Server[] = [];
  try {
    for (let tries = 0; servers.length < count; tries++) {
      if (tries === TRIES_EACH * count) throw new Error(`There are no ${count} free ports.`);
      const server = listenSomewhere();
      if (server !== null) servers.push(server);
    }
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    for (const server of servers) server.close();
  }
}

/** Listens at a port that is chosen at random; `null`: somebody has it. */
function listenSomewhere(): Server | null {
  const port = FIRST + Math.floor(Math.random() * (AFTER_LAST - FIRST));
  // That it cannot listen is seen at once: it has no address. Bun throws.
  const server = createServer().on("error", () => {});
  try {
    server.listen({ port });
  } catch {
    return null;
  }
  return server.address() === null ? null : server;
}
