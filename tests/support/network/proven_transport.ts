/**
 * A transport whose channels have proven who is at their other end, as over mutual TLS.
 *
 * @module
 */

import type { PeerIdentity } from "../../../lib/transport/channel/peer_identity.ts";
import type { Channel, Transport } from "../../../lib/transport/channel/transport.ts";

/** Who has a certificate for one host's URL. */
export function identityOf(host: string): PeerIdentity {
  return { subject: `CN=${host}`, sans: { dns: [], ip: [], uri: [host] }, fingerprint: host };
}

/** A simulated transport that knows by the network itself who is there. */
export class ProvenTransport implements Transport {
  readonly guarded = true;
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  readonly dial: Transport["dial"] = async (address, options) => {
    const channel = await this.#inner.dial(address, options);
    return proven(channel, (options.host ?? address).href);
  };

  readonly listen: Transport["listen"] = (address, options) =>
    this.#inner.listen(address, {
      ...options,
      // Simulated channels have the dialler's URL in front of their number.
      accept: (channel, name, slot) =>
        options.accept(proven(channel, channel.remote.split(" ")[0]!), name, slot),
    });
}

function proven(channel: Channel, host: string): Channel {
  return Object.defineProperty(channel, "identity", { value: identityOf(host) });
}
