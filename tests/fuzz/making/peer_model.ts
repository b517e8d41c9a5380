/**
 * What a peer knows of its conversation with a session.
 *
 * @module
 */

import { FLAG_FIRST, FrameType } from "../../../lib/wire/frame.ts";
import { messageCost } from "../../../lib/wire/limits.ts";
import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import { u32 } from "../../support/session/raw_frames.ts";
import type { SeenFrame } from "../frame_walker.ts";

/** What a credit frame carries. */
export interface Credit {
  readonly messages: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** A call of the peer's own. */
export interface OwnCall {
  readonly id: number;
  readonly isStream: boolean;
  /** How many bytes of an unfinished message are still to come. */
  left: number;
  inputCredit: number;
  inputs: number;
  inputsEnded: boolean;
  isCancelled: boolean;
  /** Outputs that came and were not reported. */
  outputs: number;
  outputBytes: number;
  /** How many may be under way or unreported. */
  outputWindow: number;
}

/** A call of the session's. */
export interface TheirCall {
  readonly id: number;
  readonly isStream: boolean;
  left: number;
  /** Whether its handler may send outputs. */
  readonly hasOutputs: boolean;
  outputCredit: number;
  outputs: number;
  /** Whether its trailers were sent, behind which only the end may come. */
  hasTrailers: boolean;
  isCancelled: boolean;
  /** Inputs that came and were not reported. */
  inputs: number;
  inputBytes: number;
  /** How many may be under way or unreported. */
  inputWindow: number;
}

const MAX_OWN_CALLS = 12;
/** The most messages that may be under way. */
const MAX_WINDOW = 65_535;

/** Follows what both sides say, so that most of what is made up next makes sense. */
export class PeerModel {
  readonly own: OwnCall[] = [];
  readonly theirs: TheirCall[] = [];
  /** How many bytes of messages the session takes at the moment. */
  roomBytes: number;
  /** What the session's messages cost that was not given back. */
  owedBytes = 0;
  /** The last ping's argument. */
  pings: { id: number; argument: number }[] = [];
  /** The payload of the session's hello. */
  hello: Uint8Array<ArrayBuffer> | null = null;
  /** Whether both sides know the priority of calls. */
  ranks = false;
  /** Whether a proof came. */
  proofCame = false;
  /** Whether both sides know windows that grow. */
  growsWindows = false;

  readonly #free: number[] = [];
  readonly #uses: number[] = [];

  constructor(roomBytes: number, maxCalls: number) {
    this.roomBytes = roomBytes;
    for (let slot = Math.min(maxCalls, MAX_OWN_CALLS) - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  /** An id for another call; 0 if there is none. */
  takeId(): number {
    const slot = this.#free.pop();
    if (slot === undefined) return 0;
    const uses = (this.#uses[slot] ?? 0) % 4095 + 1;
    this.#uses[slot] = uses;
    return (uses << 20 | slot) >>> 0;
  }

  /** Takes note of a call begun. */
  begin(
    id: number,
    isStream: boolean,
    left: number,
    inputCredit: number,
    outputCredit: number,
  ): void {
    this.own.push({
      id,
      isStream,
      left,
      inputCredit,
      inputs: 0,
      inputsEnded: false,
      isCancelled: false,
      outputs: 0,
      outputBytes: 0,
      outputWindow: outputCredit,
    });
  }

  /** Credit for the outputs of a call of the peer's: all messages and most of the bytes, where windows grow more messages, and perhaps a window. */
  creditOutputs(call: OwnCall, random: SeededRandom): Credit {
    const bytes = random.chance(0.8) ? call.outputBytes : random.int(0, call.outputBytes);
    const more = this.#drawMore(call.outputWindow, random);
    const credit = this.#credit(call.outputs + more, bytes, random);
    call.outputs = 0;
    call.outputBytes -= bytes;
    call.outputWindow += more;
    return credit;
  }

  /** The same for the inputs of a call of the session's. */
  creditInputs(call: TheirCall, random: SeededRandom): Credit {
    const more = this.#drawMore(call.inputWindow, random);
    const credit = this.#credit(call.inputs + more, call.inputBytes, random);
    call.inputs = call.inputBytes = 0;
    call.inputWindow += more;
    return credit;
  }

  #drawMore(window: number, random: SeededRandom): number {
    if (!this.growsWindows || window === 0 || random.chance(0.5)) return 0;
    return Math.min(MAX_WINDOW - window, random.pick([1, 7, 300, MAX_WINDOW]));
  }

  #credit(messages: number, bytes: number, random: SeededRandom): Credit {
    const hasWindow = this.growsWindows && random.chance(0.5);
    const window = random.pick([0, 1, 100_000, 3_000_000, 0xffff_ffff]);
    return { messages, payload: hasWindow ? u32(bytes, window) : u32(bytes) };
  }

  /** Takes bytes of the session's budget, if it has them. */
  spend(bytes: number): boolean {
    const cost = messageCost(bytes);
    if (cost > this.roomBytes) return false;
    this.roomBytes -= cost;
    return true;
  }

  /** Forgets a call of the session's: it is answered. */
  answered(call: TheirCall): void {
    remove(this.theirs, call);
  }

  /** The session says this. */
  onSpoken(frame: SeenFrame): void {
    const { type, flags, id, argument, start, end } = frame;
    const isFirst = (flags & FLAG_FIRST) !== 0;
    const size = isFirst ? frame.view.getUint32(start, true) : end - start;
    switch (type) {
      case FrameType.hello:
        this.hello = frame.bytes.slice(start, end);
        return;
      case FrameType.proof:
        this.proofCame = true;
        return;
      case FrameType.request:
        this.#theirCall(id, false, 0, 0, size);
        return;
      case FrameType.open: {
        const at = isFirst ? start + 4 : start;
        const hasCredits = end - at >= 8;
        const outputCredit = hasCredits ? frame.view.getUint32(at, true) : 0;
        const inputCredit = hasCredits ? frame.view.getUint32(at + 4, true) : 0;
        this.#theirCall(id, true, outputCredit, inputCredit, size);
        return;
      }
      case FrameType.input: {
        this.owedBytes += messageCost(size);
        const call = find(this.theirs, id);
        if (call === undefined) return;
        call.inputs++;
        call.inputBytes += messageCost(size);
        return;
      }
      case FrameType.cancel: {
        const call = find(this.theirs, id);
        if (call !== undefined) call.isCancelled = true;
        return;
      }
      case FrameType.outputCredit: {
        const call = find(this.theirs, id);
        if (call !== undefined) call.outputCredit += argument;
        return;
      }
      case FrameType.output: {
        this.owedBytes += messageCost(size);
        const call = find(this.own, id);
        if (call === undefined) return;
        call.outputs++;
        call.outputBytes += messageCost(size);
        return;
      }
      case FrameType.inputCredit: {
        const call = find(this.own, id);
        if (call !== undefined) call.inputCredit += argument;
        return;
      }
      case FrameType.response:
        this.owedBytes += messageCost(size);
        // One in pieces keeps its slot a little longer here; a slot is free before the last piece.
        if (!isFirst) this.#ended(id);
        return;
      case FrameType.error:
      case FrameType.outputEnd:
        this.#ended(id);
        return;
      case FrameType.ping:
        if (this.pings.length < 8) this.pings.push({ id, argument });
        return;
      case FrameType.window:
        this.roomBytes += argument;
        return;
    }
  }

  #theirCall(
    id: number,
    isStream: boolean,
    outputCredit: number,
    inputCredit: number,
    size: number,
  ): void {
    this.owedBytes += messageCost(size);
    this.theirs.push({
      id,
      isStream,
      left: 0,
      hasOutputs: outputCredit > 0,
      outputCredit,
      outputs: 0,
      hasTrailers: false,
      isCancelled: false,
      inputs: 0,
      inputBytes: 0,
      inputWindow: inputCredit,
    });
  }

  #ended(id: number): void {
    const call = find(this.own, id);
    if (call === undefined) return;
    remove(this.own, call);
    this.#free.push(id & 0xf_ffff);
  }
}

function find<Call extends { readonly id: number }>(calls: Call[], id: number): Call | undefined {
  for (const call of calls) if (call.id === id) return call;
  return undefined;
}

function remove<Call>(calls: Call[], call: Call): void {
  const at = calls.indexOf(call);
  if (at < 0) return;
  calls[at] = calls[calls.length - 1]!;
  calls.pop();
}
