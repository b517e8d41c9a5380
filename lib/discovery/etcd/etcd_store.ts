/**
 * What this library asks of etcd: a prefix, changes under it, and leases.
 *
 * @module
 */

import { isOwnError } from "../../foreign/own_error.ts";
import { decodeBase64, encodeBase64 } from "./base64_text.ts";
import { NOT_FOUND, PERMISSION_DENIED, refusal, UNAVAILABLE } from "./etcd_error.ts";
import type { EtcdGateway, EtcdStream } from "./etcd_gateway.ts";
import { asObject, type JsonObject } from "../http/json_body.ts";

/** All that was under a prefix at one revision. */
export interface EtcdListing {
  /** The revision of the store. */
  readonly revision: bigint;
  /** The values by their keys. */
  readonly values: ReadonlyMap<string, string>;
}

/** What became of one key. */
export interface EtcdChange {
  /** The key. */
  readonly key: string;
  /** Its new value; `null` if it is gone. */
  readonly value: string | null;
  /** The revision that did it. */
  readonly revision: bigint;
}

/** A lease that etcd has granted. */
export interface EtcdLease {
  /** Its number, a 64-bit integer as text. */
  readonly id: string;
  /** How long it lives without being kept alive, in seconds; etcd may give more than was asked for. */
  readonly ttlSeconds: number;
}

/** What stands under one key. */
export interface EtcdEntry {
  /** The value. */
  readonly value: string;
  /** The lease it lives as long as; `null`: it has none. */
  readonly leaseId: string | null;
}

/** What must not be there when a key is created. */
export interface EtcdAbsence {
  readonly keys: readonly string[];
  /** Each ends with a slash. */
  readonly prefixes: readonly string[];
  /** What is removed at the same time; `null`: nothing. */
  readonly remove: string | null;
}

/** Keys and values are text in UTF-8. */
export class EtcdStore {
  readonly #gateway: EtcdGateway;

  constructor(gateway: EtcdGateway) {
    this.#gateway = gateway;
  }

  /** Closes the connections to etcd. The next request makes new ones. */
  disconnect(): void {
    this.#gateway.disconnect();
  }

  /** Gives all that is under a prefix, as the cluster agrees on it. */
  async list(prefix: string, signal: AbortSignal): Promise<EtcdListing> {
    const answer = await this.#gateway.call("kv/range", range(prefix), signal);
    const values = new Map<string, string>();
    for (const item of asArray(answer["kvs"])) {
      const { key, value } = asObject(item);
      values.set(decodeBase64(key), decodeBase64(value));
    }
    return { revision: revisionOf(answer), values };
  }

  /** Gives what stands under a key; `null` if nothing does. */
  async get(key: string, signal: AbortSignal): Promise<EtcdEntry | null> {
    const answer = await this.#gateway.call("kv/range", { key: encodeBase64(key) }, signal);
    const [item] = asArray(answer["kvs"]);
    if (item === undefined) return null;
    const { value, lease = "0" } = asObject(item);
    return { value: decodeBase64(value), leaseId: String(lease) === "0" ? null : String(lease) };
  }

  /** Tells of the changes under a prefix from a revision on. */
  async watch(prefix: string, from: bigint, signal: AbortSignal): Promise<EtcdWatch> {
    const request = { create_request: { ...range(prefix), start_revision: String(from) } };
    const stream = await this.#gateway.stream("watch", request, signal);
    return new EtcdWatch(stream, from, () => this.#gateway.forgetLogin());
  }

  /** Sets a key that lives as long as a lease. */
  async put(key: string, value: string, lease: EtcdLease, signal: AbortSignal): Promise<void> {
    const body = { key: encodeBase64(key), value: encodeBase64(value), lease: lease.id };
    await this.#gateway.call("kv/put", body, signal);
  }

  /**
   * Looks at one moment who has some keys.
   *
   * @param keys Which.
   * @param prefixes For each, the first key that begins with it is looked at; each ends with a slash.
   * @returns The values, those of the keys first; `null` for what is not there.
   */
  async look(
    keys: readonly string[],
    prefixes: readonly string[],
    signal: AbortSignal,
  ): Promise<(string | null)[]> {
    const ranges = rangesOf(keys, prefixes);
    const answer = await this.#gateway.call("kv/txn", {
      success: ranges.map((range) => ({ request_range: { ...range, limit: "1" } })),
    }, signal);
    const answers = asArray(answer["responses"]);
    return ranges.map((_, at) => {
      const [item] = asArray(asObject(asObject(answers[at])["response_range"])["kvs"]);
      return item === undefined ? null : decodeBase64(asObject(item)["value"]);
    });
  }

  /**
   * Sets a key that lives as long as a lease, unless a key is there that must not be.
   *
   * @param absent The keys that must not be there, what such keys begin with, and a key that is removed at the same time.
   * @returns The revision that did it; `null` if one of them is there.
   */
  async create(
    key: string,
    value: string,
    lease: EtcdLease,
    signal: AbortSignal,
    { keys, prefixes, remove }: EtcdAbsence,
  ): Promise<bigint | null> {
    const ranges = rangesOf(keys, prefixes);
    const put = { key: encodeBase64(key), value: encodeBase64(value), lease: lease.id };
    const removal = remove === null
      ? []
      : [{ request_delete_range: { key: encodeBase64(remove) } }];
    const answer = await this.#gateway.call("kv/txn", {
      // An empty range compares as a key that does not exist (since 3.3).
      compare: ranges.map((range) => (
        { ...range, target: "CREATE", result: "EQUAL", create_revision: "0" }
      )),
      success: [{ request_put: put }, ...removal],
    }, signal);
    return answer["succeeded"] === true ? revisionOf(answer) : null;
  }

  /** Asks for a lease. */
  async grant(ttlSeconds: number, signal: AbortSignal): Promise<EtcdLease> {
    const { ID, TTL } = await this.#gateway.call(
      "lease/grant",
      { TTL: String(ttlSeconds) },
      signal,
    );
    return { id: String(ID), ttlSeconds: Math.max(1, Number(TTL) || ttlSeconds) };
  }

  /**
   * Makes a lease live on.
   *
   * @returns Whether it still existed.
   */
  async keepAlive(lease: EtcdLease, signal: AbortSignal): Promise<boolean> {
    // Whoever knows the number may do it: a password that has changed ends no lease.
    const answer = await this.#gateway.call("lease/keepalive", { ID: lease.id }, signal, true);
    // The answer is a stream of one message; of a lease that is gone it shows no time to live.
    return Number(asObject(answer["result"])["TTL"] ?? 0) > 0;
  }

  /** Ends a lease and removes its keys; one that is gone already is no error. */
  async revoke(lease: EtcdLease, signal: AbortSignal): Promise<void> {
    try {
      await this.#gateway.call("lease/revoke", { ID: lease.id }, signal);
    } catch (error) {
      if (!isOwnError(error)) throw error;
      if (asObject(error.detail)["grpcCode"] !== NOT_FOUND) throw error;
    }
  }
}

/** A watch under way. It ends sooner or later: list again then. */
export class EtcdWatch implements AsyncDisposable {
  readonly #stream: EtcdStream;
  readonly #from: bigint;
  readonly #onDenied: () => void;

  constructor(stream: EtcdStream, from: bigint, onDenied: () => void) {
    this.#stream = stream;
    this.#from = from;
    this.#onDenied = onDenied;
  }

  /**
   * Waits for changes.
   *
   * @returns They, none perhaps; `null` when there will be no more: the
   * revision to start from has been compacted away, or this etcd has not got
   * that far yet, or never will as its data is older, or it went away.
   * @throws {InternodeError} If etcd reports an error.
   */
  async next(): Promise<readonly EtcdChange[] | null> {
    const message = await this.#stream.next();
    if (message === null) return null;
    if (message["canceled"] === true) {
      if (Number(message["compact_revision"] ?? 0) > 0) return null;
      const reason = String(message["cancel_reason"] ?? "the watch was ended");
      const isDenied = /\b(permission|auth)/.test(reason);
      if (isDenied) this.#onDenied();
      throw refusal(this.#stream.url, isDenied ? PERMISSION_DENIED : UNAVAILABLE, reason);
    }
    if (message["created"] === true && revisionOf(message) < this.#from - 1n) return null;
    const changes: EtcdChange[] = [];
    for (const event of asArray(message["events"])) {
      const { type, kv } = asObject(event);
      const { key, value, mod_revision } = asObject(kv);
      changes.push({
        key: decodeBase64(key),
        value: type === "DELETE" ? null : decodeBase64(value),
        revision: toBigInt(mod_revision),
      });
    }
    return changes;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
  }
}

/** All keys that start with the prefix, which ends with a slash. */
function range(prefix: string): JsonObject {
  return { key: encodeBase64(prefix), range_end: encodeBase64(prefix.slice(0, -1) + "0") };
}

/** Single keys, then all keys under prefixes. */
function rangesOf(keys: readonly string[], prefixes: readonly string[]): JsonObject[] {
  return [...keys.map((key) => ({ key: encodeBase64(key) })), ...prefixes.map(range)];
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function revisionOf(answer: JsonObject): bigint {
  return toBigInt(asObject(answer["header"])["revision"]);
}

/** 64-bit integers are text, and left out if 0. */
function toBigInt(value: unknown): bigint {
  return typeof value === "string" && /^\d{1,19}$/.test(value) ? BigInt(value) : 0n;
}
