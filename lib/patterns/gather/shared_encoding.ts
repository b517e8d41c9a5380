/**
 * One encoding of a request that goes to many hosts.
 *
 * @module
 */

import { ByteReader } from "../../wire/byte_reader.ts";
import type { ByteWriter } from "../../wire/byte_writer.ts";
import type { Codec } from "../../codec/format/codec.ts";
import type { SingleMethod } from "../../call/service/service.ts";
import type { SingleContract } from "../../rpc/contract/contract.ts";

/** Gives copies, small ones of memory that many share. */
const copier = new ByteReader();

/** A request, and its bytes once it was encoded. */
export interface Encoding<T> {
  readonly value: T;
  bytes: Uint8Array | null;
}

/**
 * Encodes a value once and copies its bytes from then on, while
 * {@linkcode SharedCodec.current} is that value's. All others are encoded as
 * usual: so interceptors see and may change the request itself, and calls that
 * have to wait for a connection need nothing that is kept for them.
 */
export class SharedCodec<T> implements Codec<T> {
  /** What is being sent to many at the moment. */
  current: Encoding<T> | null = null;
  readonly optional: boolean;
  readonly nullable: boolean;
  readonly describe: Codec<T>["describe"];
  readonly #inner: Codec<T>;

  constructor(inner: Codec<T>) {
    this.#inner = inner;
    this.optional = inner.optional === true;
    this.nullable = inner.nullable === true;
    const { describe } = inner;
    this.describe = describe === undefined ? undefined : (part) => describe.call(inner, part);
  }

  encode(value: T, writer: ByteWriter): void {
    const { current } = this;
    if (current === null || !Object.is(value, current.value)) {
      this.#inner.encode(value, writer);
    } else if (current.bytes !== null) {
      writer.append(current.bytes);
    } else {
      const start = writer.position;
      this.#inner.encode(value, writer);
      const length = writer.position - start;
      copier.reset(writer.bytes, start, writer.position, writer.view);
      current.bytes = copier.takeBytes(length);
      copier.release();
    }
  }

  decode(reader: ByteReader): T {
    return this.#inner.decode(reader);
  }
}

/** What is called: a contract, or the method of a service. */
// deno-lint-ignore no-explicit-any -- whatever its types
export type Called = SingleContract<any, any> | SingleMethod<any, any>;

/** What is called, with a codec that encodes once. */
export interface SharedCalled {
  readonly called: object;
  readonly codec: SharedCodec<unknown>;
}

/** Kept with what is called, as connections know contracts by their identity. */
const sharedCalled = new WeakMap<object, SharedCalled>();

/** The same, whose requests are encoded once; `null` if they are bytes already. */
export function sharedOf(called: Called): SharedCalled | null {
  let shared = sharedCalled.get(called);
  if (shared !== undefined) return shared;
  const contract = "contract" in called ? called.contract : called;
  if (contract.request.raw === true) return null;
  const codec = new SharedCodec<unknown>(contract.request);
  const encodedOnce = { ...contract, request: codec };
  shared = {
    called: "contract" in called ? { ...called, contract: encodedOnce } : encodedOnce,
    codec,
  };
  sharedCalled.set(called, shared);
  return shared;
}
