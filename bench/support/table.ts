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
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((line) => line[column]!.length))
  );
  for (const line of lines) {
    const cells = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    );
    console.log(cells.join("  ").trimEnd());
  }
}

function time(us: number): string {
  return us < 10 ? us.toFixed(3) : us.toFixed(1);
}
