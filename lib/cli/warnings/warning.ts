/**
 * What an operator should look at.
 *
 * @module
 */

/** Something that is wrong, or will be soon. */
export interface Warning {
  /** The host that it is about, which need not be the one that tells of it. */
  readonly host: string;
  /** The handler that it is about; `null` if it is about the host. */
  readonly handler: string | null;
  /** What is wrong, in words. */
  readonly text: string;
}

/** From when on something is a warning. */
export interface WarningLimits {
  /** How long a call may take, in milliseconds. */
  readonly olderMs: number;
  /** How long before its end a certificate counts, in milliseconds. */
  readonly withinMs: number;
}

/** Up to three names, and how many more there are. */
export function namesText(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES), more = names.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}

const SHOWN_NAMES = 3;
