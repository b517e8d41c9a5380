/**
 * What lies between two sessions: it stalls, breaks and damages.
 *
 * @module
 */

/** One direction. What is in it arrives in order, if at all. */
export class FaultyLink {
  /** Whether nothing moves. */
  isStalled = false;
  /** Whether a bit was changed on the way. */
  isDamaged = false;
  /** Whether it takes nothing more. */
  isCut = false;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /** How many bytes are on the way. */
  get length(): number {
    return this.#bytes;
  }

  /** Takes a copy of what was written; a link that is cut loses it. */
  put(piece: Uint8Array): void {
    if (this.isCut || piece.length === 0) return;
    this.#queue.push(new Uint8Array(piece));
    this.#bytes += piece.length;
  }

  /** The next piece, whole; `null` where there is none. */
  takePiece(): Uint8Array<ArrayBuffer> | null {
    const piece = this.#queue.shift() ?? null;
    if (piece !== null) this.#bytes -= piece.length;
    return piece;
  }

  /** The next bytes, at most so many and of one piece; `null` where there are none. */
  takeBytes(count: number): Uint8Array<ArrayBuffer> | null {
    const [piece] = this.#queue;
    if (piece === undefined) return null;
    if (piece.length <= count) return this.takePiece();
    this.#queue[0] = piece.subarray(count);
    this.#bytes -= count;
    return piece.slice(0, count);
  }

  /** Changes one bit of what is on the way. */
  flip(place: number): void {
    if (this.#bytes === 0) return;
    let at = (place >>> 3) % this.#bytes;
    for (const piece of this.#queue) {
      if (at < piece.length) {
        piece[at]! ^= 1 << (place & 7);
        this.isDamaged = true;
        return;
      }
      at -= piece.length;
    }
  }

  /** Takes nothing more, and loses what is on the way, but for so many bytes. */
  cut(kept: number): void {
    this.isCut = true;
    while (this.#bytes > kept) {
      const last = this.#queue.pop()!;
      this.#bytes -= last.length;
      if (this.#bytes < kept) {
        const rest = last.subarray(0, kept - this.#bytes);
        this.#queue.push(rest);
        this.#bytes += rest.length;
        return;
      }
    }
  }

  /** Like {@linkcode FaultyLink.cut}, where only whole pieces arrive. */
  cutBetweenPieces(kept: number): void {
    this.isCut = true;
    while (this.#bytes > kept) this.#bytes -= this.#queue.pop()!.length;
  }
}
