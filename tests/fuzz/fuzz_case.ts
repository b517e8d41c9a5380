/**
 * What one run of the fuzzer did, so that it can be done again.
 *
 * @module
 */

/** One thing done to what is tested. What the numbers mean depends on `op`. */
export interface Step {
  readonly op: string;
  /** Which of two sides does it, or which direction of a link it is about. */
  readonly side: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly bytes: Uint8Array | null;
}

/** What was drawn before the first step. */
export type Setup = Record<string, number | boolean | string>;

/** A run: the same setup and steps give the same history. */
export interface FuzzCase {
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

/** A run in a file: each step as `"op side a b c hex"`. */
export interface StoredCase {
  readonly name: string;
  readonly target: string;
  readonly setup: Setup;
  readonly steps: readonly string[];
}

/** Makes a step; what is not named is 0. */
export function step(op: string, init: Partial<Step> = {}): Step {
  const { side = 0, a = 0, b = 0, c = 0, bytes = null } = init;
  return { op, side, a, b, c, bytes };
}

/** A run as it stands in a file. */
export function storeCase(name: string, target: string, { setup, steps }: FuzzCase): StoredCase {
  return {
    name,
    target,
    setup,
    steps: steps.map(({ op, side, a, b, c, bytes }) =>
      [op, side, a, b, c, ...bytes === null ? [] : [bytes.toHex()]].join(" ")
    ),
  };
}

/** A run from a file. */
export function loadCase({ setup, steps }: StoredCase): FuzzCase {
  return {
    setup,
    steps: steps.map((text) => {
      const [op = "", side, a, b, c, hex] = text.split(" ");
      return {
        op,
        side: Number(side),
        a: Number(a),
        b: Number(b),
        c: Number(c),
        bytes: hex === undefined ? null : Uint8Array.fromHex(hex),
      };
    }),
  };
}

/** Plays steps, and notes them if asked to. */
export class Recorder {
  /** What was drawn before the first step. */
  setup: Setup = {};
  /** What was done; `null` where nobody wants to know. */
  readonly steps: Step[] | null;

  constructor(records: boolean) {
    this.steps = records ? [] : null;
  }

  /** Notes a step about to be done. */
  note(done: Step): Step {
    this.steps?.push(done);
    return done;
  }
}
