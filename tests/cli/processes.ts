/**
 * Nodes for the command line to look at, and the command line itself, all in processes of their own.
 *
 * @module
 */

import type { NodeSettings } from "./contracts.ts";

const ROOT = new URL("../../", import.meta.url);

/** A node, or a server. */
export class NodeProcess implements AsyncDisposable {
  /** Where it listens. */
  readonly address: string;
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(
    address: string,
    child: Deno.ChildProcess,
    stdout: ReadableStreamDefaultReader<Uint8Array>,
  ) {
    this.address = address;
    this.#child = child;
    this.#stdout = stdout;
  }

  /** Resolves when it listens. */
  static async start(settings: NodeSettings): Promise<NodeProcess> {
    const program = new URL("node.ts", import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-prompt", "--no-check", program, JSON.stringify(settings)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const stdout = child.stdout.getReader(), { value } = await stdout.read();
    const address = new TextDecoder().decode(value).trim();
    const started = new NodeProcess(address, child, stdout);
    if (address !== "") return started;
    await started[Symbol.asyncDispose]();
    throw new Error(`the node at ${settings.local} did not start`);
  }

  /** Freezes it, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  /** Resolves with its exit status once it has ended by itself. */
  get status(): Promise<number> {
    return this.#child.status.then(({ code }) => code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.stdin.abort().catch(() => {});
    await this.#stdout.cancel();
    await this.#child.status;
  }
}

/** How the command line is run. */
export interface InternodeOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** The signal that it gets once it has printed something. */
  readonly signal?: Deno.Signal;
}

/** What came of it. */
export interface InternodeEnded {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in a process of its own, with nothing in its environment but what is given. */
export async function internode(
  args: readonly string[],
  { env = {}, input = "", signal }: InternodeOptions = {},
): Promise<InternodeEnded> {
  const { DENO_DIR, HOME = "/" } = Deno.env.toObject();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--no-check", "lib/cli/mod.ts", ...args],
    cwd: ROOT,
    clearEnv: true,
    env: { HOME, XDG_CONFIG_HOME: "/none", ...(DENO_DIR !== undefined && { DENO_DIR }), ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const errors = new Response(child.stderr).text();
  let out = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (signal !== undefined && out === "") child.kill(signal);
    out += text;
  }
  const { code } = await child.status;
  return { code, out, err: await errors };
}
