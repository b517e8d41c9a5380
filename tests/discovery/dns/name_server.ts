/** A real name server: Debian's dnsmasq. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { freePorts } from "../../../tools/network/free_ports.ts";
import { type ProgramTest, testWith } from "../../support/installed.ts";
import { killChild } from "../../support/kill_child.ts";
import { FILES, NET, PROGRAMS } from "../../support/permitted.ts";

/** Where the package puts it; the second is not on every user's path. */
const COMMANDS = ["dnsmasq", "/usr/sbin/dnsmasq"];

const isPermitted = NET && PROGRAMS && FILES;
const command = isPermitted ? COMMANDS.find(isInstalled) : undefined;

/** The tests that need it. */
export const DNSMASQ: ProgramTest = testWith(
  "dnsmasq",
  "Debian's dnsmasq-base",
  isPermitted,
  () => command !== undefined,
);

function isInstalled(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

/** A dnsmasq on this machine that only knows the domain `test`. */
export class TestNameServer implements AsyncDisposable {
  readonly port: number;
  readonly #hostsPath: string;
  readonly #records: readonly string[];
  #process: ChildProcess | null = null;
  /** What it has said that nobody has looked at yet. */
  #log = "";
  #onLog = (): void => {};

  /**
   * Does not start it yet.
   *
   * @param hostsPath A file of its own, for the addresses.
   * @param records Further options of dnsmasq.
   */
  constructor(hostsPath: string, records: readonly string[] = []) {
    this.#hostsPath = hostsPath;
    this.#records = records;
    this.port = freePorts(1)[0]!;
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const user = process.getuid?.() === 0 ? ["--user=root"] : [];
    const child = this.#process = spawn(
      command ?? COMMANDS[0]!,
      [
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--pid-file=",
        "--log-facility=-",
        "--no-resolv",
        "--no-hosts",
        "--local=/test/",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        `--port=${this.port}`,
        `--addn-hosts=${this.#hostsPath}`,
        ...user,
        ...this.#records,
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.#log = "";
    const told = (text: string): void => {
      this.#log += text;
      this.#onLog();
    };
    child.stderr.setEncoding("utf8").on("data", told);
    child.once("error", (error) => told(`failed to start: ${error}`));
    child.once("exit", () => told("error: it has ended"));
    await this.#logged(/read .*hosts|failed|error|unknown|bad option/);
  }

  /** Sets the addresses: lines of "address name". */
  async setHosts(...lines: readonly string[]): Promise<void> {
    await Deno.writeTextFile(this.#hostsPath, lines.map((line) => `${line}\n`).join(""));
    if (this.#process === null) return;
    process.kill(this.#process.pid!, "SIGHUP");
    await this.#logged(/read .*hosts/);
  }

  /** Kills it. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    await killChild(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #logged(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#log)) await new Promise<void>((resolve) => this.#onLog = resolve);
    const text = this.#log;
    this.#log = "";
    if (/failed|bad option|error/.test(text)) throw new Error(`dnsmasq could not start: ${text}`);
  }
}
