/**
 * Ports for nodes that must know their names before they listen.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";

/** No system takes these for connections that programs make, as it might before a node listens. */
const FIRST = 10_000, AFTER_LAST = 32_768;
/** Ports that belong together: who listens at the first may choose from the others. */
const LANE = 64;
/** How many lanes are tried before the search for one is given up. */
const TRIES = 1_000;
/** Where Linux tells who listens, a line each: the local port, and 0A for a socket that listens. */
const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const LISTENING = /^ *\d+: [\dA-F]+:([\dA-F]{4}) [\dA-F]+:0000 0A /gm;

/** Each listens at the first port of a lane, and holds it for as long as the thread lives. */
const holders: Server[] = [];
/** Ports of this thread that were not given yet. */
let fresh: number[] = [];

/**
 * Finds ports of this machine that nobody listens at. Each thread chooses from
 * ports of its own, so that no other that asks here takes one before its node
 * listens, and gives none twice while there are others. The same on Deno, Node
 * and Bun, which bind within the call where no host is named.
 *
 * @param count How many.
 * @returns The ports, as far as anyone can know.
 */
export function freePorts(count: number): number[] {
  const ports: number[] = [], before = holders.length;
  while (ports.length < count) {
    if (fresh.length === 0) fresh = morePorts().filter((port) => !ports.includes(port));
    if (fresh.length === 0) {
      // Others need what this one has found in vain.
      for (const holder of holders.splice(before)) holder.close();
      throw new Error(`There are no ${count} free ports.`);
    }
    ports.push(...fresh.splice(0, count - ports.length));
  }
  return ports;
}

/** The free ports of a further lane; of all that this thread holds where it gets no more. */
function morePorts(): number[] {
  const holder = holdLane();
  if (holder !== null) holders.push(holder);
  const isTaken = takenPorts();
  return (holder === null ? holders : [holder]).map(portOf)
    .flatMap((first) => Array.from({ length: LANE - 1 }, (_, nth) => first + 1 + nth))
    .filter((port) => !isTaken(port));
}

/**
 * Says whether somebody listens at a port. To listen there for a moment would
 * tell, too, but a process that another thread starts at that moment has a copy
 * of the socket until it runs its program: the port would be taken after all.
 *
 * @returns Tells it of a port, as it was when this was called.
 */
export function takenPorts(): (port: number) => boolean {
  try {
    const lines = TABLES.map((path) => readFileSync(path, "latin1")).join("");
    const ports = new Set(Array.from(lines.matchAll(LISTENING), ([, hex]) => parseInt(hex!, 16)));
    return (port) => ports.has(port);
  } catch {
    // A system that does not tell.
    return (port) => {
      const server = listenAt(port);
      server?.close();
      return server === null;
    };
  }
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
