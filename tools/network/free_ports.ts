/**
 * Ports for nodes that must know their names before they listen.
 *
 * @module
 */

import { type AddressInfo, createServer, type Server } from "node:net";

/** No system takes these for connections that programs make, as it might before a node listens. */
const FIRST = 10_000, AFTER_LAST = 32_768;
/** Ports that belong together: who listens at the first may choose from the others. */
const LANE = 64;
/** How many are tried for each that is wanted before the search is given up. */
const TRIES_EACH = 100;

/** Holds this thread's lane for as long as the thread lives. */
let holder: Server | null = null;
/** How many of the lane were given so far: the one that was just let go comes last. */
let given = 0;

/**
 * Finds ports of this machine that nobody listens at; all are held until the
 * last is found. Each thread chooses from ports of its own, so that no other
 * that asks here takes one before its node listens; only when these do not
 * suffice are they any. The same on Deno, Node and Bun, which bind within the
 * call where no host is named.
 *
 * @param count How many.
 * @returns The ports, as far as anyone can know.
 */
export function freePorts(count: number): number[] {
  const servers: Server[] = [];
  try {
    for (const port of candidates(TRIES_EACH * count)) {
      if (servers.length === count) break;
      const server = listenAt(port);
      if (server !== null) servers.push(server);
    }
    if (servers.length < count) throw new Error(`There are no ${count} free ports.`);
    return servers.map(portOf);
  } finally {
    for (const server of servers) server.close();
  }
}

/** The ports of this thread, then so many that are chosen at random. */
function* candidates(tries: number): Iterable<number> {
  holder ??= holdLane();
  for (let nth = 1; holder !== null && nth < LANE; nth++) {
    yield portOf(holder) + 1 + given++ % (LANE - 1);
  }
  for (let nth = 0; nth < tries; nth++) {
    yield FIRST + Math.floor(Math.random() * (AFTER_LAST - FIRST));
  }
}

/** Listens at the first port of a lane; `null`: each that was tried has somebody. */
function holdLane(): Server | null {
  const lanes = Math.floor((AFTER_LAST - FIRST) / LANE);
  for (let tries = 0; tries < TRIES_EACH; tries++) {
    const server = listenAt(FIRST + LANE * Math.floor(Math.random() * lanes));
    // It keeps no process alive.
    if (server !== null) return server.unref();
  }
  return null;
}

/** Listens at that port; `null`: somebody has it. */
function listenAt(port: number): Server | null {
  // That it cannot listen is seen at once: it has no address. Bun throws.
  const server = createServer().on("error", () => {});
  try {
    server.listen({ port });
  } catch {
    return null;
  }
  return server.address() === null ? null : server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
