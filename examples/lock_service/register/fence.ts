/**
 * What a store needs to refuse those who have lost their lock.
 *
 * @module
 */

/** The highest tokens that were seen: of all locks, and of those that were not shared. */
export class Fence {
  all = 0;
  alone = 0;

  /**
   * Whether a token may pass: none was seen of a later lock in the way of its
   * own. Whoever holds a lock passes always; see `token` of a lease.
   */
  admits(token: number, shared: boolean): boolean {
    return token >= (shared ? this.alone : this.all);
  }

  /** Takes a token down; says whether it was a new highest one. */
  raise(token: number, shared: boolean): boolean {
    const isNew = token > (shared ? this.all : this.alone);
    this.all = Math.max(this.all, token);
    if (!shared) this.alone = Math.max(this.alone, token);
    return isNew;
  }
}
