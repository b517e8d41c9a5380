/**
 * The calls that have ended, as they come.
 *
 * @module
 */

import type { PageTrace, PageTraces } from "../lib/cli/web/page_state.ts";
import { html, setText } from "./dom.ts";
import { Feed } from "./feed.ts";
import { traceTable } from "./tables.ts";

/** How many calls are shown. */
const MAX_ROWS = 300;

/** Shows a trace while it is open. */
export class TraceView {
  /** What it shows. */
  readonly element: HTMLElement;
  /** What filters it, beside the text that all tables have. */
  readonly tools: HTMLElement;
  readonly #token: string;
  readonly #table = traceTable();
  readonly #note = html("p", { class: "note", role: "status" });
  readonly #errors = html("input", { type: "checkbox" });
  readonly #slow = html("input", {
    type: "number",
    min: 0,
    step: "any",
    placeholder: "0",
  });
  readonly #direction = html(
    "select",
    {},
    html("option", { value: "" }, "both directions"),
    html("option", { value: "incoming" }, "served"),
    html("option", { value: "outgoing" }, "called"),
  );
  #rows: (readonly [string, PageTrace])[] = [];
  #made = 0;
  #lost = 0;
  #problems: readonly string[] = [];
  #feed: Feed<PageTraces> | null = null;
  #isOpen = false;
  #isPaused = false;
  #node = "";
  #text = "";

  constructor(token: string) {
    this.#token = token;
    this.element = html("div", {}, this.#table.element, this.#note);
    this.tools = html(
      "span",
      { class: "bar" },
      html("label", {}, this.#errors, "errors only"),
      html("label", {}, "slower than", this.#slow, "ms"),
      html("label", {}, html("span", { hidden: true }, "Direction"), this.#direction),
    );
    this.#direction.ariaLabel = "Direction";
    for (const each of [this.#errors, this.#slow, this.#direction]) {
      each.addEventListener("change", () => this.#restart());
    }
  }

  /** Begins to follow, or ends it: nodes tell only what somebody looks at. */
  open(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    this.#restart();
  }

  /** Holds the picture. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#show();
  }

  /** Shows the calls of one node alone; `""`: of all. */
  choose(node: string): void {
    if (node === this.#node) return;
    this.#node = node;
    this.#restart();
  }

  /** Shows only calls with this text in them. */
  search(text: string): void {
    this.#text = text;
    this.#show();
  }

  #restart(): void {
    this.#feed?.close();
    this.#feed = null;
    this.#rows = [];
    this.#lost = 0;
    this.#problems = [];
    this.#show();
    if (!this.#isOpen) return;
    const query = new URLSearchParams({
      node: this.#node,
      errors: this.#errors.checked ? "1" : "",
      slow: this.#slow.value,
      direction: this.#direction.value,
    });
    this.#feed = new Feed<PageTraces>(`trace?${query}`, this.#token, {
      onMessage: (message) => this.#take(message),
      onState: (_, why) => why !== "" && setText(this.#note, why),
    });
  }

  #take({ calls, lost, problems }: PageTraces): void {
    this.#lost += lost;
    this.#problems = problems;
    const fresh = calls.map((call) => [String(++this.#made), call] as const)
      .reverse();
    this.#rows = [...fresh, ...this.#rows].slice(0, MAX_ROWS);
    if (!this.#isPaused) this.#show();
  }

  #show(): void {
    const text = this.#text;
    this.#table.show(
      this.#rows.filter(([, { handler, node, host, error }]) =>
        `${handler}\n${node}\n${host}\n${error ?? "ok"}`.toLowerCase().includes(text)
      ),
    );
    const notes = [...this.#problems];
    if (this.#lost > 0) {
      notes.unshift(
        `${this.#lost} more calls came faster than they can be shown: filter for errors or slow ones.`,
      );
    }
    setText(this.#note, notes.join(" "));
  }
}
