/**
 * Colours of a terminal.
 *
 * @module
 */

/** What a text is to look like. */
export type Tone = "plain" | "head" | "good" | "warning" | "bad" | "faint";

/** Gives a text its colour, or leaves it as it is. */
export type Paint = (text: string, tone: Tone) => string;

const CODES: Readonly<Record<Tone, string>> = {
  plain: "",
  head: "1",
  good: "32",
  warning: "33",
  bad: "31",
  faint: "2",
};

/** With the colours of ANSI terminals. */
export const colours: Paint = (text, tone) =>
  tone === "plain" || text === "" ? text : `\x1b[${CODES[tone]}m${text}\x1b[0m`;

/** Without colours. */
export const noColours: Paint = (text) => text;
