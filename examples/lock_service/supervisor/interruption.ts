/**
 * What a program does with signals of the system.
 *
 * @module
 */

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Tells a program that a signal wants its end; for as long as the process lives. */
export class Interruption {
  /** The status to end with once a signal has come; 0 before. */
  status = 0;
  readonly #controller = new AbortController();

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
