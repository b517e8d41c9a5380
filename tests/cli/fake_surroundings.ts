/**
 * What commands have around them, without a process.
 *
 * @module
 */

import { runProgram } from "../../lib/cli/program.ts";
import type { Surroundings } from "../../lib/cli/world/world.ts";
import { systemClock } from "../../lib/runtime/system_clock.ts";
import { thisPlatform } from "../../lib/runtime/this_platform.ts";
import type { EndSignal, TextOutput } from "../../lib/runtime/platform/terminal.ts";

/** What a command line has come to. */
export interface Came {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface FakeOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Texts by their paths; a path that is not among them is not there. */
  readonly files?: Readonly<Record<string, string>>;
  /** The columns of the terminal. Default: none, a pipe. */
  readonly columns?: number;
  readonly input?: string;
  /** Hears of each text that is printed, and whether anybody reads on. */
  readonly onPrint?: (text: string) => boolean;
}

/** A process of which only its texts are known. */
export class FakeSurroundings implements Surroundings {
  out = "";
  err = "";
  readonly #options: FakeOptions;
  #onSignal: ((signal: EndSignal) => void) | null = null;
  #onKey: ((key: string) => void) | null = null;

  constructor(options: FakeOptions) {
    this.#options = options;
  }

  readonly clock: Surroundings["clock"] = systemClock;
  readonly env = (name: string): string | undefined => this.#options.env?.[name];

  get files(): Surroundings["files"] {
    const { files = {} } = this.#options;
    return {
      ...thisPlatform().files,
      readTextFile: (path) =>
        path in files
          ? Promise.resolve(files[path]!)
          : Promise.reject(new Deno.errors.NotFound(`no such file: ${path}`)),
    };
  }

  get terminal(): Surroundings["terminal"] {
    const { columns, input = "", onPrint } = this.#options;
    const output = (write: (text: string) => void): TextOutput => ({
      isTerminal: columns !== undefined,
      size: () => columns === undefined ? null : { columns, rows: 24 },
      write: (text) => {
        write(text);
        return Promise.resolve(onPrint?.(text) ?? true);
      },
    });
    return {
      args: [],
      output: output((text) => this.out += text),
      errors: output((text) => this.err += text),
      onSignal: (listener) => {
        this.#onSignal = listener;
        return () => this.#onSignal = null;
      },
      input: async function* () {
        yield await Promise.resolve(new TextEncoder().encode(input));
      },
      readKeys: (onKey) => {
        if (columns === undefined) return null;
        this.#onKey = onKey;
        return () => this.#onKey = null;
      },
      exit: (status) => {
        throw new Error(`exit ${status}`);
      },
    };
  }

  signal(signal: EndSignal): void {
    this.#onSignal?.(signal);
  }

  press(key: string): void {
    this.#onKey?.(key);
  }

  /** Whether it listens to signals or keys. */
  get listens(): boolean {
    return this.#onSignal !== null || this.#onKey !== null;
  }
}

/** Runs a command line to its end, in a process that is none. */
export async function runFake(args: readonly string[], options: FakeOptions = {}): Promise<Came> {
  const around = new FakeSurroundings(options);
  const status = await runProgram(args, around);
  return { status, out: around.out, err: around.err };
}
