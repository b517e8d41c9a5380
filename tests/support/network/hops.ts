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

/** So many turns without a write show that both ends wait. */
const QUIET_TURNS = 40;

/**
 * Holds back what both ends write until neither has more to say. Then all of
 * it travels at once: one hop. So two hops are a round trip, however long
 * certificates and turns take.
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
  readonly #listeners = new Map<string, ListenOptions>();
  /** How many turns have passed since the last write. */
  quietTurns = 0;

  /** Carries on until a promise settles. Returns how many hops that took, and its value. */
  async until<T>(promise: Promise<T>): Promise<{ hops: number; value: T }> {
    let isDone = false, hops = 0;
    const done = (): void => void (isDone = true);
    promise.then(done, done);
    while (!isDone) {
      await new Promise<void>((resolve) => systemClock.defer(resolve));
      if (++this.quietTurns < QUIET_TURNS) continue;
      this.quietTurns = 0;
      const moved = this.#ends.map((end) => end.carry());
      if (moved.includes(true)) hops++;
    }
    return { hops, value: await promise };
  }
}

/** One end of a connection. */
class End implements ByteChannel {
  readonly kind = "bytes";
  readonly integrity = false;
  readonly remote: string;
  other!: End;

  readonly #hops: Hops;
  /** What was written and has not left; `null`: the end. */
  #held: (Uint8Array<ArrayBuffer> | null)[] = [];
  readonly #arrived: (Uint8Array<ArrayBuffer> | null)[] = [];
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
    const first = this.#arrived[0]!;
    if (first === null) return null;
    const count = Math.min(first.length, into.length);
    into.set(first.subarray(0, count));
    if (count < first.length) this.#arrived[0] = first.subarray(count);
    else this.#arrived.shift();
    return count;
  }

  write(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    if (this.#isClosed) return Promise.reject(new Error("the connection is closed"));
    this.#hops.quietTurns = 0;
    this.#held.push(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#hops.quietTurns = 0;
    this.#held.push(null);
    this.#wake();
  }

  /** Lets what was written reach the other end. Returns whether there was any. */
  carry(): boolean {
    const held = this.#held;
    this.#held = [];
    if (held.length === 0) return false;
    this.other.#arrived.push(...held);
    this.other.#wake();
    return true;
  }
}
