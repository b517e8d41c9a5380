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
  /** Reserves the memory of a value that is kept; it must be given back once. */
  hold(bytes: number): void;
  /** Gives back the memory of a value that is no longer kept. */
  giveBack(bytes: number): void;
}

/** For bytes that do not come from a connection. */
export const UNLIMITED_ROOM: DecodedRoom = {
  roomBytes: Infinity,
  mostBytes: Infinity,
  hold(): void {},
  giveBack(): void {},
};

/** The memory of decoded values of one node, client or server, over all its connections. */
export class DecodedMemory {
  /** The most they may take. */
  readonly limitBytes: number;
  /** How much they take. */
  heldBytes = 0;

  /** @param limitBytes The most they may take: `decodedBudgetBytes`. */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }
}

/**
 * The share of one connection. A connection may take as much as is still free
 * afterwards: half of all if it is the only one. So each connection leaves room
 * for others, and all together never exceed the limit.
 */
export class DecodedShare implements DecodedRoom {
  /** How much is held. */
  heldBytes = 0;
  readonly #memory: DecodedMemory;

  /** @param memory The memory that is shared. */
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
