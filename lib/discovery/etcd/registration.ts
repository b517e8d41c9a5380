/**
 * What a registration in etcd is, and is made of.
 *
 * @module
 */

import type { Logger } from "../../rpc/contract/logger.ts";
import type { Random } from "../../runtime/clock.ts";
import type { EtcdOptions } from "./etcd_gateway.ts";

/** What `register` needs to know. */
export interface RegisterOptions extends EtcdOptions {
  /** The service or the grid: the entry's key is this prefix, a slash and the endpoint's name, or its address if it has none. `"services/cache"`. */
  readonly prefix: string;
  /** How long the entry outlives a server that died or cannot reach etcd, in whole seconds. It is kept alive three times as often. Default: 10. */
  readonly ttlSeconds?: number | undefined;
  /** How long the first entry may take, attempts after failures included, in milliseconds. Default: 10,000. */
  readonly startTimeoutMs?: number | undefined;
  /** How long `close` may take to remove the entry, in milliseconds; after that the entry is left to run out. Default: 2,000. */
  readonly closeTimeoutMs?: number | undefined;
  /** Closes the registration when it aborts. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /** Where trouble is told. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
  /** The source of random numbers. Default: the system. */
  readonly random?: Random | undefined;
}

/** A server's entry in etcd. */
export interface Registration extends AsyncDisposable {
  /** What clients dial. */
  readonly address: string;
  /** Who is there: the address, unless another name was given. */
  readonly name: string;
  /** The entry's key. */
  readonly key: string;
  /** The entry's value: the address, or JSON where more is said of the endpoint. */
  readonly value: string;
  /**
   * Takes the entry out and stops keeping it alive. It may be called any number
   * of times, and resolves within `closeTimeoutMs` in any case: an entry that
   * cannot be removed, which the logger is told, runs out by itself.
   */
  close(): Promise<void>;
}
