/**
 * How nodes and clients are closed.
 *
 * @module
 */

/** How to close. */
export interface CloseOptions {
  /** How long calls under way may take to finish, in milliseconds. Default: 5,000. */
  readonly graceMs?: number | undefined;
}
