/**
 * A real etcd for tests.
 *
 * @module
 */

import { thisPlatform } from "../../../lib/runtime/this_platform.ts";
import process from "node:process";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { type ProgramTest, testWith } from "../../support/installed.ts";
import { killChild } from "../../support/kill_child.ts";
import { FILES, NET, PROGRAMS } from "../../support/permitted.ts";

/** The tests that need it. */
export const ETCD: ProgramTest = testWith(
  "etcd",
  "Debian's etcd-server",
  NET && PROGRAMS && FILES,
  () => spawnSync("etcd", ["--version"], { stdio: "ignore" }).status === 0,
);

/** The start of an etcd takes 0.1 s; so long it may take on a machine that is busy. */
const START_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = 10;

/** What an etcd of a test may have beside the usual. */
export interface EtcdServerOptions {
  /** Serves over TLS, by names that are good for `localhost`, and wants certificates of the same authority. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** One member of an etcd, with files of its own. */
export class EtcdServer implements AsyncDisposable {
  /** Its client URL. */
  readonly url: string;
  readonly #folder: string;
  readonly #peerUrl: string;
  readonly #tls: EtcdServerOptions["tls"];
  /** The names and peer URLs of all members. */
  #cluster: string;
  #name = "default";
  #process: ChildProcess | null = null;

  private constructor(
    folder: string,
    clientPort: number,
    peerPort: number,
    { tls }: EtcdServerOptions,
  ) {
    this.#folder = folder;
    this.#tls = tls;
    this.url = tls === undefined
      ? `http://127.0.0.1:${clientPort}`
      : `https://localhost:${clientPort}`;
    this.#peerUrl = `http://127.0.0.1:${peerPort}`;
    this.#cluster = `default=${this.#peerUrl}`;
  }

  /** Gives one that is ready to serve. */
  static async start(options: EtcdServerOptions = {}): Promise<EtcdServer> {
    const server = await EtcdServer.prepare(options);
    try {
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Gives one that has its ports, but does not run yet. */
  static async prepare(options: EtcdServerOptions = {}): Promise<EtcdServer> {
    const [client, peer] = freePorts(2);
    const folder = await Deno.makeTempDir({ prefix: "etcd-" });
    return new EtcdServer(folder, client!, peer!, options);
  }

  /** Gives so many members of one cluster, which are ready to serve. */
  static async startCluster(count: number): Promise<EtcdServer[]> {
    const members: EtcdServer[] = [];
    try {
      for (let at = 0; at < count; at++) members.push(await EtcdServer.prepare());
      const cluster = members.map((member, at) => `m${at}=${member.#peerUrl}`).join();
      await Promise.all(members.map((member, at) => {
        member.#name = `m${at}`;
        member.#cluster = cluster;
        return member.start();
      }));
      return members;
    } catch (error) {
      await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
      throw error;
    }
  }

  /** Starts it, on the files that it has. */
  async start(): Promise<void> {
    if (this.#tls !== undefined) {
      const { cert, key, ca } = this.#tls;
      await Deno.writeTextFile(`${this.#folder}/cert.pem`, cert);
      await Deno.writeTextFile(`${this.#folder}/key.pem`, key);
      await Deno.writeTextFile(`${this.#folder}/ca.pem`, ca);
    }
    this.#process = spawn(
      "etcd",
      [
        "--name",
        this.#name,
        ...(this.#tls === undefined ? [] : [
          "--cert-file",
          `${this.#folder}/cert.pem`,
          "--key-file",
          `${this.#folder}/key.pem`,
          "--trusted-ca-file",
          `${this.#folder}/ca.pem`,
          "--client-cert-auth",
        ]),
        "--data-dir",
        `${this.#folder}/data`,
        "--listen-client-urls",
        this.url.replace("localhost", "127.0.0.1"),
        "--advertise-client-urls",
        this.url,
        "--listen-peer-urls",
        this.#peerUrl,
        "--initial-advertise-peer-urls",
        this.#peerUrl,
        "--initial-cluster",
        this.#cluster,
        "--unsafe-no-fsync",
        // Short, for leases may not be shorter than one and a half elections.
        "--heartbeat-interval",
        "20",
        "--election-timeout",
        "200",
        // Passwords are no secrets here, and to make them slow takes processor time.
        "--bcrypt-cost",
        "4",
        "--logger",
        "zap",
        "--log-outputs",
        `${this.#folder}/log`,
      ],
      { env: { PATH: process.env["PATH"] }, stdio: "ignore" },
    );
    await new Promise((resolve, reject) =>
      this.#process!.once("spawn", resolve).once("error", reject)
    );
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
    process.kill(pid!, "SIGSTOP");
    const isStopped = (task: string): boolean =>
      / [TtZ] /.test(Deno.readTextFileSync(`/proc/${pid}/task/${task}/stat`).replace(/^.*\)/, ""));
    while (![...Deno.readDirSync(`/proc/${pid}/task`)].every(({ name }) => isStopped(name))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets it go on. */
  thaw(): void {
    if (this.#process !== null) process.kill(this.#process.pid!, "SIGCONT");
  }

  /** Ends it at once, as a loss of power would; its files stay. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    await killChild(child);
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

  /** Removes all keys that begin with a prefix, which ends with a slash. */
  async removeAll(prefix: string): Promise<void> {
    const range_end = btoa(prefix.slice(0, -1) + "0");
    await this.ask("kv/deleterange", { key: btoa(prefix), range_end });
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
    const { ok, answer } = await this.#fetch(`v3/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: token === undefined ? {} : { authorization: token },
    });
    if (!ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Wants users from now on, of whom `root` may do anything. */
  async enableUsers(password: string): Promise<void> {
    await this.ask("auth/user/add", { name: "root", password });
    await this.ask("auth/role/add", { name: "root" });
    await this.ask("auth/user/grant", { user: "root", role: "root" });
    await this.ask("auth/enable", {});
  }

  /** A login of `root`. */
  async login(password: string): Promise<string> {
    return String((await this.ask("auth/authenticate", { name: "root", password }))["token"]);
  }

  async #fetch(path: string, init: RequestInit = {}) {
    const url = `${this.url}/${path}`, tls = this.#tls;
    const client = tls === undefined ? null : thisPlatform().openHttp([tls.ca], tls);
    try {
      const response = await (client === null ? fetch(url, init) : client.fetch(url, init));
      const answer: Record<string, unknown> = await response.json();
      return { ok: response.ok, answer };
    } finally {
      client?.close();
    }
  }

  /** Ends it and deletes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #isHealthy(): Promise<boolean> {
    try {
      const { health } = (await this.#fetch("health")).answer;
      return String(health) === "true";
    } catch {
      return false;
    }
  }
}
