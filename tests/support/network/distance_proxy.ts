/**
 * A path that is long: bytes go through it late, at most so many a second, in
 * order, now and then none for a while. Run as a program it does that in a
 * process of its own, so that what is measured through it shares no event loop
 * with it.
 *
 * @module
 */

import { setPriority } from "node:os";
import { shortSleep, type Sleep } from "../../../bench/support/short_sleep.ts";
import { Fifo } from "../../../lib/wire/fifo.ts";
import { answerCommands } from "../../../tools/processes/answer_commands.ts";

/** What a path is like, each way. */
export interface Distance {
  /** How long a byte is under way, in milliseconds. Default: 0. */
  readonly delayMs?: number;
  /** How much longer at most; drawn for each piece, but none overtakes another. Default: 0. */
  readonly jitterMs?: number;
  /** How many bytes a millisecond. Default: any number. */
  readonly bytesPerMs?: number;
  /** How many bytes wait for their turn before the sender has to. Default: 262,144. */
  readonly bufferBytes?: number;
  /** How often nothing arrives for a while, as after a loss, in milliseconds from one to the next. Default: never. */
  readonly stallEveryMs?: number;
  /** How long that lasts. Default: 0. */
  readonly stallMs?: number;
}

/** Where a path leads. */
export interface DistanceOrder extends Distance {
  /** The port at its far end, of this machine. */
  readonly toPort: number;
}

const READ_BYTES = 64 * 1024;
/** Smaller parcels are copied, so that they keep no buffer of that size. */
const COPIED_BYTES = 4 * 1024;
/** Timers come up to two milliseconds late, so the rest of a wait is slept. */
const SLEPT_MS = 3, TIMER_LATE_MS = 2;
/** A path does not wait for a processor; only some users may ask for that. */
const PRIORITY = -10;

/** A port through which connections reach another one, over a distance. */
export class DistanceProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #order: DistanceOrder;
  readonly #sleep: Sleep;
  readonly #connections = new Set<Deno.Conn>();
  readonly #lanes = new Set<Lane>();
  readonly #accepting: Promise<void>;
  #isOver = false;

  /**
   * @param order What the path is like, and where it leads.
   * @param sleep How it waits for less than a few milliseconds.
   */
  constructor(order: DistanceOrder, sleep: Sleep = pause) {
    this.#order = order;
    this.#sleep = sleep;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  /** The port at its near end. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) this.#join(near).catch(() => near.close());
  }

  async #join(near: Deno.TcpConn): Promise<void> {
    const far = await Deno.connect({ hostname: "127.0.0.1", port: this.#order.toPort });
    if (this.#isOver) {
      near.close();
      far.close();
      return;
    }
    const ends = [near, far];
    for (const end of ends) {
      end.setNoDelay();
      this.#connections.add(end);
    }
    const lanes = [[near, far], [far, near]].map(([from, to]) =>
      new Lane(from!, to!, this.#order, this.#sleep)
    );
    for (const lane of lanes) this.#lanes.add(lane);
    await Promise.all(lanes.map((lane) => lane.ended));
    for (const lane of lanes) this.#lanes.delete(lane);
    for (const end of ends) if (this.#connections.delete(end)) end.close();
  }

  /** Ends it, and all connections through it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#listener.close();
    const lanes = [...this.#lanes];
    for (const end of this.#connections) end.close();
    this.#connections.clear();
    for (const lane of lanes) lane.stop();
    await Promise.all([this.#accepting, ...lanes.map((lane) => lane.ended)]);
  }
}

/** Bytes that are under way; `null`: the end. */
interface Parcel {
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  readonly arrivesMs: number;
}

/** One direction of a connection. */
class Lane {
  /** Settles when everything has arrived, or an end is gone. */
  readonly ended: Promise<unknown>;
  readonly #distance: Required<Distance>;
  readonly #parcels = new Fifo<Parcel>();
  #busyUntilMs = 0;
  #lastArrivalMs = 0;
  #stallAtMs: number;
  #isOver = false;
  #wake = (): void => {};
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #queuedBytes = 0;
  /** New ones would be garbage that stops the path while it is collected. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  readonly #shortSleep: Sleep;

  constructor(from: Deno.TcpConn, to: Deno.TcpConn, distance: Distance, sleep: Sleep) {
    this.#shortSleep = sleep;
    this.#distance = {
      delayMs: 0,
      jitterMs: 0,
      bytesPerMs: Infinity,
      bufferBytes: 256 * 1024,
      stallEveryMs: Infinity,
      stallMs: 0,
      ...distance,
    };
    this.#stallAtMs = performance.now() + this.#distance.stallEveryMs;
    const stop = (): void => this.stop();
    this.ended = Promise.all([this.#take(from).catch(stop), this.#give(to).catch(stop)]);
  }

  /** Lets go of what is under way. */
  stop(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** Reads as the path has room. */
  async #take(from: Deno.TcpConn): Promise<void> {
    const { bytesPerMs, bufferBytes, delayMs, jitterMs, stallMs } = this.#distance;
    const mostMs = bufferBytes / bytesPerMs;
    const mostBytes = bytesPerMs === Infinity
      ? Infinity
      : bufferBytes + bytesPerMs * (delayMs + jitterMs + stallMs);
    while (!this.#isOver) {
      const buffer = this.#spare.pop() ?? new Uint8Array(READ_BYTES);
      const count = await from.read(buffer);
      const nowMs = performance.now();
      if (count === null) return this.#add(null, nowMs);
      const isCopied = count < COPIED_BYTES;
      this.#add(isCopied ? buffer.slice(0, count) : buffer.subarray(0, count), nowMs);
      if (isCopied) this.#spare.push(buffer);
      const waitMs = this.#busyUntilMs - nowMs - mostMs;
      if (waitMs > 0) await (waitMs < SLEPT_MS ? this.#shortSleep(waitMs) : pause(waitMs));
      while (this.#queuedBytes > mostBytes && !this.#isOver) await pause(1);
    }
  }

  #add(bytes: Parcel["bytes"], nowMs: number): void {
    const { delayMs, jitterMs, bytesPerMs, stallEveryMs, stallMs } = this.#distance;
    const leavesMs = Math.max(nowMs, this.#busyUntilMs) + (bytes?.length ?? 0) / bytesPerMs;
    this.#busyUntilMs = leavesMs;
    let arrivesMs = Math.max(this.#lastArrivalMs, leavesMs + delayMs + Math.random() * jitterMs);
    while (arrivesMs >= this.#stallAtMs + stallMs) this.#stallAtMs += stallEveryMs;
    if (arrivesMs >= this.#stallAtMs) arrivesMs = this.#stallAtMs + stallMs;
    this.#lastArrivalMs = arrivesMs;
    this.#queuedBytes += bytes?.length ?? 0;
    this.#parcels.push({ bytes, arrivesMs });
    this.#wake();
  }

  /** Writes what has arrived. */
  async #give(to: Deno.TcpConn): Promise<void> {
    while (!this.#isOver) {
      const next = this.#parcels.peek();
      const waitMs = next === undefined ? Infinity : next.arrivesMs - performance.now();
      if (waitMs > 0) {
        await this.#sleep(waitMs);
        continue;
      }
      const { bytes } = this.#parcels.shift()!;
      if (bytes === null) return await to.closeWrite();
      this.#queuedBytes -= bytes.length;
      for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
      if (bytes.buffer.byteLength === READ_BYTES) this.#spare.push(new Uint8Array(bytes.buffer));
    }
  }

  /** Not longer than that; until there is something new to look at where nothing is under way. */
  async #sleep(forMs: number): Promise<void> {
    if (forMs < SLEPT_MS) return void await this.#shortSleep(forMs);
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        if (forMs !== Infinity && !this.#isOver) return;
        clearTimeout(this.#timer);
        resolve();
      };
      if (forMs === Infinity) return;
      // deno-lint-ignore internode/no-sleep -- slowness is what this is for
      this.#timer = setTimeout(resolve, Math.floor(forMs - TIMER_LATE_MS));
    });
    this.#wake = () => {};
  }
}

function pause(forMs: number): Promise<void> {
  // deno-lint-ignore internode/no-sleep -- slowness is what this is for
  return new Promise((resolve) => setTimeout(resolve, Math.floor(forMs)));
}

/** Where it is run as a program, `open` gives the near port of another path. */
if (import.meta.main) {
  const proxies: DistanceProxy[] = [];
  try {
    setPriority(PRIORITY);
  } catch {
    // Not this user.
  }
  await answerCommands({
    open: (order: DistanceOrder): number => {
      const proxy = new DistanceProxy(order, shortSleep());
      proxies.push(proxy);
      return proxy.port;
    },
  });
  await Promise.all(proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
}
