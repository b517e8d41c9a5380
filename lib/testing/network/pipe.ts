/**
 * One direction of one connection: what was sent and has not been taken yet.
 *
 * @module
 */

import type { Timer } from "../../runtime/clock.ts";
import type { Link, LinkTraffic } from "./link.ts";
import type { VirtualClock } from "../time/virtual_clock.ts";

/** The sender is done; no bytes follow. */
export const END: unique symbol = Symbol("end");
/** The connection is broken; both directions are over. */
export const RESET: unique symbol = Symbol("reset");

/** What travels: bytes, or how it ends. */
export type PipeItem = Uint8Array<ArrayBuffer> | typeof END | typeof RESET;

/** An end of a connection, as its pipes know it. */
export interface PipeEnd {
  /** Whether its node waits until the pipe has room again. */
  readonly awaitsRoom: boolean;
  /** What it sends goes here. */
  readonly out: Pipe;
  /** The pipe it sends into may have room again. */
  onRoom(): void;
  /** Schedules an arrival. */
  scheduleArrival(delayMs: number, callback: () => void): Timer;
  /** Takes an arrival back. */
  cancelArrival(timer: Timer): void;
  /** An item has come over the link. */
  arrive(item: PipeItem): void;
}

/** An item under way. */
interface Parcel {
  readonly item: PipeItem;
  arrivalMs: number;
}

/**
 * Carries items from one end to the other in order, with the delays of its
 * link. Counts the bytes that were sent and not yet taken by the receiver.
 */
export class Pipe implements LinkTraffic {
  /** The link it goes over. */
  readonly link: Link;
  readonly #back: Link;
  readonly #clock: VirtualClock;
  #sender!: PipeEnd;
  #receiver!: PipeEnd;
  #parcels: Parcel[] = [];
  #lastArrivalMs = 0;
  #timer: Timer | null = null;
  #waiting = false;
  #usedBytes = 0;
  #unconfirmedBytes = 0;
  #confirming = false;
  #severed = false;

  constructor(link: Link, back: Link, clock: VirtualClock) {
    this.link = link;
    this.#back = back;
    this.#clock = clock;
    link.pipes = [...link.pipes, this];
  }

  /** Names its two ends; called once, before anything else. */
  join(sender: PipeEnd, receiver: PipeEnd): void {
    this.#sender = sender;
    this.#receiver = receiver;
  }

  /** How many bytes are under way or wait for the receiver, as far as the sender knows. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Sends an item; bytes must be a copy that nobody else holds. */
  push(item: PipeItem): void {
    const byteLength = typeof item === "symbol" ? 0 : item.length;
    this.#usedBytes += byteLength;
    if (this.#severed) return;
    const arrivalMs = this.#clock.now() + this.link.drawDelay(byteLength);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs);
    this.#parcels.push({ item, arrivalMs: this.#lastArrivalMs });
    this.#arm();
  }

  /** The receiver took bytes: they make room once the news has travelled back. */
  consume(byteLength: number): void {
    this.#unconfirmedBytes += byteLength;
    if (!this.#sender.awaitsRoom && !this.#back.blocked) this.#confirm();
    else this.kickBack();
  }

  /** See {@linkcode LinkTraffic}. */
  goOn(): void {
    this.kick();
    this.#receiver.out.kickBack();
  }

  /** Goes on after a blockade of this link or the one back. */
  kick(): void {
    if (this.#waiting && !this.link.blocked) {
      this.#waiting = false;
      // What was lost meanwhile is sent again, and takes its time again.
      const arrivalMs = this.#clock.now() + this.link.drawDelay(0);
      this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs);
      for (const parcel of this.#parcels) parcel.arrivalMs = Math.max(parcel.arrivalMs, arrivalMs);
      this.#arm();
    }
  }

  /** Tells the sender of room that it could not hear of during a blockade. */
  kickBack(): void {
    if (this.#unconfirmedBytes === 0 || this.#back.blocked || this.#confirming) return;
    this.#confirming = true;
    this.#back.carry(() => this.#confirm());
  }

  /** Goes on for a receiver that has vanished, whose clock runs nothing any more. */
  rearm(): void {
    this.#timer = null;
    this.#arm();
  }

  /** Drops everything that is under way. */
  clear(): void {
    if (this.#timer !== null) this.#receiver.cancelArrival(this.#timer);
    this.#timer = null;
    this.#waiting = false;
    this.#parcels = [];
  }

  /** Drops everything that is under way or will yet be sent. */
  sever(): void {
    this.#severed = true;
    this.clear();
  }

  /** Leaves its link. */
  retire(): void {
    this.sever();
    this.link.pipes = this.link.pipes.filter((other) => other !== this);
  }

  #confirm(): void {
    this.#usedBytes -= this.#unconfirmedBytes;
    this.#unconfirmedBytes = 0;
    this.#confirming = false;
    this.#sender.onRoom();
  }

  #arm(): void {
    const first = this.#parcels[0];
    if (first === undefined || this.#timer !== null || this.#waiting) return;
    const delayMs = first.arrivalMs - this.#clock.now();
    this.#timer = this.#receiver.scheduleArrival(delayMs, () => this.#arrive());
  }

  #arrive(): void {
    this.#timer = null;
    if (this.link.blocked) {
      this.#waiting = true;
      return;
    }
    const parcel = this.#parcels.shift();
    if (parcel === undefined) return;
    // An array that was emptied keeps room for sixteen more, in each of many idle connections.
    if (this.#parcels.length === 0) this.#parcels = [];
    this.#arm();
    this.#receiver.arrive(parcel.item);
  }
}
