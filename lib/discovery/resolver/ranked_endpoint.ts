/**
 * Endpoints that are not all alike.
 *
 * @module
 */

import type { Endpoint } from "../../transport/channel/endpoint.ts";
import type { Channel } from "../../transport/channel/transport.ts";

/** An endpoint with the place among others that a service record gives it. */
export class RankedEndpoint implements Endpoint {
  readonly address: string;
  readonly priority: number;
  readonly weight: number;
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint, priority: number, weight: number) {
    this.address = endpoint.address;
    this.priority = priority;
    this.weight = weight;
    this.#endpoint = endpoint;
  }

  dial(signal: AbortSignal, makeToken?: () => string): Promise<Channel> {
    return this.#endpoint.dial(signal, makeToken);
  }

  onChange(listener: () => void): () => void {
    return this.#endpoint.onChange?.(listener) ?? (() => {});
  }
}
