/**
 * Ports for nodes that must know their names before they listen.
 *
 * @module
 */

import { type AddressInfo, createServer, type Server } from "node:net";

/** No system takes these for connections that programs make, as it might before a node listens. */
const FIRST = 10_000, AFTER_LAST = 32_768;
/** Ports that belong together: who listens at the first may choose from the others. */
const LANE = 64, USABLE = LANE - 1;
/** How many lanes are tried before the search for one is given up. */
const TRIES = 1_000;

/** Each listens at the first port of a lane, and holds it for as long as the thread lives. */
const holders: Server[] = [];
/** The port that was given last, counted over all lanes: the one that was just let go comes last. */
let given = 0;

/**
 * Finds ports of this machine that nobody listens at; all are held until the
 * last is found. Each thread chooses from ports of its own, so that no other
 * that asks here takes one before its node listens. The same on Deno, Node and
 * Bun, which bind within the call where no host is named.
 *
 * @param count How many.
 * @returns The ports, as far as anyone can know.
 */
export function freePorts(count: number): number[] {
  if (count === 0) return [];
  const servers: Server[] = [], before = holders.length;
  try {
    for (const port of candidates()) {
      const server = listenAt(port);
      if (server !== null && servers.push(server) === count) return servers.map(portOf);
    }
    // Others need what this one has found in vain.
    for (const holder of holders.splice(before)) holder.close();
    throw new Error(`There are no ${count} free ports.`);
  } finally {
    for (const server of servers) server.close();
  }
}

/** The ports of this thread, each once, then those of further lanes. */
function* candidates(): Iterable<number> {
  for (let left = holders.length * USABLE; left > 0; left--) {
    given = (given + 1) % (holders.length * USABLE);
    yield portAt(given);
  }
  for (let holder = holdLane(); holder !== null; holder = holdLane()) {
    holders.push(holder);
    for (let left = USABLE; left > 0; left--) {
      given = holders.length * USABLE - left;
      yield portAt(given);
    }
  }
}

function portAt(index: number): number {
  return portOf(holders[Math.floor(index / USABLE)]!) + 1 + index % USABLE;
}

/** Listens at the first port of a lane; `null`: each that was tried has somebody. */
function holdLane(): Server | null {
  const lanes = Math.floor((AFTER_LAST - FIRST) / LANE);
  for (let tries = 0; tries < TRIES; tries++) {
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
