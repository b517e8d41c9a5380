/**
 * Starting and stopping a node's process.
 *
 * @module
 */

/** A running process of node.ts. */
export class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  #stdout: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#stdout = process.stdout.getReader();
  }

  /** Resolves when the node listens. One that polls its sockets, for so many microseconds, may do everything. */
  static async start(local: string, hosts: readonly string[], spinUs = 0): Promise<Child> {
    const program = new URL("node.ts", import.meta.url).pathname;
    const child = new Child(
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          spinUs > 0 ? "--allow-all" : "--allow-net",
          "--no-prompt",
          program,
          String(spinUs),
          local,
          ...hosts,
        ],
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn(),
    );
    const { value } = await child.#stdout.read();
    if (new TextDecoder().decode(value).trim() === "listening") return child;
    await child.kill();
    throw new Error(`the node at ${local} did not start`);
  }

  /** Its number. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    try {
      this.signal("SIGKILL");
    } catch {
      // It has ended already; what it held here is to be closed all the same.
    }
    await this.#process.stdin.abort().catch(() => {});
    await this.#gone();
  }

  /** Lets it end by itself; returns its exit code. */
  async end(): Promise<number> {
    await this.#process.stdin.close();
    return await this.#gone();
  }

  /** Ends it if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.kill();
    } catch {
      // It has ended already.
    }
  }

  async #gone(): Promise<number> {
    await this.#stdout.cancel();
    return (await this.#process.status).code;
  }
}
