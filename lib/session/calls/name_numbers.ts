/**
 * The numbers that one side gives to the names of handlers.
 *
 * @module
 */

import { are, counted } from "../../foreign/text_of.ts";
import { InternodeError } from "../../errors.ts";
import { FrameType } from "../../wire/frame.ts";
import {
  encodeName,
  MAX_NAMES,
  MAX_NAMES_BYTES,
  nameCost,
  nameKey,
  subrouteIn,
} from "../frames/handler_name.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";
import type { OutgoingCall } from "../sending/outgoing_call_table.ts";

/** A number that has a name. */
interface NumberedName {
  readonly key: string;
  readonly cost: number;
}

/** How many names without a handler are kept, besides one for each call, before their numbers are freed. */
const UNKNOWN_BATCH = 64;
/** If less than one in this many numbers or bytes is left, old names are freed. */
const RESERVE_SHARE = 8;
/** How many keys of users are cached at most. */
const MAX_KEYS = 4_096;

/**
 * Handler names and their numbers, defined once for each connection.
 *
 * If the peer supports it, a number can be given a new name. Names without a
 * handler are freed soon, and the oldest names when numbers run short. A number
 * keeps its name as long as a call made with it has no response. Names are
 * freed only between batches of the peer, so that a number stays valid from its
 * look-up until it is sent.
 */
export class NameNumbers {
  /** Whether the peer takes a new name for a number that has one. */
  reuses = false;

  readonly #scheduler: SendScheduler;
  /** By name; the oldest names come first. */
  readonly #numbers = new Map<string, number>();
  readonly #names: (NumberedName | null)[] = [];
  readonly #free: number[] = [];
  readonly #unknown = new Set<number>();
  /** By key of the user. */
  readonly #byKey = new Map<unknown, number>();
  #lastKey: unknown = null;
  #lastNumber = 0;
  #bytes = 0;
  /** How many names without a handler start the next clean-up. */
  #enoughUnknown = UNKNOWN_BATCH;
  /** How many names must have been defined before old ones are looked for again. */
  #given = 0;
  #nextSweep = 0;

  /** @param scheduler Sends the definitions of new names. */
  constructor(scheduler: SendScheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * The number of a name; a new one is first sent to the peer.
   *
   * @throws {InternodeError} `Overloaded` when the peer takes no more names.
   */
  of(name: string, subroute: string): number {
    const key = nameKey(name, subroute);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const payload = encodeName(name, subroute), cost = nameCost(payload.length);
    this.#checkRoom(name, subroute, cost);
    const number = this.#free.pop() ?? this.#names.length;
    this.#names[number] = { key, cost };
    this.#numbers.set(key, number);
    this.#bytes += cost;
    this.#given++;
    this.#scheduler.frame(FrameType.name, number, 0, 0, payload);
    return number;
  }

  /**
   * The number of a name, cached by a key. Otherwise like {@linkcode NameNumbers.of}.
   *
   * @param key An object or string that always stands for this name and subroute.
   */
  ofKey(key: object | string, name: string, subroute = ""): number {
    // Most calls use the same name as the one before.
    if (key === this.#lastKey) return this.#lastNumber;
    let number = this.#byKey.get(key);
    if (number === undefined) {
      number = this.of(name, subroute);
      if (this.#byKey.size >= MAX_KEYS) this.#byKey.clear();
      this.#byKey.set(key, number);
    }
    this.#lastKey = key;
    return this.#lastNumber = number;
  }

  /** The subroute of a number that a call was made with; `""` if there is none. */
  subrouteOf(number: number): string {
    return subrouteIn(this.#names[number]?.key ?? "");
  }

  /** The peer has no handler of that name. */
  onUnknown(number: number): void {
    this.#unknown.add(number);
  }

  /**
   * Frees names if it is time to; called between two batches of the peer.
   *
   * @param calls The calls that have no response yet.
   */
  giveBack(calls: () => Iterable<OutgoingCall>): void {
    if (!this.reuses) return;
    const short = this.#isShort();
    if (this.#unknown.size < this.#enoughUnknown && !(short && this.#given >= this.#nextSweep)) {
      return;
    }
    const inUse = new Set<number>();
    for (const call of calls()) inUse.add(call.handler);
    for (const number of this.#unknown) {
      if (!inUse.has(number)) this.#release(number);
    }
    this.#enoughUnknown = this.#unknown.size + inUse.size + UNKNOWN_BATCH;
    if (short) this.#giveOldestBack(inUse);
    this.#byKey.clear();
    this.#lastKey = null;
  }

  #giveOldestBack(inUse: ReadonlySet<number>): void {
    for (const number of this.#numbers.values()) {
      if (!this.#isShort()) break;
      if (!inUse.has(number)) this.#release(number);
    }
    this.#nextSweep = this.#given + MAX_NAMES / RESERVE_SHARE / 2;
  }

  #release(number: number): void {
    this.#unknown.delete(number);
    const name = this.#names[number];
    if (name === undefined || name === null) return;
    this.#names[number] = null;
    this.#numbers.delete(name.key);
    this.#bytes -= name.cost;
    this.#free.push(number);
  }

  /** Whether numbers or bytes run short. */
  #isShort(): boolean {
    return this.#numbers.size > MAX_NAMES - MAX_NAMES / RESERVE_SHARE ||
      this.#bytes > MAX_NAMES_BYTES - MAX_NAMES_BYTES / RESERVE_SHARE;
  }

  #checkRoom(name: string, subroute: string, cost: number): void {
    // If no name can be freed, names with subroutes, of which there may be any number, must leave some room for others.
    const share = this.reuses || subroute === "" ? 1 : 1 - 1 / RESERVE_SHARE;
    const maxNames = Math.floor(MAX_NAMES * share);
    if (this.#numbers.size < maxNames && this.#bytes + cost <= MAX_NAMES_BYTES * share) return;
    // Names whose calls have ended meanwhile are freed after the next batch.
    this.#nextSweep = 0;
    const help = this.reuses
      ? "Wait for calls to finish."
      : "The peer's version does not reuse name numbers: upgrade it, or reconnect.";
    throw new InternodeError(
      "Overloaded",
      `The peer accepts no more handler names${
        subroute === "" ? "" : " with subroutes"
      } on this connection: ` +
        `${counted(this.#numbers.size, "name")} ${
          are(this.#numbers.size)
        } in use, and ${this.#unknown.size} of them have no handler there. ${help}`,
      { origin: "caller", handler: name },
    );
  }
}
