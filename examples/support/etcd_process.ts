/**
 * An etcd of one's own, for as long as the example runs.
 *
 * @module
 */

import { delay } from "@std/async";
import { freePorts } from "../../tools/network/free_ports.ts";
import { KeptProcess } from "./kept_process.ts";

/** So long etcd may take to start; it usually takes 0.1 s. */
const START_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = 20;

/** One member, with files in a folder that somebody else removes. */
export class EtcdProcess implements AsyncDisposable {
  /** Its client URL. */
  readonly url: string;
  readonly #keeper: KeptProcess;

  private constructor(url: string, keeper: KeptProcess) {
    this.url = url;
    this.#keeper = keeper;
  }

  /** Whether there is an `etcd` to run. */
  static async isInstalled(): Promise<boolean> {
    try {
      const command = new Deno.Command("etcd", { args: ["--version"] });
      return (await command.output()).success;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /** Starts it; resolves when it can be used. */
  static async start(folder: string, signal: AbortSignal): Promise<EtcdProcess> {
    const [url, peerUrl] = freePorts(2).map((port) => `http://127.0.0.1:${port}`) as [
      string,
      string,
    ];
    const options = {
      "data-dir": `${folder}/etcd`,
      "listen-client-urls": url,
      "advertise-client-urls": url,
      "listen-peer-urls": peerUrl,
      "initial-advertise-peer-urls": peerUrl,
      "initial-cluster": `default=${peerUrl}`,
      "logger": "zap",
      "log-outputs": `${folder}/etcd.log`,
    };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    // It has nobody else to agree with: a long election is time lost at the start.
    args.push("--heartbeat-interval=20", "--election-timeout=200");
    const keeper = new KeptProcess(["etcd", ...args]);
    const etcd = new EtcdProcess(url, keeper);
    try {
      await etcd.#untilHealthy(signal);
      return etcd;
    } catch (error) {
      await etcd[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends it at once, and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]();
  }

  async #untilHealthy(signal: AbortSignal): Promise<void> {
    const limit = performance.now() + START_LIMIT_MS;
    while (!await this.#isHealthy(signal)) {
      if (performance.now() > limit) throw new Error(`etcd did not start at ${this.url}.`);
      await delay(LOOK_AGAIN_MS, { signal });
    }
  }

  async #isHealthy(signal: AbortSignal): Promise<boolean> {
    try {
      const { health } = await (await fetch(`${this.url}/health`, { signal })).json();
      return String(health) === "true";
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }
}
