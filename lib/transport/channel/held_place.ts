/**
 * The place of one connection that has not proven itself.
 *
 * @module
 */

import type { DoorPlace } from "./door.ts";
import { PeerLeft } from "./peer_left.ts";

/** What a place needs of its door. */
export interface PlaceKeeper {
  /** Keeps the deadline of a place no longer. */
  release(place: HeldPlace): void;
  /** A place is free again. */
  free(place: HeldPlace): void;
  /** How long a place is held at most, and since when that is, by the present. */
  usedMs(place: HeldPlace): number;
  /** Calls a place's `onTurn` when it may begin with TLS. */
  queue(place: HeldPlace): void;
}

/** Where a connection stands in line for TLS. */
export type TlsStage = "none" | "waiting" | "begun";

/** A {@linkcode DoorPlace} of this library. */
export class HeldPlace implements DoorPlace {
  /** Where the connection comes from; `null`: that is not known. */
  readonly address: string | null;
  /** When it was accepted, by the door's clock. */
  readonly sinceMs: number;
  /** See {@linkcode DoorPlace}. */
  isHeld = false;
  /** See {@linkcode DoorPlace}. */
  onLate: (limitMs: number) => void;
  /** For the door alone. */
  tls: TlsStage = "none";
  /** For the door alone. */
  onTurn: (() => void) | null = null;

  readonly #keeper: PlaceKeeper;
  #isFree = false;
  #failTurn: ((error: Error) => void) | null = null;

  /** */
  constructor(
    keeper: PlaceKeeper,
    address: string | null,
    sinceMs: number,
    onLate: (limitMs: number) => void,
  ) {
    this.#keeper = keeper;
    this.address = address;
    this.sinceMs = sinceMs;
    this.onLate = onLate;
  }

  /** See {@linkcode DoorPlace}. */
  hold(): number {
    this.isHeld = true;
    this.#keeper.release(this);
    return this.#keeper.usedMs(this);
  }

  /** See {@linkcode DoorPlace}. */
  tlsTurn(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isFree) return reject(leftWaiting());
      this.#failTurn = reject;
      this.onTurn = () => {
        this.#failTurn = null;
        resolve();
      };
      this.#keeper.queue(this);
    });
  }

  /** See {@linkcode DoorPlace}. */
  leave(): void {
    if (this.#isFree) return;
    this.#isFree = this.isHeld = true;
    this.#keeper.free(this);
    this.#failTurn?.(leftWaiting());
    this.#failTurn = null;
  }
}

function leftWaiting(): PeerLeft {
  return new PeerLeft("the connection ended while it waited for its TLS handshake");
}
