/**
 * Texts on several lines.
 *
 * @module
 */

/** The width of what is printed, unless a terminal says otherwise. */
export const USUAL_WIDTH = 80;

/**
 * Breaks a text into lines between its words.
 *
 * @param text Its words, with single spaces between.
 * @param indent By how many spaces all lines but the first begin.
 * @param width How long a line may be, its indent included; a longer word has its own.
 */
export function wrap(text: string, indent: number, width: number = USUAL_WIDTH): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1)!;
    if (last !== "" && indent + last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}
