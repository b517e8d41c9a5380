/**
 * The accepting side of mutual TLS.
 *
 * @module
 */

import { messageOf } from "../../foreign/text_of.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import type { CredentialSource } from "../certificates/mtls_credentials.ts";
import { endWhenRevoked } from "../certificates/revocation_watch.ts";
import type { Listener, ListenOptions, Transport } from "../channel/transport.ts";
import { listenThrough } from "../channel/transport_handshakes.ts";
import { HandshakeFailure, shakeHands } from "./mtls_handshake.ts";

/** An aborted handshake closes its channel. */
const NEVER = new AbortController().signal;

/**
 * Listens for mutual TLS over another transport.
 *
 * @param inner The transport within.
 * @param address Where to listen.
 * @param options What to call with channels and failures.
 * @param source This side's certificate and key, and the trusted authorities.
 * @returns The listener.
 */
export function listenSecured(
  inner: Transport,
  address: HostAddress,
  options: ListenOptions,
  source: CredentialSource,
): Promise<Listener> {
  return listenThrough(inner, address, options, {
    prepare: async (channel, slot) => {
      const credentials = source.current;
      const side = { role: "listener", credentials, host: null, signal: NEVER, slot } as const;
      const peer = await shakeHands(channel, side);
      await peer.trusted;
      return { channel: endWhenRevoked(source, peer.channel) };
    },
    refuses: (present) =>
      present >= source.current.maxHandshakes
        ? `${present} handshakes are under way already. Raise maxHandshakes if they are not hostile`
        : null,
    refusal: "Unauthenticated",
    describe: textOfFailure,
  });
}

/** The message of a listener about a failed handshake. */
function textOfFailure(failure: unknown): string {
  const text = messageOf(failure);
  return failure instanceof HandshakeFailure && failure.kind === "refusedThere"
    ? `it does not trust this side: ${text}`
    : text;
}
