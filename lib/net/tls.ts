/**
 * TCP with TLS.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { closeConn } from "./conn_channel.ts";
import { ConnListener } from "./conn_listener.ts";
import { connectTcp, dialConn } from "./dial_conn.ts";
import { type HostAddress, networkAddress } from "./host_address.ts";
import type { Transport } from "./transport.ts";
import { listenError } from "./transport_error.ts";

/** Certificates, in PEM format. */
export interface TlsOptions {
  /** The certificate that a listener shows, and the chain to its authority. Needed for listening. */
  cert?: string | undefined;
  /** The private key of `cert`. Needed for listening. */
  key?: string | undefined;
  /** Authorities that a dialler believes beside the runtime's own. Default: none. */
  caCerts?: readonly string[] | undefined;
}

/**
 * Connections over TLS. The listener shows its certificate and the dialler
 * checks it against the host's name; the other way round, the shared secret
 * proves the dialler. Needs `--allow-net`.
 *
 * @param options Certificates.
 * @returns The transport for `tls://host:port`.
 */
export function tlsTransport(options: TlsOptions = {}): Transport {
  const caCerts = [...(options.caCerts ?? [])];
  return {
    dial(address, { signal }) {
      return dialConn(address, signal, true, () => connectTls(address, signal, { caCerts }));
    },

    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async listen(address, listenOptions) {
      const { hostname, port } = address, { cert, key } = requireIdentity(address, options);
      let listener: Deno.TlsListener;
      try {
        listener = Deno.listenTls({ hostname, port, cert, key });
      } catch (cause) {
        throw listenError(address, cause);
      }
      const bound = networkAddress("tls", hostname, listener.addr.port);
      return new ConnListener(listener, bound, {
        integrity: true,
        remoteOf: ({ remoteAddr }) =>
          networkAddress("tls", remoteAddr.hostname, remoteAddr.port).href,
      }, listenOptions);
    },
  };
}

/**
 * The certificate and key that a listener cannot do without.
 *
 * @param address Where it wants to listen.
 * @param options What was given.
 * @returns Both.
 * @throws {InternodeError} `InvalidArgument` if one is missing.
 */
export function requireIdentity(
  address: HostAddress,
  options: TlsOptions,
): { cert: string; key: string } {
  const { cert, key } = options;
  if (cert === undefined || key === undefined) {
    throw new InternodeError(
      "InvalidArgument",
      `Could not listen on ${address.href}: ${address.scheme} needs a certificate. ` +
        "Give cert and key, both as PEM text, to systemTransports.",
      { origin: "caller", host: address.href },
    );
  }
  return { cert, key };
}

/**
 * Connects by TLS over TCP without Nagle's delay, and shakes hands, as the
 * runtime would do only with the first read.
 *
 * @param address Where to.
 * @param signal Gives up.
 * @param options Authorities believed beside the runtime's own, and the protocols to be spoken.
 * @returns The connection.
 */
export async function connectTls(
  address: HostAddress,
  signal: AbortSignal,
  options: { readonly caCerts: string[]; readonly alpnProtocols?: string[] },
): Promise<Deno.TlsConn> {
  const { hostname } = address;
  let conn: Deno.TcpConn | Deno.TlsConn = await connectTcp(address, signal);
  const onAbort = (): void => closeConn(conn);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const tls: Deno.TlsConn = conn = await Deno.startTls(conn, { hostname, ...options });
    signal.throwIfAborted();
    await tls.handshake();
    return tls;
  } catch (error) {
    closeConn(conn);
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
