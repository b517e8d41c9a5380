/**
 * Dialling for transports on `Deno.Conn`.
 *
 * @module
 */

import { ConnChannel } from "./conn_channel.ts";
import type { HostAddress } from "./host_address.ts";
import type { ByteChannel } from "./transport.ts";
import { dialError } from "./transport_error.ts";

/**
 * Connects, and gives up the moment the signal aborts: a connection that
 * comes about after that is closed at once.
 *
 * @param address Where to, for messages.
 * @param signal Gives up.
 * @param integrity Whether the transport detects changed bytes.
 * @param connect Does it.
 * @returns The channel. Rejects with the signal's reason or an `InternodeError`.
 */
export function dialConn(
  address: HostAddress,
  signal: AbortSignal,
  integrity: boolean,
  connect: () => Promise<Deno.Conn>,
): Promise<ByteChannel> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    connect().then((conn) => {
      signal.removeEventListener("abort", onAbort);
      const channel = new ConnChannel(conn, address.href, integrity);
      if (signal.aborted) channel.close();
      else resolve(channel);
    }, (cause) => {
      signal.removeEventListener("abort", onAbort);
      reject(signal.aborted ? signal.reason : dialError(address, cause));
    });
  });
}
