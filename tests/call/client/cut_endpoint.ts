/**
 * An endpoint whose connections break at an exact byte, for tests.
 *
 * @module
 */

import type { Endpoint } from "@internode/grid/call";
import type { ByteChannel, Channel } from "../../../lib/transport/channel/transport.ts";

/** After how many bytes a connection breaks, each way. */
export interface CutAt {
  /** So many bytes reach the replica. Default: all. */
  readonly sentBytes?: number;
  /** So many bytes of the replica's arrive. Default: all. */
  readonly receivedBytes?: number;
}

/** Gives connections to another endpoint that break. */
export class CutEndpoint implements Endpoint {
  readonly address: string;
  /** How many connections have broken. */
  cuts = 0;
  readonly #inner: Endpoint;
  readonly #at: CutAt;

  constructor(inner: Endpoint, at: CutAt) {
    this.address = inner.address;
    this.#inner = inner;
    this.#at = at;
  }

  async dial(signal: AbortSignal): Promise<Channel> {
    const channel = await this.#inner.dial(signal);
    if (channel.kind !== "bytes") throw new TypeError("only byte streams can be cut");
    return new CutChannel(channel, this.#at, () => this.cuts++);
  }
}

class CutChannel implements ByteChannel {
  readonly kind = "bytes";
  readonly remote: string;
  readonly integrity: boolean;
  readonly #inner: ByteChannel;
  readonly #onCut: () => void;
  #mayWrite: number;
  #mayRead: number;
  #isCut = false;

  constructor(inner: ByteChannel, at: CutAt, onCut: () => void) {
    this.#inner = inner;
    this.remote = inner.remote;
    this.integrity = inner.integrity;
    this.#onCut = onCut;
    this.#mayWrite = at.sentBytes ?? Infinity;
    this.#mayRead = at.receivedBytes ?? Infinity;
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#mayRead === 0) return this.#cut();
    const count = await this.#inner.read(into.subarray(0, Math.min(into.length, this.#mayRead)));
    if (count !== null) this.#mayRead -= count;
    return count;
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#mayWrite === 0) return this.#cut();
    const count = await this.#inner.write(
      bytes.subarray(0, Math.min(bytes.length, this.#mayWrite)),
    );
    this.#mayWrite -= count;
    if (this.#mayWrite === 0) return this.#cut();
    return count;
  }

  close(): void {
    this.#inner.close();
  }

  #cut(): never {
    if (!this.#isCut) this.#onCut();
    this.#isCut = true;
    this.#inner.close();
    throw new Error("the cable was cut");
  }
}
