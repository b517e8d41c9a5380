/**
 * Reading from connections of Deno.
 *
 * @module
 */

import type { Socket, SocketRead } from "../platform/socket.ts";

/** The versions whose own `Deno.Conn.read` does what is done here, and keeps the set. */
const KNOWN_VERSIONS = /^2\.9\.[0-6]$/;
/** Under this name a connection has the number of its resource. */
const RESOURCE = "Deno.internal.rid";

/** What `Deno.Conn.read` calls: how many bytes have come, 0 for the end. */
type CoreRead = (resource: number, into: Uint8Array<ArrayBuffer>) => Promise<number>;

/**
 * Makes what reads from connections without the set in which `Deno.Conn` keeps
 * what is under way, for `unref`.
 *
 * That set has a new table after each read. Once a collection has found a table
 * in use it is old, V8 makes all that follow it old too, and only full
 * collections take those back: a busy server had one in 1.3 seconds, each with
 * 20 to 25 ms of marking beside its own work. Where Deno is another version, or
 * the socket is none of its own, `read` of the socket itself is called.
 */
export function denoReaders(): (socket: Socket) => SocketRead {
  const read = KNOWN_VERSIONS.test(Deno.version.deno) ? findCoreRead() : null;
  return (socket) => {
    const resource = resourceOf(socket);
    if (read === null || resource === undefined) return (into) => socket.read(into);
    return (into) => into.length === 0 ? socket.read(into) : read(resource, into).then(ended);
  };
}

/** What tells the end is `null`. */
function ended(count: number): number | null {
  return count === 0 ? null : count;
}

function findCoreRead(): CoreRead | null {
  const { internal } = Deno as { internal?: symbol };
  if (typeof internal !== "symbol") return null;
  const { core } = (Deno as unknown as Record<symbol, { core?: { read?: CoreRead } }>)[internal] ??
    {};
  return typeof core?.read === "function" ? core.read : null;
}

function resourceOf(socket: Socket): number | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) =>
    description === RESOURCE
  );
  if (symbol === undefined) return undefined;
  const resource = (socket as unknown as Record<symbol, unknown>)[symbol];
  return typeof resource === "number" ? resource : undefined;
}
