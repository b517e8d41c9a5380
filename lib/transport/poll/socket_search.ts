/**
 * Finds the descriptor of a connection of the runtime, which does not tell it.
 *
 * @module
 */

import type { Libc } from "../../runtime/platform/libc.ts";
import { IS_MACOS } from "../../runtime/platform/operating_system.ts";
import type { Socket, SocketAddress } from "../../runtime/platform/socket.ts";

/** So many descriptors are looked at; a process with more of them goes without. */
const MAX_DESCRIPTORS = 16_384;
/** So many in one call: no system's limit is below it. */
const BLOCK = 256;
/** The two words of a `struct pollfd`: the descriptor, and the events asked for and seen. */
const POLLFD_WORDS = 2;
const NOT_OPEN = 0x20 << 16;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = IS_MACOS ? 30 : 10;
/** Longer than any `struct sockaddr`. */
const ADDRESS_BYTES = 128;
/** The address's family and, on macOS, its length. */
const PATH_AT = 2;

/**
 * Finds all open descriptors of sockets with the addresses that a connection
 * has at both ends. For TCP there is one; on Unix sockets the clients of one
 * path have no names and look alike.
 *
 * @param libc The C library.
 * @param conn The connection, open.
 * @returns The descriptors, that of the connection among them; none where they cannot all be looked at.
 */
export function descriptorsLike(libc: Libc, conn: Socket): number[] {
  const local = textOf(conn.localAddr), remote = textOf(conn.remoteAddr);
  if (local === null || remote === null) return [];
  const found: number[] = [];
  const entries = new Int32Array(BLOCK * POLLFD_WORDS), bytes = new Uint8Array(entries.buffer);
  for (let first = 0; first < MAX_DESCRIPTORS; first += BLOCK) {
    for (let i = 0; i < BLOCK; i++) {
      entries[i * POLLFD_WORDS] = first + i;
      entries[i * POLLFD_WORDS + 1] = 0;
    }
    if (libc.poll(bytes, BigInt(BLOCK), 0) < 0) return [];
    for (let i = 0; i < BLOCK; i++) {
      if (entries[i * POLLFD_WORDS + 1] === NOT_OPEN) continue;
      // Whether there are more beyond cannot be known.
      if (first + i === MAX_DESCRIPTORS - 1) return [];
      const is = addressOf(libc.getsockname, first + i) === local &&
        addressOf(libc.getpeername, first + i) === remote;
      if (is) found.push(first + i);
      if (is && conn.localAddr.transport === "tcp") return found;
    }
  }
  return found;
}

function textOf(address: SocketAddress): string | null {
  if (address.transport === "tcp") return `${canonicalIp(address.hostname)} ${address.port}`;
  // The side that dials has no path, which shows as an empty one or none.
  if (address.transport === "unix") return `unix ${address.path ?? ""}`;
  return null;
}

function canonicalIp(ip: string): string {
  return new URL(`http://${ip.includes(":") ? `[${ip}]` : ip}`).hostname;
}

const bytes = new Uint8Array(ADDRESS_BYTES);
const view = new DataView(bytes.buffer);
const length = new Uint8Array(4);
const lengthView = new DataView(length.buffer);

/** The address that one of the two functions gives for a descriptor; `null`: it has none of these kinds. */
function addressOf(ask: Libc["getsockname"], descriptor: number): string | null {
  lengthView.setUint32(0, ADDRESS_BYTES, true);
  if (ask(descriptor, bytes, length) !== 0) return null;
  const family = IS_MACOS ? bytes[1]! : view.getUint16(0, true);
  const port = view.getUint16(2);
  if (family === AF_INET) return `${bytes.subarray(4, 8).join(".")} ${port}`;
  if (family === AF_INET6) {
    const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + i * 2).toString(16));
    return `${canonicalIp(groups.join(":"))} ${port}`;
  }
  if (family !== AF_UNIX) return null;
  const given = Math.min(lengthView.getUint32(0, true), ADDRESS_BYTES);
  const path = bytes.subarray(PATH_AT, Math.max(PATH_AT, given));
  const end = path.indexOf(0);
  return `unix ${decoder.decode(end < 0 ? path : path.subarray(0, end))}`;
}

const decoder = new TextDecoder();
