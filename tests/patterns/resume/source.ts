/** Streams for tests of resuming, without a network: each attempt does what it is told. */

import { InternodeError } from "@internode/grid";

/** What an attempt gives: outputs, then its end; `"waits"`: none. */
export interface Script {
  readonly outputs: readonly number[];
  readonly ends: "well" | "waits" | unknown;
}

/** An error of a lost connection. */
export function lost(): InternodeError {
  return new InternodeError("Disconnected", "The connection was lost.", {
    origin: "network",
    outcome: "maybeExecuted",
  });
}

/** Plays scripts, one for each opening, and notes what was asked for. */
export class Source {
  /** Where the openings began. */
  readonly openedFrom: (number | undefined)[] = [];
  /** How many attempts were left. */
  left = 0;
  readonly #scripts: readonly Script[];

  constructor(...scripts: readonly Script[]) {
    this.#scripts = scripts;
  }

  /** Opens the next attempt; those after the last script are lost at once. */
  readonly open = (from: number | undefined): AsyncIterable<number> => {
    const script = this.#scripts[this.openedFrom.length] ?? { outputs: [], ends: lost() };
    this.openedFrom.push(from);
    const outputs = [...script.outputs];
    return {
      [Symbol.asyncIterator]: () => ({
        next: (): Promise<IteratorResult<number>> => {
          const value = outputs.shift();
          if (value !== undefined) return Promise.resolve({ done: false, value });
          if (script.ends === "well") return Promise.resolve({ done: true, value: undefined });
          if (script.ends === "waits") return new Promise(() => {});
          return Promise.reject(script.ends);
        },
        return: (): Promise<IteratorResult<number>> => {
          this.left++;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
  };
}
