/**
 * A small node for tests of simulated clusters: it keeps a connection to each
 * other node and sends numbered bytes over it.
 *
 * @module
 */

import { parseHostAddress } from "../../lib/runtime/host_address.ts";
import type { ByteChannel, Channel, Listener } from "../../lib/transport/channel/transport.ts";
import type { SimulatedNode } from "../../lib/testing/mod.ts";

const BEAT_MS = 100, SILENCE_MS = 1_000, DIAL_TIMEOUT_MS = 500;

/** Dials all nodes with a higher number, redials after a loss, and checks what arrives. */
export class Beacon {
  /** How many connections beat at the moment. */
  alive = 0;
  /** How many bytes arrived. */
  received = 0;
  readonly #node: SimulatedNode;
  readonly #timers = new Set<number>();
  readonly #channels = new Set<ByteChannel>();
  readonly #dials = new Set<AbortController>();
  #listener: Listener | null = null;
  #closed = false;

  private constructor(node: SimulatedNode) {
    this.#node = node;
  }

  static async start(node: SimulatedNode): Promise<Beacon> {
    const beacon = new Beacon(node), address = parseHostAddress(node.host);
    beacon.#listener = await node.transports[address.scheme]!.listen(address, {
      path: "/",
      accept: (channel) => beacon.#serve(channel, () => {}),
    });
    for (const peer of node.hosts.slice(node.index + 1)) void beacon.#dial(peer);
    return beacon;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) this.#node.clock.clearTimer(timer);
    this.#timers.clear();
    for (const dial of this.#dials) dial.abort(new Error("closing"));
    for (const channel of [...this.#channels]) channel.close();
    await this.#listener?.close();
  }

  async #dial(peer: string): Promise<void> {
    const address = parseHostAddress(peer), controller = new AbortController();
    const again = () =>
      this.#after(50 + this.#node.random.int(0, 200), () => void this.#dial(peer));
    const limit = this.#after(DIAL_TIMEOUT_MS, () => controller.abort(new Error("dial time-out")));
    this.#dials.add(controller);
    try {
      const transport = this.#node.transports[address.scheme]!;
      const channel = await transport.dial(address, { path: "/", signal: controller.signal });
      if (this.#closed) channel.close();
      else this.#serve(channel, again);
    } catch {
      again();
    } finally {
      this.#cancel(limit);
      this.#dials.delete(controller);
    }
  }

  #serve(channel: Channel, onLost: () => void): void {
    if (channel.kind !== "bytes" || this.#closed) return channel.close();
    this.#channels.add(channel);
    this.alive++;
    let heardAt = this.#node.clock.now(), timer = 0, lost = false;
    const lose = () => {
      if (lost) return;
      lost = true;
      this.alive--;
      this.#cancel(timer);
      this.#channels.delete(channel);
      channel.close();
      if (!this.#closed) onLost();
    };
    let sent = 0;
    const beat = async () => {
      if (this.#node.clock.now() - heardAt > SILENCE_MS) return lose();
      const size = this.#node.random.int(1, 400);
      const bytes = Uint8Array.from({ length: size }, (_, index) => (sent + index) % 251);
      try {
        sent += await channel.write(bytes);
        if (!lost) timer = this.#after(BEAT_MS, () => void beat());
      } catch {
        lose();
      }
    };
    // Its own timer, since a write can pend for as long as the peer is silent.
    const watchdog = () => {
      if (lost || this.#closed) return;
      if (this.#node.clock.now() - heardAt > SILENCE_MS) lose();
      else this.#after(SILENCE_MS, watchdog);
    };
    void beat();
    this.#after(SILENCE_MS, watchdog);
    void (async () => {
      const into = new Uint8Array(256);
      let count = 0;
      try {
        for (let read = await channel.read(into); read !== null; read = await channel.read(into)) {
          heardAt = this.#node.clock.now();
          for (let at = 0; at < read; at++) {
            if (into[at] !== (count + at) % 251) {
              throw new RangeError(`byte ${count + at} is wrong`);
            }
          }
          count += read;
          this.received += read;
        }
      } catch (error) {
        if (error instanceof RangeError) this.#after(0, () => this.#fail(error));
      }
      lose();
    })();
  }

  #fail(error: unknown): never {
    throw error;
  }

  #after(delayMs: number, callback: () => void): number {
    if (this.#closed) return 0;
    const timer = this.#node.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
    return timer;
  }

  #cancel(timer: number): void {
    this.#timers.delete(timer);
    this.#node.clock.clearTimer(timer);
  }
}
