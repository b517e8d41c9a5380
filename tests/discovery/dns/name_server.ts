/** A real name server: Debian's dnsmasq. */

import { FILES, NET, RUN } from "../../support/permitted.ts";

/** Where the package puts it; the second is not on every user's path. */
const COMMANDS = ["dnsmasq", "/usr/sbin/dnsmasq"];

/** How the tests that need it are called and whether they run. */
export interface NameServerTest {
  /** What a name of such a test ends with: shows why it is skipped. */
  readonly note: string;
  /** Whether it is skipped. */
  readonly ignore: boolean;
}

const command = NET && RUN && FILES ? COMMANDS.find(isInstalled) : undefined;

/**
 * Without the permissions these tests are skipped as any others. Without
 * dnsmasq they are too, but not in CI: there they fail.
 */
export const DNSMASQ: NameServerTest = lookUp();

function lookUp(): NameServerTest {
  if (!NET || !RUN || !FILES) return { note: "", ignore: true };
  if (command !== undefined) return { note: "", ignore: false };
  const env = Deno.permissions.querySync({ name: "env", variable: "CI" }).state === "granted";
  if (env && Deno.env.get("CI")) return { note: " (dnsmasq is MISSING)", ignore: false };
  return { note: " (SKIPPED: dnsmasq is not installed, see Debian's dnsmasq-base)", ignore: true };
}

function isInstalled(command: string): boolean {
  try {
    return new Deno.Command(command, { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

/** A dnsmasq on this machine that only knows the domain `test`. */
export class TestNameServer implements AsyncDisposable {
  readonly port: number;
  readonly #hostsPath: string;
  readonly #records: readonly string[];
  #process: Deno.ChildProcess | null = null;
  #log: ReadableStreamDefaultReader<string> | null = null;

  /**
   * Does not start it yet.
   *
   * @param hostsPath A file of its own, for the addresses.
   * @param records Further options of dnsmasq.
   */
  constructor(hostsPath: string, records: readonly string[] = []) {
    this.#hostsPath = hostsPath;
    this.#records = records;
    const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = probe.addr.port;
    probe.close();
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const user = Deno.uid() === 0 ? ["--user=root"] : [];
    this.#process = new Deno.Command(command ?? COMMANDS[0]!, {
      args: [
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
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#log = this.#process.stderr.pipeThrough(new TextDecoderStream()).getReader();
    await this.#logged(/read .*hosts|failed|error|unknown|bad option/);
  }

  /** Sets the addresses: lines of "address name". */
  async setHosts(...lines: readonly string[]): Promise<void> {
    await Deno.writeTextFile(this.#hostsPath, lines.map((line) => `${line}\n`).join(""));
    if (this.#process === null) return;
    this.#process.kill("SIGHUP");
    await this.#logged(/read .*hosts/);
  }

  /** Kills it. */
  async stop(): Promise<void> {
    const process = this.#process, log = this.#log;
    this.#process = this.#log = null;
    if (process === null) return;
    process.kill("SIGKILL");
    await log?.cancel();
    await process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #logged(pattern: RegExp): Promise<void> {
    for (let text = ""; !pattern.test(text);) {
      const { value, done } = await this.#log!.read();
      if (done) throw new Error(`dnsmasq has ended: ${text}`);
      text += value;
      if (/failed|bad option/.test(text)) throw new Error(`dnsmasq could not start: ${text}`);
    }
  }
}
