/**
 * Dialling for transports on sockets of the runtime.
 *
 * @module
 */

import { isOwnError } from "../../foreign/own_error.ts";
import type { Socket, TcpSocket } from "../../runtime/platform/socket.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { ConnChannel } from "./conn_channel.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import { dialledHost } from "../../runtime/socket_host.ts";
import type { ByteChannel, Channel } from "../channel/transport.ts";
import { dialError } from "../../runtime/transport_error.ts";

/**
 * Dials until the signal aborts: a channel that is made after that is closed at
 * once.
 *
 * @param address The address, for messages.
 * @param signal Aborts.
 * @param connect Connects.
 * @returns The channel. Rejects with the signal's reason or an `InternodeError`.
 */
export function dialChannel<C extends Channel>(
  address: HostAddress,
  signal: AbortSignal,
  connect: () => Promise<C>,
): Promise<C> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    connect().then((channel) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) channel.close();
      else resolve(channel);
    }, (cause) => {
      signal.removeEventListener("abort", onAbort);
      if (signal.aborted) reject(signal.reason);
      else reject(isOwnError(cause) ? cause : dialError(address, cause));
    });
  });
}

/**
 * Dials and wraps the connection in a channel.
 *
 * @param address The address, for messages.
 * @param signal Aborts.
 * @param integrity Whether checksums are not needed.
 * @param connect Connects.
 * @returns The channel. Rejects with the signal's reason or an `InternodeError`.
 */
export function dialConn(
  address: HostAddress,
  signal: AbortSignal,
  integrity: boolean,
  connect: () => Promise<Socket>,
): Promise<ByteChannel> {
  return dialChannel(
    address,
    signal,
    async () => new ConnChannel(await connect(), address.href, integrity),
  );
}

/**
 * Connects by TCP without Nagle's delay.
 *
 * @param address The address.
 * @param signal Aborts.
 * @returns The connection.
 */
export function connectTcp(
  { hostname, port }: HostAddress,
  signal: AbortSignal,
): Promise<TcpSocket> {
  return thisPlatform().connectTcp(dialledHost(hostname), port, signal);
}
