/**
 * TCP.
 *
 * @module
 */

import { ConnListener } from "./conn_listener.ts";
import { connectTcp, dialConn } from "./dial_conn.ts";
import type { TcpListener } from "../../runtime/platform/socket.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { type HostAddress, networkAddress } from "../../runtime/host_address.ts";
import { sharingProblem } from "./shared_port.ts";
import { listenOnHost, remoteHost } from "../../runtime/socket_host.ts";
import type {
  Channel,
  DialOptions,
  Listener,
  ListenOptions,
  Transport,
} from "../channel/transport.ts";
import { listenError } from "../../runtime/transport_error.ts";

/**
 * Connections over TCP, without Nagle's delay. Needs `--allow-net`.
 *
 * @returns The transport for `tcp://host:port`, and whatever goes over it.
 */
export function tcpTransport(): Transport {
  return { dial, listen };
}

function dial(address: HostAddress, { signal }: DialOptions): Promise<Channel> {
  return dialConn(address, signal, false, () => connectTcp(address, signal));
}

async function listen(address: HostAddress, options: ListenOptions): Promise<Listener> {
  const { scheme, hostname, port } = address, sharePort = options.sharePort === true;
  const problem = sharePort ? sharingProblem(address) : null;
  if (problem !== null) throw problem;
  let listener: TcpListener;
  try {
    const { listenTcp } = thisPlatform();
    listener = await listenOnHost(hostname, (hostname) => listenTcp(hostname, port, sharePort));
  } catch (cause) {
    throw listenError(address, cause);
  }
  const bound = networkAddress(scheme, hostname, listener.addr.port);
  return new ConnListener(listener, bound, {
    integrity: false,
    remoteOf: ({ remoteAddr }) => remoteHost(scheme, remoteAddr).href,
    addressOf: ({ remoteAddr }) => remoteAddr.hostname,
    prepare: (conn) => conn.setNoDelay(true),
  }, options);
}
