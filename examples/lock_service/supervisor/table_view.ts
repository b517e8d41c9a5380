/**
 * The live table, as lines of text.
 *
 * @module
 */

/** How a node is. */
export type NodeState = "starting" | "silent" | "votes" | "frozen" | "down" | "gone";

/** A row of the table: a node. */
export interface NodeRow {
  readonly node: number;
  readonly state: NodeState;
  readonly life: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly locks: number;
  readonly reconnects: number;
  /** What was done to it last, or nothing. */
  readonly deed: string;
}

/** The last row: all nodes. */
export interface TotalRow {
  readonly elapsedMs: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly locks: number;
  readonly reconnects: number;
}

const HEAD = row("node", "state", "life", "requests/s", "p50", "p99", "locks", "reconnects", "");

/** The table, for a terminal that is written over each time. */
export function renderTable(nodes: readonly NodeRow[], total: TotalRow): string[] {
  return [
    HEAD,
    ...nodes.map((node) =>
      row(
        String(node.node),
        node.state,
        String(node.life),
        count(node.perSecond),
        duration(node.p50Us),
        duration(node.p99Us),
        String(node.locks),
        String(node.reconnects),
        node.deed,
      )
    ),
    row(
      "all",
      "",
      "",
      count(total.perSecond),
      duration(total.p50Us),
      duration(total.p99Us),
      String(total.locks),
      String(total.reconnects),
      `${(total.elapsedMs / 1_000).toFixed(0)} of ${total.seconds} s`,
    ),
  ];
}

/** The last row as a sentence, for outputs that are no terminal. */
export function renderLine(nodes: readonly NodeRow[], total: TotalRow): string {
  const voting = nodes.filter((node) => node.state === "votes").length;
  return `${(total.elapsedMs / 1_000).toFixed(0).padStart(3)} s: ${count(total.perSecond)} ` +
    `requests/s, p50 ${duration(total.p50Us)}, p99 ${duration(total.p99Us)}, ${total.locks} ` +
    `locks held, ${total.reconnects} reconnects, ${voting} of ${nodes.length} nodes vote`;
}

/** A duration in the unit that suits it. */
export function duration(us: number): string {
  if (us === 0) return "-";
  return us < 1_000 ? `${Math.round(us)} µs` : `${(us / 1_000).toFixed(us < 10_000 ? 1 : 0)} ms`;
}

/** A number with its thousands set apart. */
export function count(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

function row(
  node: string,
  state: string,
  life: string,
  perSecond: string,
  p50: string,
  p99: string,
  locks: string,
  reconnects: string,
  deed: string,
): string {
  return (node.padEnd(6) + state.padEnd(10) + life.padStart(4) + perSecond.padStart(12) +
    p50.padStart(9) + p99.padStart(9) + locks.padStart(7) + reconnects.padStart(12) + "  " + deed)
    .trimEnd();
}
