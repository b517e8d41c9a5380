/**
 * The live page, as it runs in browsers.
 *
 * @module
 */

import type { ChartPoint, PageCall, PageState } from "../lib/cli/web/page_state.ts";
import { CHARTS, ChartView, SPAN_MS } from "./chart_view.ts";
import { byId, html, setAttributes, setText } from "./dom.ts";
import { Feed, type FeedState, takeToken } from "./feed.ts";
import { MeshView } from "./mesh_view.ts";
import { factsOf, showProblems, Terms, totalsOf } from "./overview.ts";
import { callsTable, handlersTable, nodesTable } from "./tables.ts";
import { Tabs } from "./tabs.ts";
import { TraceView } from "./trace_view.ts";

/** After how long without a message the connection counts as lost, in milliseconds. */
const STALE_MS = 2_500;

/** All that the page shows. */
class Page {
  readonly #token = takeToken();
  readonly #mesh = new MeshView(byId("picture"), (id) => this.#choose(id));
  readonly #totals = new Terms(byId("totals"));
  readonly #facts = new Terms(byId("facts"));
  readonly #charts = CHARTS.map(([title, field, format]) =>
    new ChartView(byId("charts"), title, field, format)
  );
  readonly #handlers = handlersTable();
  readonly #calls = callsTable();
  readonly #nodes = nodesTable();
  readonly #trace = new TraceView(this.#token);
  readonly #filter = html("input", {
    type: "search",
    placeholder: "Filter",
    "aria-label": "Filter the table by text",
    "aria-keyshortcuts": "/",
  });
  readonly #side = html(
    "select",
    { "aria-label": "Which side of calls" },
    html("option", { value: "server" }, "served"),
    html("option", { value: "client" }, "called"),
    html("option", { value: "" }, "both sides"),
  );
  readonly #tabs: Tabs;
  readonly #points = new Map<string, ChartPoint[]>();
  #state: PageState | null = null;
  #chosen = "";
  #isPaused = false;
  #heardMs = 0;

  constructor() {
    this.#tabs = new Tabs([
      {
        id: "handlers",
        title: "Handlers",
        panel: html("div", {}, this.#handlers.element),
      },
      {
        id: "calls",
        title: "Calls in flight",
        panel: html("div", {}, this.#calls.element),
      },
      {
        id: "trace",
        title: "Trace",
        panel: html("div", {}, this.#trace.element),
      },
      {
        id: "nodes",
        title: "Nodes",
        panel: html("div", {}, this.#nodes.element),
      },
    ], () => this.#onTab());
    byId("tools").append(
      html("label", { id: "side-label" }, this.#side),
      this.#trace.tools,
      this.#filter,
    );
    this.#onTab();
    this.#filter.addEventListener("input", () => this.#show());
    this.#side.addEventListener("change", () => this.#show());
    byId("pause").addEventListener("click", () => this.#pause());
    byId("clear").addEventListener("click", () => this.#choose(""));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    new Feed<PageState>("state", this.#token, {
      onMessage: (state, isFirst) => this.#take(state, isFirst),
      onState: (state, why) => this.#onFeed(state, why),
    });
    setInterval(() => {
      const isStale = this.#heardMs > 0 &&
        performance.now() - this.#heardMs > STALE_MS;
      if (isStale && !document.hidden) this.#onFeed("lost", "");
    }, 500);
  }

  #take(state: PageState, isFirst: boolean): void {
    this.#heardMs = performance.now();
    this.#onFeed("live", "");
    if (isFirst) this.#points.clear();
    for (const [id, fresh] of Object.entries(state.charts)) {
      const points = this.#points.get(id) ?? [];
      points.push(...fresh);
      const startMs = state.timeMs - SPAN_MS - 5_000;
      while (points.length > 0 && points[0]!.timeMs < startMs) points.shift();
      this.#points.set(id, points);
    }
    const ids = new Set(state.nodes.map(({ id }) => id));
    for (const id of this.#points.keys()) {
      if (id !== "" && !ids.has(id)) this.#points.delete(id);
    }
    this.#state = state;
    if (!this.#isPaused) this.#show();
  }

  #show(): void {
    const state = this.#state, text = this.#filter.value.trim().toLowerCase();
    this.#trace.search(text);
    if (state === null) return;
    const node = state.nodes.find(({ id }) => id === this.#chosen);
    if (node === undefined && this.#chosen !== "") return this.#choose("");
    const chosen = this.#chosen,
      has = (...texts: string[]): boolean => texts.join("\n").toLowerCase().includes(text);
    this.#mesh.show(state, chosen);
    this.#totals.show(totalsOf(state, this.#points.get("")?.at(-1)));
    showProblems(byId("problems"), state.nodes);
    setText(byId("side-title"), chosen === "" ? "All nodes" : chosen);
    byId("clear").hidden = chosen === "";
    byId("facts").hidden = node === undefined;
    if (node !== undefined) this.#facts.show(factsOf(node));
    for (const chart of this.#charts) {
      chart.show(this.#points.get(chosen) ?? [], state.timeMs);
    }
    const side = this.#side.value;
    this.#handlers.show(
      state.handlers.filter((row) =>
        row.node === chosen && (side === "" || row.side === side) &&
        has(row.handler)
      ),
    );
    this.#calls.show(
      keyed(state.calls).filter(([, call]) =>
        (chosen === "" || call.node === chosen) &&
        has(call.handler, call.node, call.host, call.state)
      ),
    );
    this.#nodes.show(state.nodes.filter(({ id, state }) => state !== "unasked" && has(id, state)));
  }

  #choose(id: string): void {
    this.#chosen = id === this.#chosen ? "" : id;
    this.#trace.choose(this.#chosen);
    this.#show();
  }

  #pause(): void {
    this.#isPaused = !this.#isPaused;
    setAttributes(byId("pause"), { "aria-pressed": String(this.#isPaused) });
    this.#trace.pause(this.#isPaused);
    this.#show();
  }

  #onTab(): void {
    const { chosen } = this.#tabs;
    this.#trace.open(chosen === "trace");
    this.#trace.tools.hidden = chosen !== "trace";
    byId("side-label").hidden = chosen !== "handlers";
    this.#show();
  }

  #onFeed(state: FeedState, why: string): void {
    const link = byId("link");
    const words: Readonly<Record<FeedState, string>> = {
      connecting: "Connecting…",
      live: this.#isPaused ? "Paused" : "Live",
      lost: "The program that serves this page does not answer. Trying again…",
      refused: why,
    };
    setText(link, words[state]);
    link.className = state === "live" ? "live" : state === "connecting" ? "" : "lost";
  }

  #onKey(event: KeyboardEvent): void {
    const { target, key } = event;
    if (key === "Escape") {
      if (target === this.#filter) this.#filter.value = "";
      else this.#chosen = "";
      this.#trace.choose(this.#chosen);
      return this.#show();
    }
    const isTyping = target instanceof HTMLInputElement ||
      target instanceof HTMLSelectElement;
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "/") this.#filter.focus();
    else if (key === "p") this.#pause();
    else if (key >= "1" && key <= "4" && key.length === 1) {
      this.#tabs.chooseAt(Number(key) - 1);
    } else return;
    event.preventDefault();
  }
}

/** Calls have no ids: those that look the same are told apart by their order. */
function keyed(calls: readonly PageCall[]): readonly (readonly [string, PageCall])[] {
  const seen = new Map<string, number>();
  return calls.map((call) => {
    const look = `${call.node}\n${call.direction}\n${call.handler}\n${call.host}`;
    const count = seen.get(look) ?? 0;
    seen.set(look, count + 1);
    return [`${look}\n${count}`, call];
  });
}

new Page();
