/**
 * The dialling side of mutual TLS.
 *
 * @module
 */

import { InternodeError, invalidArgument } from "../../errors.ts";
import type { ExpectedHost } from "../certificates/host_binding.ts";
import type { Credentials } from "../certificates/mtls_config.ts";
import type { CredentialSource } from "../certificates/mtls_credentials.ts";
import { endWhenRevoked } from "../certificates/revocation_watch.ts";
import type { Channel } from "../channel/transport.ts";
import type { TlsChannel } from "../tls/tls_channel.ts";
import { type HandshakeFailure, shakeHands } from "./mtls_handshake.ts";

/**
 * Makes a channel that has just been dialled one of mutual TLS.
 *
 * @param channel The channel, owned from now on.
 * @param address The host, for messages.
 * @param source This side's certificate and key, and the trusted authorities.
 * @param host What the host's certificate must have.
 * @param signal Aborts.
 * @param early See `DialOptions.early`.
 * @returns A channel with an identity, which ends once a certificate behind it is revoked. Rejects with the signal's reason, or with an `InternodeError`: `Unauthenticated` if one side does not trust the other, otherwise `Unreachable`.
 */
export async function secureDialled(
  channel: Channel,
  address: string,
  source: CredentialSource,
  host: ExpectedHost,
  signal: AbortSignal,
  early: boolean | undefined,
): Promise<TlsChannel> {
  if (channel.kind !== "bytes") {
    channel.close();
    throw invalidArgument(
      `Could not connect to ${address}: mutual TLS needs a channel of bytes, and this one ` +
        "carries messages. Use it with TCP or Unix sockets.",
      { host: address },
    );
  }
  const credentials = source.current;
  const peer = await shakeHands(channel, {
    role: "dialler",
    credentials,
    host,
    signal,
    early,
    errorOf: (failure) => dialFailure(failure, address, credentials),
  });
  if (early === true) peer.channel.readWhen(peer.trusted);
  else await peer.trusted;
  return endWhenRevoked(source, peer.channel);
}

function dialFailure(
  failure: HandshakeFailure,
  address: string,
  { subject }: Credentials,
): InternodeError {
  const { kind, message } = failure;
  switch (kind) {
    case "refusedHere":
      return new InternodeError(
        "Unauthenticated",
        `This side does not trust ${address}: ${message}. ` +
          "Correct that certificate, or this side's ca or serverName.",
        { origin: "remote", host: address, cause: failure },
      );
    case "refusedThere":
      return new InternodeError(
        "Unauthenticated",
        `${address} does not trust this side, which showed "${subject}": ${message}. ` +
          "Correct this side's certificate, or the host's ca.",
        { origin: "local", host: address, cause: failure },
      );
    case "failed":
      return new InternodeError(
        "Unreachable",
        `Could not connect to ${address} by mutual TLS: ${message}. ` +
          "Check that the host listens there with mutual TLS, and with a TLS version that both allow.",
        { origin: "network", host: address, cause: failure },
      );
  }
}
