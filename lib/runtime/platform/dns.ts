/**
 * Asking DNS on any runtime.
 *
 * @module
 */

/** What is asked beside the name. */
export interface DnsLookUpOptions {
  /** The server to ask. Default: that of the system. */
  readonly nameServer?: { readonly ipAddr: string; readonly port: number };
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/** Where a service is offered (RFC 2782). */
export interface SrvRecord {
  /** Those of the lowest number come first. */
  readonly priority: number;
  /** Its share among those. */
  readonly weight: number;
  /** The port. */
  readonly port: number;
  /** The host. */
  readonly target: string;
}

/** An address, and how long it is good for. */
export interface AddressRecord {
  /** The IP address. */
  readonly address: string;
  /** Its time to live, in seconds. */
  readonly ttl?: number | undefined;
}

/**
 * Looks a name up: resolves to addresses, with their times to live where those are known, or to records for `SRV`. Rejects
 * with an error whose name is `NotFound` or whose code is `ENOTFOUND` or
 * `ENODATA` if there are none.
 */
export type DnsLookUp = (
  name: string,
  type: "A" | "AAAA" | "SRV",
  options: DnsLookUpOptions,
) => Promise<readonly (string | AddressRecord)[] | readonly SrvRecord[]>;
