/**
 * The floor of the mesh: as many raw connections in one process, each with an
 * echo at its other end, and nothing framed or looked at.
 *
 * @module
 */

const READ_BYTES = 64 * 1024;

/** One connection: asks at this end, and at the other end what comes is sent back. */
export class RawLine implements Disposable {
  readonly #near: Deno.Conn;
  readonly #far: Deno.Conn;
  readonly #message: Uint8Array;
  readonly #waiting: (() => void)[] = [];
  #unsent = 0;
  #writing = false;
  #receivedBytes = 0;

  private constructor(near: Deno.Conn, far: Deno.Conn, size: number) {
    this.#near = near;
    this.#far = far;
    this.#message = new Uint8Array(size);
    // Both end when the connection is closed.
    this.#receive().catch(() => {});
    this.#echo().catch(() => {});
  }

  /** Connects, for messages of one size. */
  static async connect(listener: Deno.TcpListener, size: number): Promise<RawLine> {
    const { port } = listener.addr as Deno.NetAddr;
    const [near, far] = await Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port }),
      listener.accept(),
    ]);
    near.setNoDelay(true);
    far.setNoDelay(true);
    return new RawLine(near, far, size);
  }

  /** Resolves when the message has come back. */
  ask(): Promise<void> {
    this.#unsent++;
    const answered = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.#writing) this.#send().catch(() => {});
    return answered;
  }

  /** Ends it; what was asked is not answered any more. */
  [Symbol.dispose](): void {
    this.#near.close();
    this.#far.close();
  }

  async #send(): Promise<void> {
    this.#writing = true;
    for (; this.#unsent > 0; this.#unsent--) await writeAll(this.#near, this.#message);
    this.#writing = false;
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES), size = this.#message.length;
    for (let count; (count = await this.#near.read(buffer)) !== null;) {
      this.#receivedBytes += count;
      for (; this.#receivedBytes >= size; this.#receivedBytes -= size) this.#waiting.shift()!();
    }
  }

  async #echo(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    for (let count; (count = await this.#far.read(buffer)) !== null;) {
      await writeAll(this.#far, buffer.subarray(0, count));
    }
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** So many raw connections. */
export async function connectRawLines(
  connections: number,
  size: number,
  stack: DisposableStack,
): Promise<RawLine[]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines: RawLine[] = [];
  while (lines.length < connections) {
    lines.push(stack.use(await RawLine.connect(listener, size)));
  }
  return lines;
}
