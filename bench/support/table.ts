/**
 * The table of `deno task bench`.
 *
 * @module
 */

/** One line of it. */
export interface Row {
  /** What was measured. */
  readonly what: string;
  /** Operations, requests or messages in each second. */
  readonly perSecond: number;
  /** The middle of the times, of benches without I/O their mean, in microseconds. */
  readonly middleUs: number;
  /** The slowest hundredth, in microseconds. */
  readonly p99Us: number;
  /** Payload in one direction, in millions of bytes a second; `null`: means nothing here. */
  readonly megabytesPerSecond: number | null;
  /** How that stands to the raw socket of the same run; `null`: there is none. */
  readonly ofFloor: string | null;
}

/** Prints it. */
export function showTable(rows: readonly Row[]): void {
  const lines = [
    ["what", "per second", "p50 µs", "p99 µs", "MB/s", "to the raw socket"],
    ...rows.map((row) => [
      row.what,
      Math.round(row.perSecond).toLocaleString("en"),
      time(row.middleUs),
      time(row.p99Us),
      row.megabytesPerSecond === null ? "" : row.megabytesPerSecond.toFixed(0),
      row.ofFloor ?? "",
    ]),
  ];
  printTable(lines);
}

/** Prints lines of cells in columns, the first of them to the left. */
export function printTable(lines: readonly (readonly string[])[]): void {
  for (const cells of aligned(lines, 1)) console.log(cells.join("  ").trimEnd());
}

/**
 * Prints lines of cells as Markdown that also reads well in a terminal.
 *
 * @param texts So many of the first columns are texts, and stand to the left.
 */
export function printMarkdownTable(
  lines: readonly (readonly string[])[],
  texts: number,
): void {
  const [head, ...rest] = aligned(lines, texts) as [string[], ...string[][]];
  const rule = head.map(({ length }, column) =>
    column < texts ? "-".repeat(length) : `${"-".repeat(length - 1)}:`
  );
  for (const cells of [head, rule, ...rest]) console.log(`| ${cells.join(" | ")} |`);
}

function aligned(lines: readonly (readonly string[])[], texts: number): string[][] {
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((line) => line[column]!.length))
  );
  return lines.map((line) =>
    line.map((cell, column) =>
      column < texts ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    )
  );
}

function time(us: number): string {
  return us < 10 ? us.toFixed(3) : us.toFixed(1);
}
