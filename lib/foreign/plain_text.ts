/**
 * Texts from outside, as they may stand in log lines and error messages.
 *
 * A peer, a registry, DNS, a certificate or a thrown error may hold any text.
 * Line breaks in it would forge lines of a log, escape sequences would drive a
 * terminal, and controls of the writing direction would show it other than it is.
 *
 * @module
 */

/** The longest text from outside that is shown, in UTF-16 units; the rest is cut off. */
export const MAX_FOREIGN_TEXT = 4_096;
/** The longest text in quotes, in UTF-16 units. */
const MAX_QUOTED = 255;

/**
 * What changes how a text is shown, or is not seen: controls (C0 and C1),
 * separators of lines and paragraphs, controls of the writing direction, and
 * marks without a width. The two joiners stay, as scripts and emoji need them.
 */
const HIDDEN = String
  .raw`[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]`;
const hidden = new RegExp(HIDDEN, "u");
const hiddenRuns = new RegExp(`${HIDDEN}+`, "gu");

/**
 * Whether a text shows all that is in it, on one line: no control, no separator
 * of lines, no control of the writing direction, no mark that is not seen, no
 * lone surrogate.
 *
 * @param text Of any length.
 */
export function isPlain(text: string): boolean {
  return !hidden.test(text);
}

/**
 * A text from outside on one line. A run of what {@linkcode isPlain} refuses
 * becomes one space, or nothing at an end of the text; half a character U+FFFD.
 *
 * @param text Anything that was received, read or thrown.
 * @param maxLength The most UTF-16 units given; the rest is cut off. Default: {@linkcode MAX_FOREIGN_TEXT}.
 */
export function plainText(text: string, maxLength: number = MAX_FOREIGN_TEXT): string {
  const cut = text.length <= maxLength ? text : text.slice(0, maxLength);
  return isPlain(cut) ? cut : cut.toWellFormed().replace(hiddenRuns, " ").trim();
}

/**
 * A text from outside in quotes. Nothing of it is lost but its length: what
 * {@linkcode isPlain} refuses is written as an escape.
 *
 * @param text Anything that was received or given.
 * @param maxLength The most UTF-16 units of it; an ellipsis stands for the rest. Default: 255, as long as names of handlers may be.
 */
export function quoted(text: string, maxLength: number = MAX_QUOTED): string {
  const cut = text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
  return JSON.stringify(cut).replace(hiddenRuns, escaped);
}

function escaped(run: string): string {
  return run.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
