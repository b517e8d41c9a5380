/**
 * A network that counts how often one end waits for the other.
 *
 * @module
 */

import { systemClock } from "../../../lib/runtime/system_clock.ts";
import type {
  ByteChannel,
  ListenOptions,
  Transport,
} from "../../../lib/transport/channel/transport.ts";

/** After so many turns without a write both ends probably wait. */
const QUIET_TURNS = 40;

/** What an end has written. */
interface Piece {
  /** `null`: the end. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  /** One more than that of the latest piece which its writer had read. */
  readonly hop: number;
}

/**
 * Holds back what both ends write until neither has more to say; then all of
 * it travels at once. Two hops are a round trip, however long certificates and
 * turns take. Hops are counted by what had been read before it was written, so
 * a piece that an end takes long to make is not counted twice when the others
 * travel without it.
 */
export class Hops {
  /** Connects within this network, without a hop. */
  readonly transport: Transport = {
    guarded: true,
    dial: ({ href }) => {
      const there = new End(this, "the dialler"), here = new End(this, href);
      here.other = there;
      there.other = here;
      this.#ends.push(here, there);
      this.#dialled.push(here);
      this.#listeners.get(href)!.accept(there);
      return Promise.resolve(here);
    },
    listen: (address, options) => {
      this.#listeners.set(address.href, options);
      const { promise: finished, resolve } = Promise.withResolvers<void>();
      const close = (): Promise<void> => (resolve(), finished);
      return Promise.resolve({ address, finished, close });
    },
  };

  readonly #ends: End[] = [];
  readonly #dialled: End[] = [];
  readonly #listeners = new Map<string, ListenOptions>();
  /** How many turns have passed since the last write. */
  quietTurns = 0;

  /** Carries on until a promise settles. Returns the hops of what the diallers have read by then, and its value. */
  async until<T>(promise: Promise<T>): Promise<{ hops: number; value: T }> {
    let isDone = false;
    const done = (): void => void (isDone = true);
    promise.then(done, done);
    while (!isDone) {
      await new Promise<void>((resolve) => systemClock.defer(resolve));
      if (++this.quietTurns < QUIET_TURNS) continue;
      this.quietTurns = 0;
      for (const end of this.#ends) end.carry();
    }
    const hops = Math.max(0, ...this.#dialled.map(({ hop }) => hop));
    return { hops, value: await promise };
  }
}

/** One end of a connection. */
class End implements ByteChannel {
  readonly kind = "bytes";
  readonly integrity = false;
  readonly remote: string;
  other!: End;
  /** That of the latest piece which was read here. */
  hop = 0;

  readonly #hops: Hops;
  /** What was written and has not left. */
  #held: Piece[] = [];
  readonly #arrived: Piece[] = [];
  #isClosed = false;
  #wake = (): void => {};

  constructor(hops: Hops, remote: string) {
    this.#hops = hops;
    this.remote = remote;
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    while (this.#arrived.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#isClosed) throw new Error("the connection is closed");
    const { bytes, hop } = this.#arrived[0]!;
    this.hop = Math.max(this.hop, hop);
    if (bytes === null) return null;
    const count = Math.min(bytes.length, into.length);
    into.set(bytes.subarray(0, count));
    if (count < bytes.length) this.#arrived[0] = { bytes: bytes.subarray(count), hop };
    else this.#arrived.shift();
    return count;
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#isClosed) return Promise.reject(new Error("the connection is closed"));
    this.#hold(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hold(null);
    this.#wake();
  }

  /** Lets what was written reach the other end. */
  carry(): void {
    const held = this.#held;
    this.#held = [];
    if (held.length === 0) return;
    this.other.#arrived.push(...held);
    this.other.#wake();
  }

  #hold(bytes: Uint8Array<ArrayBuffer> | null): void {
    this.#hops.quietTurns = 0;
    this.#held.push({ bytes, hop: this.hop + 1 });
  }
}
