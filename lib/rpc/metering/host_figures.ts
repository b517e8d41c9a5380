/**
 * What is counted of the calls with one host.
 *
 * @module
 */

import type { AnyContract } from "../contract/contract.ts";
import type { MeteredCalls } from "../contract/meter.ts";
import type { CallFigures } from "./call_figures.ts";
import type { FaceFigures } from "./face_figures.ts";

/** Finds the figures of calls with one host, fast for calls of the same handler in a row. */
export class HostFigures {
  readonly #face: FaceFigures;
  readonly #side: MeteredCalls["side"];
  readonly #host: string;
  #contract: AnyContract | null = null;
  #figures: CallFigures | null = null;
  #generation = -1;
  #byName = new Map<string, CallFigures>();

  constructor(face: FaceFigures, side: MeteredCalls["side"], host: string) {
    this.#face = face;
    this.#side = side;
    this.#host = host;
  }

  /** The figures of a contract's calls. */
  of(contract: AnyContract): CallFigures {
    if (contract === this.#contract && this.#generation === this.#face.generation) {
      return this.#figures!;
    }
    return this.#find(contract);
  }

  #find(contract: AnyContract): CallFigures {
    const face = this.#face, { name: handler, kind } = contract;
    if (this.#generation !== face.generation) {
      this.#byName = new Map();
      this.#generation = face.generation;
    }
    let figures = this.#byName.get(handler);
    if (figures === undefined || figures.calls.kind !== kind) {
      figures = face.of({ side: this.#side, kind, handler, host: this.#host });
      // Users may make contracts without end.
      if (this.#byName.size >= MAX_NAMES) this.#byName = new Map();
      this.#byName.set(handler, figures);
    }
    this.#contract = contract;
    return this.#figures = figures;
  }
}

/** So many names are found fast. */
const MAX_NAMES = 1_000;
