/**
 * A real etcd for tests.
 *
 * @module
 */

import { FILES, NET, RUN } from "../../support/permitted.ts";

/** What a test with etcd adds to its definition. */
export interface EtcdTest {
  /** What a name of such a test ends with: shows why it is skipped. */
  readonly note: string;
  /** Whether it is skipped. */
  readonly ignore: boolean;
}

/**
 * Without the permissions these tests are skipped as any others. Without etcd
 * they are too, but not in CI: there they fail.
 */
export const ETCD: EtcdTest = lookUp();

function lookUp(): EtcdTest {
  if (!NET || !RUN || !FILES) return { note: "", ignore: true };
  if (isInstalled()) return { note: "", ignore: false };
  const env = Deno.permissions.querySync({ name: "env", variable: "CI" }).state === "granted";
  if (env && Deno.env.get("CI")) return { note: " (etcd is MISSING)", ignore: false };
  return { note: " (SKIPPED: etcd is not installed, see Debian's etcd-server)", ignore: true };
}

function isInstalled(): boolean {
  try {
    return new Deno.Command("etcd", { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** The start of an etcd takes 0.1 s; so long it may take on a machine that is busy. */
const START_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = 10;

/** One etcd of one member, with files of its own. */
export class EtcdServer implements AsyncDisposable {
  /** Its client URL. */
  readonly url: string;
  readonly #folder: string;
  readonly #peerUrl: string;
  #process: Deno.ChildProcess | null = null;

  private constructor(folder: string, clientPort: number, peerPort: number) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${clientPort}`;
    this.#peerUrl = `http://127.0.0.1:${peerPort}`;
  }

  /** Gives one that is ready to serve. */
  static async start(): Promise<EtcdServer> {
    const server = await EtcdServer.prepare();
    try {
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Gives one that has its ports, but does not run yet. */
  static async prepare(): Promise<EtcdServer> {
    // Both at once, so that they differ.
    const listeners = [listenAnywhere(), listenAnywhere()];
    const [client, peer] = listeners.map((listener) => {
      const { port } = listener.addr;
      listener.close();
      return port;
    });
    return new EtcdServer(await Deno.makeTempDir({ prefix: "etcd-" }), client!, peer!);
  }

  /** Starts it, on the files that it has. */
  async start(): Promise<void> {
    this.#process = new Deno.Command("etcd", {
      args: [
        "--data-dir",
        `${this.#folder}/data`,
        "--listen-client-urls",
        this.url,
        "--advertise-client-urls",
        this.url,
        "--listen-peer-urls",
        this.#peerUrl,
        "--initial-advertise-peer-urls",
        this.#peerUrl,
        "--initial-cluster",
        `default=${this.#peerUrl}`,
        "--unsafe-no-fsync",
        // Short, for leases may not be shorter than one and a half elections.
        "--heartbeat-interval",
        "20",
        "--election-timeout",
        "200",
        "--logger",
        "zap",
        "--log-outputs",
        `${this.#folder}/log`,
      ],
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const deadline = performance.now() + START_LIMIT_MS;
    while (!await this.#isHealthy()) {
      if (performance.now() < deadline) {
        // deno-lint-ignore internode/no-sleep -- only who asks learns that it is ready
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
        continue;
      }
      throw new Error(`etcd did not start: ${await Deno.readTextFile(`${this.#folder}/log`)}`);
    }
  }

  /** Freezes it. The system stops its threads one by one, and says so when all of them rest. */
  async freeze(): Promise<void> {
    const { pid } = this.#process!;
    this.#process!.kill("SIGSTOP");
    const isStopped = (task: string): boolean =>
      / [TtZ] /.test(Deno.readTextFileSync(`/proc/${pid}/task/${task}/stat`).replace(/^.*\)/, ""));
    while (![...Deno.readDirSync(`/proc/${pid}/task`)].every(({ name }) => isStopped(name))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Ends it at once, as a loss of power would; its files stay. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = null;
    process?.kill("SIGKILL");
    await process?.status;
  }

  /** Deletes its files. */
  async wipe(): Promise<void> {
    await Deno.remove(`${this.#folder}/data`, { recursive: true });
  }

  /** Sets a key. */
  async put(key: string, value: string): Promise<void> {
    await this.ask("kv/put", { key: btoa(key), value: btoa(value) });
  }

  /** Removes a key. */
  async remove(key: string): Promise<void> {
    await this.ask("kv/deleterange", { key: btoa(key) });
  }

  /** Gives a key's value; `null` without one. */
  async get(key: string): Promise<string | null> {
    const { kvs } = await this.ask("kv/range", { key: btoa(key) });
    return kvs === undefined ? null : atob((kvs as { value: string }[])[0]!.value);
  }

  /** Forgets all history up to now. */
  async compact(): Promise<void> {
    const { header } = await this.ask("kv/range", { key: btoa("x") });
    const { revision } = header as { revision: string };
    await this.ask("kv/compaction", { revision, physical: true });
  }

  /** How many leases there are. */
  async countLeases(): Promise<number> {
    const { leases } = await this.ask("lease/leases", {});
    return leases === undefined ? 0 : (leases as unknown[]).length;
  }

  /** Makes a request by hand, so that the library is not tested by itself. */
  async ask(path: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.url}/v3/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: token === undefined ? {} : { authorization: token },
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Ends it and deletes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #isHealthy(): Promise<boolean> {
    try {
      const response = await fetch(`${this.url}/health`);
      const { health } = await response.json();
      return String(health) === "true";
    } catch {
      return false;
    }
  }
}

function listenAnywhere(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}
