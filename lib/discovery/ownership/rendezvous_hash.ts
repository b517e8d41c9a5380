/**
 * Which hosts own a key.
 *
 * @module
 */

import { guard } from "../../foreign/guard.ts";
import { shown } from "../../foreign/text_of.ts";
import { invalidArgument } from "../../errors.ts";
import { hashShardKey, type ShardKey } from "./key_hash.ts";
import { RendezvousTable } from "./rendezvous_table.ts";

/** A host that may own keys: its name, or that with a weight. */
export type OwnerHost = string | {
  /** Its name, by which its keys stay with it whatever its address is. */
  readonly name: string;
  /** Its share of the keys beside others' weights, a number above 0. Default: 1. */
  readonly weight?: number | undefined;
};

/**
 * Says which hosts own a key, the first one first: `n` of them, none twice.
 *
 * The answer follows from the key, the hosts' names and their weights alone, not
 * from the order in which they are given, nor from the process, the machine, the
 * runtime or the version of this library. It is rendezvous hashing:
 *
 * - Each host has its share of the keys, by its weight, as even as chance makes it.
 * - A host that comes takes its share, evenly from all others; no other key moves.
 * - A host that goes leaves its keys evenly to all others; no other key moves.
 * - A host whose weight grows only gains keys, one whose weight shrinks only loses some.
 * - The same holds for each place among the `n`: the second owner is the one that
 *   would be the first if the first did not exist. So whoever is to take over a
 *   key has its copy already.
 *
 * For many keys over the same hosts {@linkcode rendezvousHash} is quicker.
 *
 * @param key A finite number, a `bigint` or a string. Numbers and bigints of one value are one key as far as the number is a safe integer.
 * @param hosts Their names, or those and weights. Of several with one name the first counts.
 * @param n How many owners: a whole number from 0 on. Default: 1.
 * @returns Names: `n` of them, or all where there are fewer.
 * @throws {InternodeError} `InvalidArgument` for a key, host, weight or count of the wrong kind.
 *
 * @example
 * ```ts
 * import { owners } from "@internode/grid";
 * import { assertEquals } from "@std/assert";
 *
 * const hosts = ["node-1", "node-2", "node-3", "node-4"];
 * const [first, second] = owners("user-7", hosts, 2);
 * // Without the first owner the second one has the key.
 * assertEquals(owners("user-7", hosts.filter((host) => host !== first)), [second]);
 * ```
 */
export function owners(key: ShardKey, hosts: Iterable<OwnerHost>, n: number = 1): string[] {
  return new RendezvousHash(hosts).owners(key, n);
}

/**
 * Prepares hosts for many questions who owns a key.
 *
 * Of 100 hosts the first owner of a key takes 0.25 µs (0.54 µs where weights
 * differ), three owners 0.56 µs; {@linkcode owners}, which prepares them each
 * time, takes 30 µs. It holds 8 bytes for each host, and from 8 hosts on 32 KiB
 * for the owners of keys that were asked for lately.
 *
 * @param hosts As {@linkcode owners} takes them.
 * @returns What answers; make another one when the hosts change.
 * @throws {InternodeError} `InvalidArgument` for a host or weight of the wrong kind.
 *
 * @example
 * ```ts
 * import { rendezvousHash } from "@internode/grid";
 * import { assertEquals } from "@std/assert";
 *
 * const before = rendezvousHash(["node-1", "node-2", { name: "node-3", weight: 2 }]);
 * const after = rendezvousHash(["node-1", "node-2", { name: "node-3", weight: 2 }, "node-4"]);
 * for (let key = 0; key < 1_000; key++) {
 *   // What moves, moves to the host that has come.
 *   if (after.owner(key) !== before.owner(key)) assertEquals(after.owner(key), "node-4");
 * }
 * ```
 */
export function rendezvousHash(hosts: Iterable<OwnerHost>): RendezvousHash {
  return new RendezvousHash(hosts);
}

/** Hosts that own keys; {@linkcode rendezvousHash} makes one, and {@linkcode owners} says what it guarantees. */
export class RendezvousHash {
  /** The hosts' names, sorted by UTF-16 code units. */
  readonly hosts: readonly string[];
  readonly #table: RendezvousTable;

  /**
   * Prepares the hosts.
   *
   * @param hosts As {@linkcode owners} takes them.
   * @throws {InternodeError} `InvalidArgument` for a host or weight of the wrong kind.
   */
  constructor(hosts: Iterable<OwnerHost>) {
    const weights = weightsOf(hosts);
    this.hosts = Object.freeze([...weights.keys()].sort());
    this.#table = new RendezvousTable(this.hosts, this.hosts.map((host) => weights.get(host)!));
  }

  /**
   * Says who owns a key.
   *
   * @param key See {@linkcode owners}.
   * @returns The first owner's name; `undefined` if there are no hosts.
   * @throws {InternodeError} `InvalidArgument` for a key of the wrong kind.
   */
  owner(key: ShardKey): string | undefined {
    return this.hosts[this.#table.owner(hashShardKey(key))];
  }

  /**
   * Says who owns a key, the first one first.
   *
   * @param key See {@linkcode owners}.
   * @param n How many: a whole number from 0 on.
   * @returns Names, none twice: `n` of them, or all where there are fewer.
   * @throws {InternodeError} `InvalidArgument` for a key or count of the wrong kind.
   */
  owners(key: ShardKey, n: number): string[] {
    if (!(Number.isSafeInteger(n) && n >= 0)) {
      throw invalidArgument(
        `The number of owners must be a whole number from 0 on, not ${shown(n)}.`,
      );
    }
    const place = hashShardKey(key);
    if (n === 0) return [];
    return this.#table.owners(place, n).map((at) => this.hosts[at]!);
  }
}

/** The weights by their names. */
function weightsOf(hosts: Iterable<OwnerHost>): Map<string, number> {
  const weights = new Map<string, number>();
  if (typeof hosts === "string" || !isIterable(hosts)) {
    throw invalidArgument(`Hosts that own keys must be a list of names, not ${shown(hosts)}.`);
  }
  for (const host of hosts) {
    const { name, weight = 1 } = typeof host === "string"
      ? { name: host }
      : guard(() => ({ name: host.name, weight: host.weight }), () => ({ name: "" }));
    if (typeof name !== "string" || name === "") {
      throw invalidArgument(
        `A host that owns keys must be a name or { name, weight }, not ${shown(host)}.`,
      );
    }
    if (!(typeof weight === "number" && weight > 0 && weight < Infinity)) {
      throw invalidArgument(
        `The weight of the host ${name} must be a number above 0, not ${shown(weight)}.`,
      );
    }
    if (!weights.has(name)) weights.set(name, weight);
  }
  return weights;
}

function isIterable(given: unknown): boolean {
  return guard(() => Symbol.iterator in Object(given), () => false);
}
