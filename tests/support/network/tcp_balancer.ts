/**
 * A load balancer for TCP, for tests: one address that leads to several servers by turns.
 *
 * @module
 */

/** Listens at a port of its own, and gives each connection to the next of its targets. */
export class TcpBalancer implements AsyncDisposable {
  /** The ports of the servers behind it. */
  readonly targets: number[] = [];
  /** How many connections each target was given. */
  readonly counts: number[] = [];
  /** Where it listens. */
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;
  readonly #conns = new Set<Deno.Conn>();
  readonly #pumps = new Set<Promise<void>>();
  #next = 0;

  /** Begins to accept. */
  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** Cuts everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const conn of this.#conns) conn.close();
    await Promise.all(this.#pumps);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const index = this.#next++ % this.targets.length;
      this.counts[index] = (this.counts[index] ?? 0) + 1;
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.targets[index]! });
      this.#join(near, far);
    }
  }

  #join(near: Deno.TcpConn, far: Deno.TcpConn): void {
    for (const conn of [near, far]) {
      conn.setNoDelay(true);
      this.#conns.add(conn);
    }
    const pump = Promise.allSettled([
      near.readable.pipeTo(far.writable),
      far.readable.pipeTo(near.writable),
    ]).then(() => {
      this.#conns.delete(near);
      this.#conns.delete(far);
      this.#pumps.delete(pump);
    });
    this.#pumps.add(pump);
  }
}
