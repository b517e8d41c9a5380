/**
 * The endpoints under a prefix, as far as they are known.
 *
 * @module
 */

import type { Endpoint } from "../../transport/channel/endpoint.ts";
import type { EtcdChange, EtcdListing } from "./etcd_store.ts";

/** What stands under one key. */
interface Entry {
  readonly text: string;
  /** What the text means, or what an earlier one meant if it means nothing; `null` if none did. */
  readonly endpoint: Endpoint | null;
}

/** Remembers what each value means, and of a key whose value has turned bad what it meant before. */
export class EtcdSet {
  readonly #read: (key: string, text: string) => Endpoint | null;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #revision = 0n;

  /**
   * Starts with nothing.
   *
   * @param read Makes an endpoint of a value; `null` if that cannot be done. Asked once for each value.
   */
  constructor(read: (key: string, text: string) => Endpoint | null) {
    this.#read = read;
  }

  /** The revision of the store up to which all is known. */
  get revision(): bigint {
    return this.#revision;
  }

  /** The endpoints, in the order of their keys; `null` if there is no key. */
  endpoints(): Endpoint[] | null {
    if (this.#entries.size === 0) return null;
    return [...this.#entries].sort(([a], [b]) => a < b ? -1 : 1)
      .flatMap(([, { endpoint }]) => endpoint === null ? [] : [endpoint]);
  }

  /** Takes a listing for the truth, whatever was known. */
  list(listing: EtcdListing): void {
    const entries = new Map<string, Entry>();
    for (const [key, text] of listing.values) entries.set(key, this.#entry(key, text));
    this.#entries = entries;
    this.#revision = listing.revision;
  }

  /** Takes changes; those that are no news, which some versions of etcd send, are passed over. */
  apply(changes: readonly EtcdChange[]): void {
    const entries = new Map(this.#entries);
    let last = this.#revision;
    for (const { key, value, revision } of changes) {
      if (revision <= this.#revision) continue;
      if (value === null) entries.delete(key);
      else entries.set(key, this.#entry(key, value));
      if (revision > last) last = revision;
    }
    this.#entries = entries;
    this.#revision = last;
  }

  #entry(key: string, text: string): Entry {
    const old = this.#entries.get(key);
    if (old?.text === text) return old;
    return { text, endpoint: this.#read(key, text) ?? old?.endpoint ?? null };
  }
}
