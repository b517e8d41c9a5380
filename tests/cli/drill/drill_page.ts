/**
 * docs/debugging.md: its commands, and what they print.
 *
 * @module
 */

const PAGE = new URL("../../../docs/debugging.md", import.meta.url);
const BLOCK = /^```text\n\$ (internode .*)\n([^]*?)^```$/gm;

/** A command of the page. */
export interface PageCommand {
  /** What is typed. */
  readonly line: string;
  /** What it prints, as the page has it. */
  readonly out: string;
}

/** The commands of each section, by its heading. */
export async function readPage(): Promise<ReadonlyMap<string, readonly PageCommand[]>> {
  const [, ...sections] = (await Deno.readTextFile(PAGE)).split(/^## /m);
  return new Map(sections.map((section) => {
    const commands = [...section.matchAll(BLOCK)].map(([, line, out]) => ({
      line: line!,
      out: out!,
    }));
    return [section.slice(0, section.indexOf("\n")), commands];
  }));
}

/** Puts what commands have printed into the page. */
export async function writePage(
  printed: ReadonlyMap<string, readonly PageCommand[]>,
): Promise<void> {
  const [head, ...sections] = (await Deno.readTextFile(PAGE)).split(/^## /m);
  const written = sections.map((section) => {
    const commands = printed.get(section.slice(0, section.indexOf("\n")))?.values();
    return section.replace(BLOCK, (block) => {
      const next = commands?.next().value;
      return next === undefined ? block : `\`\`\`text\n$ ${next.line}\n${next.out}\`\`\``;
    });
  });
  await Deno.writeTextFile(PAGE, [head, ...written].join("## "));
}

/**
 * What an output looks like: each kind of line once, without figures, hosts and
 * handlers, of which there may be others in each run.
 */
export function shapeOf(out: string): readonly string[] {
  const lines = out.split("\n").map((line) =>
    line
      .replace(/tls:\/\/[\d.:]+/g, "HOST")
      .replace(/disk\.read|disk\.write|lock\.take/g, "HANDLER")
      .replace(/\d[\w.,:]*(?:-[\d-]+)?(?: [\d:]+Z)?/g, "#")
      // The most frequent first, which may be another one in each run.
      .replace(/\w+ \(#\)(?:, \w+ \(#\))+/g, (codes) => codes.split(", ").sort().join(", "))
      .replace(/\s+/g, " ")
      .trim()
  );
  return [...new Set(lines)].sort();
}
