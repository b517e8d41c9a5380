/**
 * Grids whose nodes run on different runtimes: Deno and those that are named.
 * Each calls each, over each transport, before and after each was started anew.
 *
 * @module
 */

import { ROOT } from "./build.ts";
import { Launcher } from "./launcher.ts";
import type { NodePlan } from "../../tests/runtimes/mixed_node.ts";
import { freePorts } from "../network/free_ports.ts";

const NODE = "tests/runtimes/mixed_node.ts";
const CERTIFICATES = new URL("tests/support/certificates/", ROOT);
const SCHEMES = ["tcp", "unix", "ws", "tls", "wss"];
/** How long a node may take for one line. */
const ANSWER_MS = 60_000;

/** A node in a process of its own. */
class NodeProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(command: readonly string[], plan: NodePlan) {
    const [program, ...args] = command;
    this.#child = new Deno.Command(program!, {
      args: [...args, JSON.stringify(plan)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line that it says. */
  async line(): Promise<string> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ANSWER_MS);
    try {
      for (let end = -1;;) {
        end = this.#rest.indexOf("\n");
        if (end >= 0) {
          const line = this.#rest.slice(0, end);
          this.#rest = this.#rest.slice(end + 1);
          return line;
        }
        const { done, value } = await this.#lines.read();
        if (done) return "it has ended without a word, or took too long";
        this.#rest += value;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Tells it something and gives its answer. */
  async ask(what: string): Promise<string> {
    await this.say(what).catch(() => {});
    return await this.line();
  }

  async say(what: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${what}\n`));
  }

  /** Ends it; says whether it came to its end by itself. */
  async end(): Promise<boolean> {
    await this.say("end").catch(() => {});
    // A process of Deno lives for as long as somebody may still tell it something.
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ANSWER_MS);
    const { code } = await this.#child.status;
    clearTimeout(timer);
    return code === 0;
  }

  /** Kills it, as a crash would. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#input.abort().catch(() => {});
    await this.#lines.cancel().catch(() => {});
  }
}

/** Runs one grid; gives what was wrong. */
async function playGrid(
  scheme: string,
  runtimes: readonly string[],
  launcher: Launcher,
  folder: string,
): Promise<string[]> {
  const read = (name: string): string => Deno.readTextFileSync(new URL(name, CERTIFICATES));
  const ports = freePorts(runtimes.length);
  const hosts = ports.map((port, i) =>
    scheme === "unix" ? `unix://${folder}/${i}.sock` : `${scheme}://127.0.0.1:${port}`
  );
  const certificates = { cert: read("host.pem"), key: read("host.key") };
  const shared = { hosts, ...certificates, caCerts: [read("authority.pem")] };
  const start = (i: number): NodeProcess => {
    const command = launcher.command(runtimes[i]!, NODE);
    return new NodeProcess(command, { ...shared, local: hosts[i]! });
  };
  const nodes = runtimes.map((_, i) => start(i)), wrong: string[] = [];
  const name = (i: number): string => `${scheme}, ${runtimes[i]}`;
  const expect = (answer: string, wanted: string, i: number, when: string): void => {
    if (answer !== wanted) wrong.push(`${name(i)}, ${when}: ${answer}`);
  };
  const allCall = async (when: string): Promise<void> => {
    const answers = await Promise.all(nodes.map((node) => node.ask("call")));
    answers.forEach((answer, i) => expect(answer, "ok", i, when));
  };
  try {
    for (const [i, node] of nodes.entries()) expect(await node.line(), "ready", i, "at its start");
    await allCall("at first");
    for (const [i, node] of nodes.entries()) {
      await node[Symbol.asyncDispose]();
      nodes[i] = start(i);
      expect(await nodes[i]!.line(), "ready", i, "started anew");
      await allCall(`when ${name(i)} was started anew`);
    }
    for (const [i, node] of nodes.entries()) {
      if (!await node.end()) wrong.push(`${name(i)}: it did not end by itself`);
    }
    return wrong;
  } finally {
    for (const node of nodes) await node[Symbol.asyncDispose]();
  }
}

async function main(runtimes: readonly string[]): Promise<number> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "internode-mixed-" }));
  await using launcher = await Launcher.of(runtimes, [NODE]);
  let failed = 0;
  try {
    const all = ["deno", ...runtimes];
    for (const scheme of SCHEMES) {
      const wrong = await playGrid(scheme, all, launcher, folder);
      console.log(
        `${scheme}: ${all.join(", ")} ... ${wrong.length > 0 ? "FAILED" : "ok"}`,
      );
      for (const text of wrong) console.log(`  ${text}`);
      if (wrong.length > 0) failed++;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const passed = SCHEMES.length - failed;
  console.log(`\n${failed > 0 ? "FAILED" : "ok"} | ${passed} passed | ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
