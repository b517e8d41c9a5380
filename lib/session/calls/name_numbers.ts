/**
 * The numbers that one side gives to the names of handlers.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { FrameType } from "../../wire/frame.ts";
import {
  encodeName,
  MAX_NAMES,
  MAX_NAMES_BYTES,
  nameCost,
  nameKey,
} from "../frames/handler_name.ts";
import type { SendScheduler } from "../sending/send_scheduler.ts";
import type { OutgoingCall } from "../sending/outgoing_call_table.ts";

/** A number that has a name. */
interface NumberedName {
  readonly key: string;
  readonly cost: number;
}

/** So many names without a handler gather, beside one for each call, before they are given back. */
const UNKNOWN_BATCH = 64;
/** With less than this share of the numbers or bytes left, old names are given back. */
const RESERVE_SHARE = 8;
/** What a user's own key for a name is remembered for, at most so often. */
const MAX_KEYS = 4_096;

/**
 * Names and their numbers, agreed on once for each connection.
 *
 * A peer that knows how can be told a new name for a number. So what was called
 * in vain gives its numbers back soon, and what was named longest ago gives
 * them back when they run short. A number keeps its name for as long as a call
 * made with it has no answer. Names are given back between batches of the peer
 * only, so that a number holds from where it is looked up to where it is sent.
 */
export class NameNumbers {
  /** Whether the peer takes a new name for a number that has one. */
  reuses = false;

  readonly #scheduler: SendScheduler;
  /** By name, those named longest ago first. */
  readonly #numbers = new Map<string, number>();
  readonly #names: (NumberedName | null)[] = [];
  readonly #free: number[] = [];
  readonly #unknown = new Set<number>();
  /** By what users know names by. */
  readonly #byKey = new Map<unknown, number>();
  #lastKey: unknown = null;
  #lastNumber = 0;
  #bytes = 0;
  /** How many names without a handler make it worth while to give them back. */
  #enoughUnknown = UNKNOWN_BATCH;
  /** How many names must have been given before old ones are looked for again. */
  #given = 0;
  #nextSweep = 0;

  /** @param scheduler Where the peer is told of a new name. */
  constructor(scheduler: SendScheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * The number of a name; a new one is told to the peer first.
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
   * The number of a name without a subroute, remembered by what its user knows
   * it by. The same as {@linkcode NameNumbers.of} for the rest.
   *
   * @param key An object or text that always stands for this name.
   */
  ofKey(key: object | string, name: string): number {
    // Most calls are of the same name as the one before.
    if (key === this.#lastKey) return this.#lastNumber;
    let number = this.#byKey.get(key);
    if (number === undefined) {
      number = this.of(name, "");
      if (this.#byKey.size >= MAX_KEYS) this.#byKey.clear();
      this.#byKey.set(key, number);
    }
    this.#lastKey = key;
    return this.#lastNumber = number;
  }

  /** The peer has no handler of that name. */
  onUnknown(number: number): void {
    this.#unknown.add(number);
  }

  /**
   * Gives names back if it is time to; called between two batches of the peer.
   *
   * @param calls The calls that are not answered yet.
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

  /** Whether the reserve is touched. */
  #isShort(): boolean {
    return this.#numbers.size > MAX_NAMES - MAX_NAMES / RESERVE_SHARE ||
      this.#bytes > MAX_NAMES_BYTES - MAX_NAMES_BYTES / RESERVE_SHARE;
  }

  #checkRoom(name: string, subroute: string, cost: number): void {
    // Where no name can be given back, subroutes, of which users make up any number, leave some room to contracts.
    const share = this.reuses || subroute === "" ? 1 : 1 - 1 / RESERVE_SHARE;
    const maxNames = Math.floor(MAX_NAMES * share);
    if (this.#numbers.size < maxNames && this.#bytes + cost <= MAX_NAMES_BYTES * share) return;
    // What has been answered meanwhile is given back with the next batch.
    this.#nextSweep = 0;
    const help = this.reuses
      ? "Wait for calls to finish."
      : "The peer's version does not reuse name numbers: upgrade it, or reconnect.";
    throw new InternodeError(
      "Overloaded",
      `The peer accepts no more handler names${
        subroute === "" ? "" : " with subroutes"
      } on this connection: ` +
        `${this.#numbers.size} names are in use, and ${this.#unknown.size} of them have no handler there. ${help}`,
      { origin: "caller", handler: name },
    );
  }
}
