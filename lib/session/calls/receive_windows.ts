/**
 * How much of each stream may be under way to this side.
 *
 * @module
 */

import { type Limits, MAX_STREAM_CREDIT } from "../../wire/limits.ts";
import type { RoundTrip } from "./round_trip.ts";

/** A round trip from which on windows grow. Over a shorter one credit is soon there, and a capacity is what it says. */
const FAR_MS = 5;
/** The part of the connection's budget that streams may take together beyond what each has at first. */
const POOL_SHARE = 1 / 2;
/** The part of what is left of it that one stream may take, so that something is left for others. */
const STREAM_SHARE = 3 / 4;
/** How many times what was read in a round trip may be under way: the whole path, and as much again if the reader takes more. */
const GROWTH = 2;
/** How long after a ping another one is sent, while windows grow: one that was answered late says that the peer is far away. */
const ASK_EACH_MS = 1_000;
/** How long nothing was read of a stream whose room others may have, at least and in round trips. */
const IDLE_MS = 1_000, IDLE_TRIPS = 4;

/** The receiving direction that a window belongs to. */
export interface WindowOwner {
  /** How many bytes of it are unread. */
  readonly heldBytes: number;
  /** Its window has shrunk though nothing was read. */
  onShrunk(nowMs: number): void;
}

/** What the windows of a connection share. */
export class ReceiveWindows {
  /** Whether both sides know windows that grow. */
  isOn = false;
  /** How many bytes of a stream may be under way at first. */
  readonly leastBytes: number;
  readonly #roundTrip: RoundTrip;
  readonly #ask: () => void;
  readonly #poolBytes: number;
  #grownBytes = 0;
  readonly #grown = new Set<ReceiveWindow>();
  #askedMs = -Infinity;
  #collectedMs = -Infinity;

  /**
   * @param limits The limits of this side.
   * @param roundTrip How far away the peer is.
   * @param ask Sends a ping, whose answer tells.
   */
  constructor(limits: Limits, roundTrip: RoundTrip, ask: () => void) {
    const { receiveBudgetBytes, streamBudgetBytes } = limits;
    this.#poolBytes = Math.floor(receiveBudgetBytes * POOL_SHARE);
    this.leastBytes = Math.min(streamBudgetBytes, Math.floor(receiveBudgetBytes / 8));
    this.#roundTrip = roundTrip;
    this.#ask = ask;
  }

  /** How long a round trip takes; 0 where it is too short to matter, `Infinity` where it is not known. */
  tripMs(nowMs: number): number {
    const { leastMs } = this.#roundTrip;
    if (leastMs < FAR_MS) return 0;
    if (nowMs - this.#askedMs >= ASK_EACH_MS) {
      this.#askedMs = nowMs;
      this.#ask();
    }
    return leastMs;
  }

  /**
   * Gives a window as much of the connection's budget as it wants, if there is that much.
   *
   * @param moreBytes How many bytes it wants beyond those that each stream has.
   * @returns How many it has.
   */
  resize(window: ReceiveWindow, moreBytes: number, nowMs: number): number {
    let most = this.#mostFor(window);
    if (moreBytes > most && this.#collect(window, nowMs)) most = this.#mostFor(window);
    const given = Math.min(moreBytes, most);
    this.#grownBytes += given - window.moreBytes;
    if (given > 0) this.#grown.add(window);
    else this.#grown.delete(window);
    return given;
  }

  #mostFor({ moreBytes }: ReceiveWindow): number {
    return Math.floor((this.#poolBytes - this.#grownBytes + moreBytes) * STREAM_SHARE);
  }

  /** Takes back what streams have that nobody reads, but for what came and is unread. */
  #collect(asking: ReceiveWindow, nowMs: number): boolean {
    const tripMs = this.#roundTrip.leastMs, before = this.#grownBytes;
    if (nowMs - this.#collectedMs < tripMs) return false;
    this.#collectedMs = nowMs;
    const idleMs = Math.max(IDLE_MS, IDLE_TRIPS * tripMs);
    for (const window of this.#grown) {
      if (window !== asking && nowMs - window.readMs >= idleMs) window.shrinkToHeld(nowMs);
    }
    return this.#grownBytes < before;
  }
}

/**
 * The window of one direction of a stream: how many messages and bytes may be
 * under way or unread. It follows its reader, who tells after some messages:
 *
 * | what is so                                     | the window                                     |
 * | ---------------------------------------------- | ---------------------------------------------- |
 * | how long a round trip takes is not known       | stays as it is; a ping is sent                 |
 * | a round trip takes less than 5 ms              | becomes what it was at first                   |
 * | more than half of it is unread                 | stays as it is                                 |
 * | no round trip has passed since the last look   | stays as it is                                 |
 * | more than half of it was read in a round trip  | becomes twice what was read, if there is room  |
 * | a quarter to half of it was read               | stays as it is                                 |
 * | less than that was read                        | is halved, to not less than at first           |
 * | nothing was read for a while, others want room | becomes what is unread, not less than at first |
 * | the stream has ended                           | gives all its room back                        |
 *
 * Messages and bytes each follow for themselves, and messages cannot take more
 * memory than the bytes allow.
 */
export class ReceiveWindow {
  /** How many messages. */
  messages: number;
  /** How many bytes beyond those that every stream has. */
  moreBytes = 0;
  /** When something was last read. */
  readMs: number;

  readonly #windows: ReceiveWindows;
  readonly #owner: WindowOwner;
  readonly #leastMessages: number;
  /** When the last look was taken; `-Infinity` before the first. */
  #lookedMs = -Infinity;
  #readMessages = 0;
  #readBytes = 0;

  /** @param messages How many messages may be under way at first. */
  constructor(windows: ReceiveWindows, owner: WindowOwner, messages: number, nowMs: number) {
    this.#windows = windows;
    this.#owner = owner;
    this.messages = this.#leastMessages = messages;
    this.readMs = nowMs;
  }

  /** What its sender is told: how many bytes may be under way; 0 for what its rules allow any stream. */
  get toldBytes(): number {
    return this.moreBytes === 0 ? 0 : this.#windows.leastBytes + this.moreBytes;
  }

  /**
   * So much was read since the last time.
   *
   * @param unread How many messages have come and were not read.
   */
  onRead(messages: number, bytes: number, unread: number, nowMs: number): void {
    this.readMs = nowMs;
    const windows = this.#windows, tripMs = windows.tripMs(nowMs);
    if (tripMs === 0) return this.#reset(nowMs);
    if (tripMs === Infinity) return;
    if (this.#lookedMs < 0) {
      this.#lookedMs = nowMs;
      return;
    }
    this.#readMessages += messages;
    this.#readBytes += bytes;
    const passedMs = nowMs - this.#lookedMs, { leastBytes } = windows;
    if (passedMs < tripMs || unread * 2 > this.messages) return;
    if (this.#owner.heldBytes * 2 > leastBytes + this.moreBytes) return;
    const part = tripMs / passedMs;
    this.messages = Math.min(
      MAX_STREAM_CREDIT,
      next(this.messages, this.#leastMessages, this.#readMessages * part),
    );
    const wanted = next(leastBytes + this.moreBytes, leastBytes, this.#readBytes * part);
    this.moreBytes = windows.resize(this, wanted - leastBytes, nowMs);
    this.#lookedMs = nowMs;
    this.#readMessages = this.#readBytes = 0;
  }

  /** The peer is near after all: an answer that was late made it look far away. */
  #reset(nowMs: number): void {
    this.messages = this.#leastMessages;
    if (this.moreBytes > 0) this.moreBytes = this.#windows.resize(this, 0, nowMs);
  }

  /** Gives room back that is not in use. */
  shrinkToHeld(nowMs: number): void {
    const unread = Math.max(0, this.#owner.heldBytes - this.#windows.leastBytes);
    if (unread >= this.moreBytes) return;
    this.moreBytes = this.#windows.resize(this, unread, nowMs);
    this.#owner.onShrunk(nowMs);
  }

  /** The stream is over. */
  close(): void {
    this.moreBytes = this.#windows.resize(this, 0, 0);
  }
}

/** The next size of a window. */
function next(size: number, least: number, read: number): number {
  if (read * 2 > size) return Math.max(size, Math.ceil(read * GROWTH));
  if (read * 4 < size) return Math.max(least, Math.floor(size / 2));
  return size;
}
