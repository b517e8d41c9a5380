/**
 * How much memory decoded values take.
 *
 * @module
 */

/** How much room there is for decoded values. */
export interface DecodedRoom {
  /** How much memory the values of the next message may take. */
  readonly roomBytes: number;
  /** How much they might take if no others were held. */
  readonly mostBytes: number;
  /** A value is kept that takes so many bytes; they are given back once. */
  hold(bytes: number): void;
  /** It is not kept any more. */
  giveBack(bytes: number): void;
}

/** For bytes that come from no connection. */
export const UNLIMITED_ROOM: DecodedRoom = {
  roomBytes: Infinity,
  mostBytes: Infinity,
  hold(): void {},
  giveBack(): void {},
};

/** What the decoded values of one node, client or server take, over all its connections. */
export class DecodedMemory {
  /** The most they may take. */
  readonly limitBytes: number;
  /** What they take. */
  heldBytes = 0;

  /** @param limitBytes The most they may take: `decodedBudgetBytes`. */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
}

/**
 * What one connection takes of it. A connection may take as much as is still
 * free when it has taken it: half of all where it is alone. So whoever takes
 * much leaves room to others, and all together never take more than there is.
 */
export class DecodedShare implements DecodedRoom {
  /** What is held. */
  heldBytes = 0;
  readonly #memory: DecodedMemory;

  /** @param memory Of which it is a share. */
  constructor(memory: DecodedMemory) {
    this.#memory = memory;
  }

  /** See {@linkcode DecodedRoom}. */
  get roomBytes(): number {
    const memory = this.#memory;
    return (memory.limitBytes - memory.heldBytes - this.heldBytes) / 2;
  }

  /** See {@linkcode DecodedRoom}. */
  get mostBytes(): number {
    return this.#memory.limitBytes / 2;
  }

  /** See {@linkcode DecodedRoom}. */
  hold(bytes: number): void {
    this.heldBytes += bytes;
    this.#memory.heldBytes += bytes;
  }

  /** See {@linkcode DecodedRoom}. */
  giveBack(bytes: number): void {
    this.heldBytes -= bytes;
    this.#memory.heldBytes -= bytes;
  }
}
