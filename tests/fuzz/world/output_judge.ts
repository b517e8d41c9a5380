/**
 * What a session may say, whatever it hears.
 *
 * @module
 */

import { FEATURE_GROWING_WINDOWS } from "../../../lib/session/frames/hello.ts";
import { FLAG_FIRST, FrameType, isBulk } from "../../../lib/wire/frame.ts";
import { messageCost } from "../../../lib/wire/limits.ts";
import { isKnownType, type SeenFrame } from "../frame_walker.ts";
import { must } from "../fuzz_target.ts";
import { NO_FRAME } from "../tally.ts";

/** Knows what both sides have sent, and only that; so it judges soundly even what answers nonsense. */
export class OutputJudge {
  /** What the hello that the session has heard says. */
  budgetBytes = 0;
  maxCalls = 0;
  /** How many bytes of bulk have come. */
  bulkBytes = 0;

  #maxFragmentBytes = 1_024;
  #windowBytes = 0;
  #helloCame = false;
  #growsWindows = false;
  #goodbyes = 0;
  /** How often each id was asked, less how often it was answered for good. */
  readonly #unanswered = new Map<number, number>();

  /** The session has been told this. */
  onHeard({ type, id, argument, view, start, end }: SeenFrame): void {
    if (type === FrameType.window) this.#windowBytes += argument;
    else if (type === FrameType.request || type === FrameType.open) {
      this.#unanswered.set(id, (this.#unanswered.get(id) ?? 0) + 1);
    } else if (type === FrameType.hello && !this.#helloCame && end - start >= 96) {
      this.#helloCame = true;
      this.#maxFragmentBytes = Math.min(view.getUint32(start + 76, true), 1_048_576);
      this.#windowBytes += this.budgetBytes = view.getUint32(start + 80, true);
      this.maxCalls = view.getUint32(start + 88, true);
      this.#growsWindows = (view.getUint32(start + 8, true) & FEATURE_GROWING_WINDOWS) !== 0;
    }
  }

  /** The session says this. */
  onSpoken({ type, flags, id, view, start, end }: SeenFrame): void {
    must(type !== NO_FRAME, "a batch ends within a frame");
    must(this.#goodbyes === 0, () => `a frame of type ${type} follows the goodbye`);
    must(
      isKnownType(type) && (flags & ~15) === 0 && (flags & 3) !== 3,
      () => `a frame has type ${type} and flags ${flags}`,
    );
    const length = end - start;
    const extra = (flags & FLAG_FIRST) === 0 ? 0 : 4;
    if (isBulk(type, flags, length)) this.bulkBytes += length - extra;
    switch (type) {
      case FrameType.goodbye:
        this.#goodbyes++;
        return;
      case FrameType.request:
      case FrameType.open:
      case FrameType.input:
      case FrameType.output:
        this.#take(extra === 0 ? length : view.getUint32(start, true), length - extra);
        return;
      case FrameType.response:
        this.#take(extra === 0 ? length : view.getUint32(start, true), length - extra);
        if (extra === 0) this.#answer(type, id);
        return;
      case FrameType.error:
      case FrameType.outputEnd:
        this.#answer(type, id);
        return;
      case FrameType.openerFragment:
      case FrameType.responderFragment:
        must(length > 0 && length <= this.#maxFragmentBytes, () => `a piece has ${length} bytes`);
        return;
      case FrameType.outputCredit:
      case FrameType.inputCredit:
        must(
          length === 4 || this.#growsWindows && length === 8,
          () => `a credit frame has ${length} bytes`,
        );
    }
  }

  #take(bytes: number, pieceBytes: number): void {
    must(
      pieceBytes <= this.#maxFragmentBytes,
      () => `a frame has ${pieceBytes} bytes of a message`,
    );
    this.#windowBytes -= messageCost(bytes);
    must(this.#windowBytes >= 0, "the session oversteps its peer's budget");
  }

  #answer(type: number, id: number): void {
    const left = (this.#unanswered.get(id) ?? 0) - 1;
    must(left >= 0, () => `a frame of type ${type} answers id ${id} once too often`);
    this.#unanswered.set(id, left);
  }
}
