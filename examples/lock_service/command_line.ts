/**
 * What a program does with its command line and with signals of the system.
 *
 * @module
 */

import { UsageError } from "./options.ts";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Reads the command line; who asks for help, or gets it wrong, is told how it goes.
 *
 * @param parse Makes options of it. What it throws but a {@linkcode UsageError} goes on.
 * @param usage How it goes.
 * @returns The options, or the status to end with.
 */
export function readOptions<Options>(
  parse: (args: string[]) => Options | "help",
  usage: string,
): Options | number {
  try {
    const options = parse(Deno.args);
    if (options !== "help") return options;
    console.log(usage);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}

/** Tells a program that a signal wants its end; for as long as the process lives. */
export class Interruption {
  /** The status to end with once a signal has come; 0 before. */
  status = 0;
  readonly #controller = new AbortController();

  /** */
  constructor() {
    for (const [name, code] of Object.entries(SIGNALS) as [keyof typeof SIGNALS, number][]) {
      Deno.addSignalListener(name, () => {
        this.status = code;
        this.#controller.abort(new Error(`Interrupted by ${name}.`));
      });
    }
  }

  /** Aborts when a signal comes, with an error that names it. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
}
