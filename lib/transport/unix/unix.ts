/**
 * Unix sockets.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { isOwnError } from "../../foreign/own_error.ts";
import { errorKind } from "../../runtime/platform/error_kind.ts";
import type { FileFacts } from "../../runtime/platform/files.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { ConnListener } from "../tcp/conn_listener.ts";
import { dialConn } from "../tcp/dial_conn.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { sharingProblem } from "../tcp/shared_port.ts";
import type {
  Channel,
  DialOptions,
  Listener,
  ListenOptions,
  Transport,
} from "../channel/transport.ts";
import { listenError } from "../../runtime/transport_error.ts";
import { listenAtPath, type UnixSocket } from "./unix_socket.ts";

/** What is copied from one process to another within the kernel's memory needs no checksums, as little as other memory. */
const IS_SAFE = true;

/**
 * Connections over Unix sockets: three times as fast as TCP for hosts on one
 * machine. The permissions of the socket's directory decide who may connect.
 * Needs `--allow-net`, and `--allow-read` and `--allow-write` for the path.
 *
 * A listener that is closed removes its socket, unless another one has replaced
 * it. In that case, with the permissions for the path only, it cannot be
 * closed: it accepts no more connections, and keeps one descriptor until the
 * process ends.
 *
 * @returns The transport for `unix:///path`.
 */
export function unixTransport(): Transport {
  return { dial, listen };
}

function dial(address: HostAddress, { signal }: DialOptions): Promise<Channel> {
  const { path } = address;
  return dialConn(address, signal, IS_SAFE, () => thisPlatform().connectUnix(path));
}

async function listen(address: HostAddress, options: ListenOptions): Promise<Listener> {
  const { path } = address;
  const problem = options.sharePort === true ? sharingProblem(address) : null;
  if (problem !== null) throw problem;
  let listener: UnixSocket;
  try {
    await removeDeadSocket(address);
    listener = await listenAtPath(path);
  } catch (cause) {
    throw isOwnError(cause) ? cause : listenError(address, cause);
  }
  return new ConnListener(listener, address, {
    integrity: IS_SAFE,
    // A client's end of a Unix socket has no name of its own.
    remoteOf: () => `a client of ${address.href}`,
  }, options);
}

/** A process that was killed leaves its socket behind: nobody answers there. */
async function removeDeadSocket(address: HostAddress): Promise<void> {
  const { path } = address;
  const { files, connectUnix } = thisPlatform();
  let found: FileFacts;
  try {
    found = await files.lstat(path);
  } catch (error) {
    if (errorKind(error) === "notFound") return;
    throw error;
  }
  if (found.isSocket !== true) {
    throw invalidArgument(
      `Could not listen on ${address.href}: the file at that path is not a socket. ` +
        "Remove it or choose another path.",
      { host: address.href },
    );
  }
  try {
    (await connectUnix(path)).close();
  } catch (error) {
    if (errorKind(error) !== "refused") return;
    await files.remove(path).catch(() => {});
  }
}
