/**
 * A proxy that lets bytes through slowly, for tests.
 *
 * @module
 */

/** How often it lets some through. */
const TICK_MS = 10;

/** Stands before a port of this machine; what comes from there goes on slowly. */
export class SlowProxy implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  readonly #target: number;
  readonly #bytesPerMs: number;
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;
  readonly #conns = new Set<Deno.Conn>();
  readonly #pumps = new Set<Promise<void>>();

  /**
   * Begins to accept.
   *
   * @param target The port behind it.
   * @param bytesPerMs How much of what comes from there goes on in a millisecond.
   */
  constructor(target: number, bytesPerMs: number) {
    this.#target = target;
    this.#bytesPerMs = bytesPerMs;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** Cuts everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const conn of this.#conns) close(conn);
    await Promise.all(this.#pumps);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const dialled = Deno.connect({ hostname: "127.0.0.1", port: this.#target });
      const far = await dialled.catch(() => null);
      if (far === null) {
        near.close();
        continue;
      }
      near.setNoDelay(true);
      far.setNoDelay(true);
      this.#pump(near, far, Infinity);
      this.#pump(far, near, this.#bytesPerMs);
    }
  }

  #pump(from: Deno.TcpConn, to: Deno.TcpConn, bytesPerMs: number): void {
    this.#conns.add(from);
    const pump = move(from, to, bytesPerMs).catch(() => {}).finally(() => {
      close(from);
      close(to);
      this.#conns.delete(from);
      this.#pumps.delete(pump);
    });
    this.#pumps.add(pump);
  }
}

async function move(from: Deno.TcpConn, to: Deno.TcpConn, bytesPerMs: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(64 * 1024, Math.max(1, bytesPerMs * TICK_MS)));
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return;
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    // deno-lint-ignore internode/no-sleep -- slowness is what this is for
    if (bytesPerMs < Infinity) await new Promise((done) => setTimeout(done, count / bytesPerMs));
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // The other pump has.
  }
}
