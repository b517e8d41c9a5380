/**
 * More than one connection to a replica.
 *
 * @module
 */

import type { Endpoint } from "../../transport/channel/endpoint.ts";
import type { Channel } from "../../transport/channel/transport.ts";

/**
 * Makes an endpoint of each connection to a replica.
 *
 * @param replica The replica.
 * @param count How many connections: 1 or more.
 * @returns The replica's own endpoint, and others with `#2`, `#3` and so on behind its address.
 */
export function connectionsTo(replica: Endpoint, count: number): readonly Endpoint[] {
  if (count === 1) return [replica];
  return Array.from(
    { length: count },
    (_, at) => at === 0 ? replica : new FurtherConnection(replica, at + 1),
  );
}

/** The address of the replica that an endpoint is a connection to. */
export function replicaAddress(endpoint: Endpoint): string {
  return replicaEndpoint(endpoint).address;
}

/** The replica that an endpoint is a connection to. */
export function replicaEndpoint(endpoint: Endpoint): Endpoint {
  return endpoint instanceof FurtherConnection ? endpoint.replica : endpoint;
}

class FurtherConnection implements Endpoint {
  readonly address: string;
  /** The replica's, with the same behind it as behind the address: balancers tell the connections apart by it. */
  readonly name: string | undefined;
  /** The replica. */
  readonly replica: Endpoint;

  constructor(replica: Endpoint, number: number) {
    this.address = `${replica.address}#${number}`;
    this.name = replica.name === undefined ? undefined : `${replica.name}#${number}`;
    this.replica = replica;
  }

  get priority(): number | undefined {
    return this.replica.priority;
  }

  get weight(): number | undefined {
    return this.replica.weight;
  }

  get zone(): string | undefined {
    return this.replica.zone;
  }

  get metadata(): Endpoint["metadata"] {
    return this.replica.metadata;
  }

  dial(signal: AbortSignal, makeToken?: () => string, early?: boolean): Promise<Channel> {
    return this.replica.dial(signal, makeToken, early);
  }

  onChange(listener: () => void): () => void {
    return this.replica.onChange?.(listener) ?? (() => {});
  }
}
