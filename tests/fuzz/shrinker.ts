/**
 * Finds the smallest run that still fails.
 *
 * @module
 */

import { spliced } from "./making/byte_mutator.ts";
import { walk } from "./frame_walker.ts";
import type { FuzzCase, Step } from "./fuzz_case.ts";
import { NO_FRAME } from "./tally.ts";

/** However slow a run is, there is an answer after about so long. */
const MAX_MS = 20_000;

/** Says whether other bytes would do, and takes them if so. */
interface Try {
  (bytes: Uint8Array): boolean;
  /** Whether it is time to be content. */
  isOver(): boolean;
}

/**
 * Leaves out steps, ever fewer at a time, then frames and bytes of those that
 * remain, as long as what is left still fails: delta debugging (Zeller and
 * Hildebrandt, 2002), cut short.
 *
 * @param run A run that fails.
 * @param fails Whether another one does.
 * @param maxAttempts When to be content. Default: 6,000.
 */
export function shrink(
  run: FuzzCase,
  fails: (run: FuzzCase) => boolean,
  maxAttempts = 6_000,
): FuzzCase {
  const { setup } = run;
  const untilMs = performance.now() + MAX_MS;
  let steps = run.steps, attempts = 0;
  const isOver = (): boolean => attempts >= maxAttempts || performance.now() > untilMs;
  const keep = (fewer: readonly Step[]): boolean => {
    if (isOver()) return false;
    attempts++;
    if (!fails({ setup, steps: fewer })) return false;
    steps = fewer;
    return true;
  };
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = steps.length - size; at > -size; at -= size) {
      const from = Math.max(0, at);
      keep([...steps.slice(0, from), ...steps.slice(from + size)]);
    }
  }
  for (const reduce of [shrinkFrames, shrinkBytes]) {
    for (let index = steps.length - 1; index >= 0; index--) {
      const whole = steps[index]!;
      if (whole.bytes === null) continue;
      const attempt = (bytes: Uint8Array): boolean =>
        keep([...steps.slice(0, index), { ...whole, bytes }, ...steps.slice(index + 1)]);
      reduce(whole.bytes, Object.assign(attempt, { isOver }));
    }
  }
  return { setup, steps };
}

/** Takes bytes for a batch: leaves out whole frames, then shortens payloads. */
function shrinkFrames(bytes: Uint8Array, attempt: Try): void {
  let current = bytes;
  const frames = frameSpans(bytes);
  for (const [start, end] of frames.reverse()) {
    if (attempt.isOver()) return;
    const without = spliced(current, start, end - start, NOTHING);
    if (attempt(without)) {
      current = without;
      continue;
    }
    for (let cut = (end - start - 16) >> 1, length = end - start - 16; cut >= 1; cut >>= 1) {
      if (length < cut) continue;
      const shorter = spliced(current, start + 16 + length - cut, cut, NOTHING);
      new DataView(shorter.buffer).setUint32(start + 4, length - cut, true);
      if (!attempt(shorter)) continue;
      current = shorter;
      length -= cut;
    }
  }
}

function frameSpans(bytes: Uint8Array): [number, number][] {
  const spans: [number, number][] = [];
  walk(bytes, 0, bytes.length, ({ type, start, end }) => {
    if (type !== NO_FRAME) spans.push([start - 16, end]);
  });
  return spans;
}

/** Takes bytes for just that. */
function shrinkBytes(bytes: Uint8Array, attempt: Try): void {
  let current = bytes;
  for (let size = current.length >> 1; size >= 1; size >>= 1) {
    for (let at = current.length - size; at >= 0; at -= size) {
      if (attempt.isOver()) return;
      const fewer = spliced(current, at, size, NOTHING);
      if (attempt(fewer)) current = fewer;
    }
  }
}

const NOTHING = new Uint8Array(0);
