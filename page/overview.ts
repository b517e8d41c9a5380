/**
 * What stands beside the mesh: totals, problems, and one node's facts.
 *
 * @module
 */

import type { PageNode, PageState } from "../lib/cli/web/page_state.ts";
import { html, setAttributes, setText } from "./dom.ts";
import { amount, bytes, NOTHING, time } from "./format.ts";
import { STATE_WORDS } from "./mesh_view.ts";

/** How many problems are shown. */
const MAX_PROBLEMS = 5;

/** A list of terms and what they are, of which only what has changed is written. */
export class Terms {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  /** Shows terms, what they are, and the class of that. */
  show(terms: readonly (readonly [term: string, value: string, mark?: string])[]): void {
    const list = this.#list;
    while (list.children.length > terms.length) list.lastElementChild!.remove();
    while (list.children.length < terms.length) {
      list.append(html("div", {}, html("dt"), html("dd")));
    }
    for (const [at, [term, value, mark = ""]] of terms.entries()) {
      const [name, text] = list.children[at]!.children as unknown as [
        Element,
        Element,
      ];
      setText(name, term);
      setText(text, value);
      setAttributes(text, { class: mark || null });
    }
  }
}

/** The figures of all nodes together. */
export function totalsOf(
  { nodes, asked, charts: _, callsInFlight }: PageState,
  latest: {
    readonly perSecond: number | null;
    readonly errorsPerSecond: number | null;
    readonly p99Ms: number | null;
  } | undefined,
): readonly (readonly [string, string, string?])[] {
  const up = nodes.filter(({ state }) => state === "up" || state === "warning").length;
  const errors = latest?.errorsPerSecond ?? null;
  return [
    ["nodes up", `${up}/${asked}`, up < asked ? "bad" : ""],
    ["calls/s", amount(latest?.perSecond ?? null)],
    ["errors/s", amount(errors), (errors ?? 0) > 0 ? "bad" : ""],
    ["p99", time(latest?.p99Ms ?? null)],
    ["in flight", String(callsInFlight)],
  ];
}

/** What one node says of itself. */
export function factsOf(
  { state, kind, facts, answeredMs, roundTripMs }: PageNode,
): readonly (readonly [string, string, string?])[] {
  const rows: (readonly [string, string, string?])[] = [
    [
      "state",
      STATE_WORDS[state],
      state === "silent" || state === "down" ? "bad" : "",
    ],
    ["kind", kind],
  ];
  if (facts === null) return rows;
  const { certificateMs } = facts;
  return [
    ...rows,
    ["answered", answeredMs === null ? "never" : `${time(answeredMs)} ago`],
    ["round trip to it", time(roundTripMs)],
    ["peers connected", `${facts.connected} of ${facts.remotes}`],
    ["calls it serves", String(facts.callsIn)],
    ["calls of its own", String(facts.callsOut)],
    ["event loop late (p99)", time(facts.loopDelayMs)],
    ["memory", bytes(facts.memoryBytes)],
    ["uptime", time(facts.uptimeMs)],
    ["phase", facts.phase],
    ["logs from", facts.logLevel],
    ["runs on", facts.runtime],
    ["version", facts.version],
    ["process", String(facts.processId)],
    ["listens at", facts.addresses.join(", ") || NOTHING],
    [
      "certificate ends",
      certificateMs === null ? "none" : new Date(certificateMs).toISOString().slice(0, 10),
    ],
  ];
}

/** Shows what is wrong, the gravest first. */
export function showProblems(holder: HTMLElement, nodes: readonly PageNode[]): void {
  const rank = ({ state }: PageNode): number => state === "down" || state === "silent" ? 0 : 1;
  const troubled = nodes.filter(({ state }) =>
    state === "warning" || state === "silent" || state === "down"
  ).sort((one, two) => rank(one) - rank(two));
  const lines = troubled.slice(0, MAX_PROBLEMS).map(
    (node): readonly [string, string, string] => {
      const { id, state, problems, answeredMs } = node;
      const since = answeredMs === null || rank(node) > 0
        ? ""
        : ` for ${Math.max(1, Math.round(answeredMs / 1_000))} s`;
      return [
        id,
        `${since === "" ? " is" : " has been"} ${
          state === "warning" ? "up" : STATE_WORDS[state]
        }${since}. ${problems.join(" ")}`,
        rank(node) === 0 ? "grave" : "",
      ];
    },
  );
  if (troubled.length > MAX_PROBLEMS) {
    lines.push([
      `${troubled.length - MAX_PROBLEMS} more`,
      " have problems: see the table of nodes.",
      "",
    ]);
  }
  const list = holder.querySelector("ul") ?? html("ul");
  if (list.parentElement === null) holder.append(list);
  while (list.children.length > lines.length) list.lastElementChild!.remove();
  while (list.children.length < lines.length) {
    list.append(html("li", {}, html("b"), html("span")));
  }
  for (const [at, [name, text, mark]] of lines.entries()) {
    const item = list.children[at]!;
    setAttributes(item, { class: mark || null });
    setText(item.firstElementChild!, name);
    setText(item.lastElementChild!, text);
  }
}
