/**
 * How operators' tools watch an example: by the command line, and by the live page.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import { KeptProcess } from "./kept_process.ts";

const PROGRAM = new URL("../../lib/cli/mod.ts", import.meta.url).href;

/** What is written into the context file, which docs/cli.md describes. */
export interface WatchContext {
  readonly hosts?: readonly string[];
  readonly resolver?: Readonly<Record<string, object>>;
  readonly secretFile?: string;
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly caFile: string };
}

/** What a {@linkcode Watching} is made from. */
export interface WatchingOptions {
  /** The folder of the run, which nobody else may read, and which somebody else removes. */
  readonly folder: string;
  /** How its nodes are reached. */
  readonly context: WatchContext;
  /** Whether the live page is served. */
  readonly web: boolean;
  /** Whether the page shows the peers that nodes name, too. Default: `false`. */
  readonly peers?: boolean;
  /** Is told how to watch. */
  readonly tell: (message: string) => void;
}

/** A context file, and the live page if it is wanted. */
export class Watching implements AsyncDisposable {
  readonly #page: KeptProcess | null;

  private constructor(page: KeptProcess | null) {
    this.#page = page;
  }

  /** Writes the file, starts the page, and tells of both. */
  static async start({ folder, context, web, peers, tell }: WatchingOptions): Promise<Watching> {
    const path = `${folder}/watch.json`;
    await Deno.writeTextFile(path, JSON.stringify(context), { mode: 0o600 });
    tell(`Watch it by: deno task internode top --context ${path}`);
    if (!web) return new Watching(null);
    const args = ["--json", "--listen", "127.0.0.1:0", "--context", path];
    if (peers === true) args.push("--peers");
    const program = [Deno.execPath(), "run", "-A", "--quiet", "--no-prompt", PROGRAM, "web"];
    const page = new KeptProcess([...program, ...args], "piped");
    try {
      tell(`Watch it at: ${await urlOf(page)}`);
    } catch (error) {
      await page[Symbol.asyncDispose]();
      throw error;
    }
    return new Watching(page);
  }

  /** Ends the page. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page?.[Symbol.asyncDispose]();
  }
}

async function urlOf({ stdout }: KeptProcess): Promise<string> {
  const lines = stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) return (JSON.parse(line) as { url: string }).url;
  throw new Error("The live page did not start.");
}
