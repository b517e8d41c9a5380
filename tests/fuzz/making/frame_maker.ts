/**
 * Frames that a peer could send next.
 *
 * @module
 */

import type { SeededRandom } from "../../../lib/testing/time/seeded_random.ts";
import {
  FLAG_FIRST,
  FLAG_METADATA,
  FrameType,
  NO_TIMEOUT,
  PRIORITY_SHIFT,
} from "../../../lib/wire/frame.ts";
import { namePayload, u32, utf8 } from "../../support/session/raw_frames.ts";
import { HANDLER_NAMES } from "../world/app_handlers.ts";
import { EDGE_WORDS } from "./byte_mutator.ts";
import {
  ERRORS,
  HEADERS,
  METADATA,
  SHORT_ERRORS,
  SHORT_METADATA,
  TOLD_ERRORS,
  TRAILERS,
} from "./frame_parts.ts";
import type { FrameWriter } from "./frame_writer.ts";
import { fill } from "../pattern.ts";
import type { OwnCall, PeerModel, TheirCall } from "./peer_model.ts";

/** What the session takes. */
export interface FrameLimits {
  readonly maxFragmentBytes: number;
  readonly maxMessageBytes: number;
}

const TIMEOUTS = [NO_TIMEOUT, NO_TIMEOUT, NO_TIMEOUT, 0, 1, 30, 5_000, NO_TIMEOUT - 1] as const;
const CREDITS = [0, 1, 2, 5, 100, 65_535] as const;
const ECHO = HANDLER_NAMES.indexOf("echo");
/** The longest of the names, as the answer says it again. */
const NOBODY = HANDLER_NAMES.length + 1;
const TEXTS: readonly Uint8Array[] = [
  new Uint8Array(0),
  utf8("no answer wanted"),
  new Uint8Array([0xff, 0xfe, 0xc3]),
  utf8("€".repeat(3_000)),
];
/** Names of handlers, by place; the last ones have none. */
const NAMES: readonly Uint8Array[] = [
  ...HANDLER_NAMES.map((name) => namePayload(name)),
  namePayload("", "sub"),
  namePayload("n".repeat(255), "ä".repeat(127)),
  new Uint8Array([2, 0, 0xff, 0xfe, 0x80]),
];

/** Draws frames that fit what the peer knows, now and then one that comes too late or out of nowhere. */
export class FrameMaker {
  /** Whether it never breaks the protocol. */
  isHonest = false;
  #names = 0;

  readonly model: PeerModel;
  readonly writer: FrameWriter;
  readonly limits: FrameLimits;
  readonly bulkBytes: () => number;

  constructor(
    model: PeerModel,
    writer: FrameWriter,
    limits: FrameLimits,
    bulkBytes: () => number,
  ) {
    this.model = model;
    this.writer = writer;
    this.limits = limits;
    this.bulkBytes = bulkBytes;
  }

  /** Gives numbers to the names of all handlers. */
  names(): void {
    for (const payload of NAMES) this.writer.with(FrameType.name, 0, this.#names++, 0, 0, payload);
  }

  /** Adds a frame, or a few that belong together; none where nothing fits. */
  add(random: SeededRandom): void {
    for (let tries = 0; tries < 6; tries++) if (this.#tryAdd(random)) return;
  }

  #tryAdd(random: SeededRandom): boolean {
    const draw = random.int(0, 99), { own, theirs } = this.model;
    if (draw < 20) return this.#begin(random, false);
    if (draw < 28) return this.#begin(random, true);
    if (draw < 64) return own.length > 0 && this.#goOn(random.pick(own), random);
    if (draw < 86) return theirs.length > 0 && this.#answer(random.pick(theirs), random);
    if (draw < 98) return this.#tend(random);
    return !this.isHonest && this.#stray(random);
  }

  /** A call that nobody can serve. */
  useless(): void {
    this.writer.frame(FrameType.request, 0, NOBODY, 0xfff0_0000, NO_TIMEOUT, 0);
  }

  /** A call whose answer is as long as itself. */
  greedy(): void {
    this.writer.filled(FrameType.request, 0, ECHO, 0xfff0_0000, NO_TIMEOUT, 1_000);
  }

  #length(random: SeededRandom): number {
    const { maxMessageBytes } = this.limits;
    const most = random.pick([0, 8, 8, 40, 40, 40, 200, 1_000, random.chance(0.1) ? 70_000 : 900]);
    return Math.min(random.int(0, most), maxMessageBytes - 300);
  }

  /** A request, or the opening of a stream. */
  #begin(random: SeededRandom, isStream: boolean): boolean {
    const { model, writer, limits } = this;
    const isShort = !this.isHonest && random.chance(0.002);
    const block = isShort || random.chance(0.1)
      ? random.pick(isShort ? SHORT_METADATA : METADATA)
      : null;
    const kind = random.chance(0.85) ? 0 : random.int(1, 2);
    const bytes = kind === 0 ? this.#length(random) : 0;
    const total = (isStream ? 8 : 0) + (block?.length ?? 0) + bytes;
    const isWhole = total <= limits.maxFragmentBytes && (total < 2 || random.chance(0.9));
    const first = isWhole ? total : this.#piece(total, random);
    if (!writer.hasRoom(total)) return false;
    const id = model.takeId();
    if (id === 0 || !model.spend(total)) return false;
    const inputCredit = random.pick(CREDITS), outputCredit = random.pick(CREDITS);
    const whole = new Uint8Array(total);
    if (isStream) whole.set(u32(outputCredit, inputCredit));
    if (block !== null) whole.set(block, isStream ? 8 : 0);
    if (bytes > 0) fill(whole, total - bytes, total, id);
    const isWrong = !this.isHonest && random.chance(0.002);
    const rank = isWrong
      ? random.int(0, 15)
      : model.ranks && random.chance(0.2)
      ? random.int(0, 2)
      : 0;
    const flags = kind | (block === null ? 0 : FLAG_METADATA) | (isWhole ? 0 : FLAG_FIRST) |
      rank << PRIORITY_SHIFT;
    const payload = writer.frame(
      isStream ? FrameType.open : FrameType.request,
      flags,
      random.int(0, this.isHonest || random.chance(0.99) ? NAMES.length - 1 : 20),
      id,
      random.pick(TIMEOUTS),
      isWhole ? total : 4 + first,
    );
    if (isWhole) writer.bytes.set(whole, payload);
    else {
      writer.view.setUint32(payload, total, true);
      writer.bytes.set(whole.subarray(0, first), payload + 4);
    }
    model.begin(id, isStream, total - first, isStream ? inputCredit : 0, outputCredit);
    // The rest of what an opening begins with must be right, so it comes at once.
    const call = model.own[model.own.length - 1]!;
    let sent = first;
    while (call.left > 0 && sent < 8 + (block?.length ?? 0)) {
      const piece = Math.min(call.left, limits.maxFragmentBytes);
      writer.with(FrameType.openerFragment, 0, 0, id, 0, whole.subarray(sent, sent + piece));
      sent += piece;
      call.left -= piece;
    }
    return true;
  }

  #piece(left: number, random: SeededRandom): number {
    const most = Math.min(this.limits.maxFragmentBytes, left - 1);
    return random.chance(0.7) ? most : random.int(1, most);
  }

  /** The next frame of a call of the peer's own. */
  #goOn(call: OwnCall, random: SeededRandom): boolean {
    const { writer } = this;
    if (random.chance(call.isCancelled ? 0.01 : 0.05)) {
      call.isCancelled = true;
      writer.with(FrameType.cancel, 0, random.pick([3, 4, 4, 77]), call.id, 0, random.pick(TEXTS));
      call.left = 0;
      return true;
    }
    if (call.left > 0) return this.#fragment(FrameType.openerFragment, call, random);
    if (!call.isStream) return false;
    if (call.outputs > 0 && random.chance(0.4)) {
      const { messages, payload } = this.model.creditOutputs(call, random);
      writer.with(FrameType.outputCredit, 0, 0, call.id, messages, payload);
      return true;
    }
    if (random.chance(0.05)) {
      writer.frame(FrameType.ping, 0, 0, call.id, random.int(0, 9), 0);
      return true;
    }
    if (call.inputsEnded || call.isCancelled) return false;
    if (call.inputCredit > 0 && random.chance(0.9)) {
      call.inputCredit--;
      return this.#message(FrameType.input, call, call.inputs++, random);
    }
    if (call.inputs === 0 && call.inputCredit === 0) return false;
    call.inputsEnded = true;
    writer.frame(FrameType.inputEnd, 0, 0, call.id, call.inputs, 0);
    return true;
  }

  /** The next frame of the answer to a call of the session's. */
  #answer(call: TheirCall, random: SeededRandom): boolean {
    const { model, writer } = this;
    if (random.chance(0.1)) {
      const code = call.isCancelled ? 4 : random.pick([5, 6, 6, 7, 9, 12, 200]);
      const isShort = !this.isHonest && random.chance(0.04);
      const told = call.hasTrailers || random.chance(0.8) ? ERRORS : TOLD_ERRORS;
      const payload = random.pick(isShort ? SHORT_ERRORS : told);
      writer.with(FrameType.error, 0, code, call.id, 0, payload);
      model.answered(call);
      return true;
    }
    if (call.left > 0) {
      this.#fragment(FrameType.responderFragment, call, random);
      if (call.left === 0 && !call.isStream) model.answered(call);
      return true;
    }
    if (random.chance(0.15)) return this.#metadata(call, random);
    if (!call.isStream) {
      if (!this.#message(FrameType.response, call, 0, random)) return false;
      if (call.left === 0) model.answered(call);
      return true;
    }
    if (call.inputs > 0 && random.chance(0.4)) {
      const { messages, payload } = model.creditInputs(call, random);
      writer.with(FrameType.inputCredit, 0, 0, call.id, messages, payload);
      return true;
    }
    const mayFollow = !call.hasTrailers || (!this.isHonest && random.chance(0.01));
    if (mayFollow && call.outputs < call.outputCredit && random.chance(0.85)) {
      return this.#message(FrameType.output, call, call.outputs++, random);
    }
    if (random.chance(0.6)) return false;
    writer.frame(FrameType.outputEnd, 0, 0, call.id, call.outputs, 0);
    model.answered(call);
    return true;
  }

  /** Metadata of an answer: with the response, as an output, or with the end of a stream without outputs. */
  #metadata(call: TheirCall, random: SeededRandom): boolean {
    const { model, writer } = this;
    const isWrong = !this.isHonest && random.chance(0.02);
    const mayHaveHeaders = call.outputs === 0 || isWrong;
    const blocks = isWrong && random.chance(0.5)
      ? random.pick(SHORT_METADATA)
      : random.pick(mayHaveHeaders && random.chance(0.5) ? HEADERS : TRAILERS);
    if (call.hasTrailers && !isWrong) return false;
    if (call.isStream && !call.hasOutputs) {
      writer.with(FrameType.outputEnd, 0, 0, call.id, 0, blocks);
      model.answered(call);
      return true;
    }
    if (call.isStream && call.outputs >= call.outputCredit) return false;
    const value = call.isStream ? (isWrong ? 1 : 0) : random.int(0, 9);
    const payload = new Uint8Array(blocks.length + value);
    payload.set(blocks);
    if (!writer.hasRoom(payload.length) || !model.spend(payload.length)) return false;
    if (!call.isStream) {
      writer.with(FrameType.response, FLAG_METADATA, 0, call.id, 0, payload);
      model.answered(call);
      return true;
    }
    // Where trailers stand, the second block is no longer empty.
    call.hasTrailers = HEADERS[1] === blocks || (TRAILERS.indexOf(blocks) > 0);
    writer.with(FrameType.output, FLAG_METADATA, 0, call.id, call.outputs++, payload);
    return true;
  }

  /** A message of a call under way, or its first piece. */
  #message(
    type: number,
    call: OwnCall | TheirCall,
    argument: number,
    random: SeededRandom,
  ): boolean {
    const { model, writer, limits } = this;
    const kind = random.chance(0.85) ? 0 : random.int(1, 2);
    const total = kind === 0 ? this.#length(random) : 0;
    if (!writer.hasRoom(total) || !model.spend(total)) {
      // Nothing was sent: the number is the next one's.
      if ("inputCredit" in call) {
        call.inputs--;
        call.inputCredit++;
      } else if (type === FrameType.output) call.outputs--;
      return false;
    }
    if (total <= limits.maxFragmentBytes && (total < 2 || random.chance(0.9))) {
      writer.filled(type, kind, 0, call.id, argument, total);
      return true;
    }
    const first = this.#piece(total, random);
    const at = writer.frame(type, kind | FLAG_FIRST, 0, call.id, argument, 4 + first);
    writer.view.setUint32(at, total, true);
    fill(writer.bytes, at + 4, at + 4 + first, argument);
    call.left = total - first;
    return true;
  }

  #fragment(type: number, call: OwnCall | TheirCall, random: SeededRandom): boolean {
    const piece = Math.min(
      call.left,
      random.chance(0.8) ? this.limits.maxFragmentBytes : random.int(1, call.left),
      this.limits.maxFragmentBytes,
    );
    this.writer.filled(type, 0, 0, call.id, 0, piece);
    call.left -= piece;
    return true;
  }

  /** What belongs to the connection. */
  #tend(random: SeededRandom): boolean {
    const { model, writer } = this;
    switch (random.int(0, 9)) {
      case 0:
        writer.frame(FrameType.ping, 0, 0, 0, random.pick(EDGE_WORDS), 0);
        return true;
      case 1:
      case 2: {
        const ping = model.pings.pop();
        writer.frame(FrameType.pong, 0, 0, ping?.id ?? 0, ping?.argument ?? 7, 0);
        return true;
      }
      case 3:
      case 4:
      case 5: {
        const bytes = random.chance(0.8) ? model.owedBytes : random.int(0, model.owedBytes);
        writer.frame(FrameType.window, 0, 0, 0, bytes, 0);
        model.owedBytes -= bytes;
        return true;
      }
      case 6:
      case 7:
        writer.frame(FrameType.arrived, 0, 0, 0, this.bulkBytes() >>> 0, 0);
        return true;
      case 8:
        if (random.chance(0.1)) writer.frame(FrameType.drain, 0, 0, 0, random.int(0, 4), 0);
        else if (random.chance(0.05)) {
          writer.with(FrameType.goodbye, 0, random.int(0, 20), 0, 0, random.pick(TEXTS));
        } else writer.with(FrameType.name, 0, this.#names++, 0, 0, random.pick(NAMES));
        return true;
      default:
        writer.frame(FrameType.window, 0, 0, 0, 0, 0);
        return true;
    }
  }

  /** What may come late and is dropped, or comes out of nowhere. */
  #stray(random: SeededRandom): boolean {
    const { writer } = this;
    if (random.chance(0.03)) {
      // As if the handshake were not done.
      writer.filled(random.int(FrameType.hello, FrameType.welcome), 0, 0, 0, 0, 32);
      return true;
    }
    const id = random.pick([0x0010_0000, 0x0010_0003, 0x0ff0_0001, 0x0020_0002]);
    const type = random.pick([
      FrameType.openerFragment,
      FrameType.responderFragment,
      FrameType.cancel,
      FrameType.outputCredit,
      FrameType.inputCredit,
      FrameType.input,
      FrameType.inputEnd,
      FrameType.ping,
      FrameType.pong,
    ]);
    writer.filled(type, 0, 0, id, random.int(0, 3), 4);
    return true;
  }
}
