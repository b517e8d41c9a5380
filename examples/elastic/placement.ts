/**
 * Which node owns which key.
 *
 * @module
 */

import type { Endpoint, Resolver, Version } from "@internode/grid/call";
import { type RendezvousHash, rendezvousHash } from "@internode/grid";
import { delay } from "@std/async";

const AGAIN_MS = 100;

/** The owners of all keys while the nodes that may own any stay the same. */
export class Placement {
  /** Equal for nodes that see the same. */
  readonly id: string;
  readonly #hash: RendezvousHash;

  /** @param nodes The names of those that may own keys. */
  constructor(nodes: Iterable<string>) {
    this.#hash = rendezvousHash(nodes);
    this.id = this.nodes.join(" ");
  }

  /** Those that may own keys. */
  get nodes(): readonly string[] {
    return this.#hash.hosts;
  }

  /** Who owns the key; `undefined`: nobody may. */
  ownerOf(key: string): string | undefined {
    return this.#hash.owner(key);
  }
}

/** Calls back with each placement, as the resolver lists other nodes, until the signal aborts. */
export async function followPlacement(
  resolver: Resolver,
  onPlacement: (placement: Placement) => void,
  signal: AbortSignal,
): Promise<void> {
  let version: Version | null = null;
  while (!signal.aborted) {
    try {
      const resolution = await resolver.resolve(version, signal);
      if (version === null || resolution.version !== version) {
        onPlacement(new Placement(resolution.endpoints.map(nameOf)));
        version = resolution.version;
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      console.warn(`The list of owners cannot be read at the moment: ${error}`);
    }
    await delay(AGAIN_MS, { signal }).catch(() => {});
  }
}

function nameOf({ name, address }: Endpoint): string {
  return name ?? address;
}
