/**
 * Counts the frames that a session takes.
 *
 * @module
 */

import type { App } from "./app.ts";
import type { FeedWatch } from "./feed.ts";
import { type SeenFrame, typePlace, walk } from "../frame_walker.ts";
import type { TargetName } from "../fuzz_target.ts";
import { STATES, type Tally } from "../tally.ts";

const CLOSED = STATES.indexOf("closed");
const FIRST_OPEN = STATES.indexOf("dialler open");

/** Counts by type and by the state in which the session was. */
export class FrameCounter implements FeedWatch {
  readonly #app: App;
  readonly #target: TargetName;
  readonly #tally: Tally;
  readonly #onHeard: (frame: SeenFrame) => void;
  readonly #types: number[] = [];
  #before = 0;
  #handshakeFrames = 0;

  constructor(
    app: App,
    target: TargetName,
    tally: Tally,
    onHeard: (frame: SeenFrame) => void = () => {},
  ) {
    this.#app = app;
    this.#target = target;
    this.#tally = tally;
    this.#onHeard = onHeard;
  }

  /** Which of {@linkcode STATES} the session is in. */
  get state(): number {
    const { session, options } = this.#app;
    if (session.state === "closed") return CLOSED;
    const isAcceptor = options.role === "acceptor";
    if (session.state === "open") {
      return FIRST_OPEN + (isAcceptor ? 2 : 0) + (session.incoming.draining ? 1 : 0);
    }
    return (isAcceptor ? 2 : 0) + (this.#handshakeFrames > 0 ? 1 : 0);
  }

  onBatch(bytes: Uint8Array, start: number, end: number): void {
    this.#before = this.state;
    this.#types.length = 0;
    walk(bytes, start, end, (frame) => {
      this.#types.push(frame.type);
      this.#onHeard(frame);
    });
  }

  onTaken(): void {
    const before = this.#before, after = this.state;
    this.#types.forEach((type, index) => {
      // Of a batch that ends the session only the first frame certainly was taken.
      let state = after === CLOSED && index > 0 ? CLOSED : before;
      if (before < FIRST_OPEN && after >= FIRST_OPEN && after < CLOSED && type > 3) state = after;
      this.#tally.frame(this.#target, state, typePlace(type));
      if (before < FIRST_OPEN && type <= 3) this.#handshakeFrames++;
    });
  }
}
