/**
 * Tabs: one of several panels is seen.
 *
 * @module
 */

import { byId, html, setAttributes } from "./dom.ts";

/** One of them. */
export interface Tab {
  /** Its id. */
  readonly id: string;
  /** Its name. */
  readonly title: string;
  /** What it shows. */
  readonly panel: HTMLElement;
}

/** Shows one panel. */
export class Tabs {
  readonly #tabs: readonly Tab[];
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #onChange: (id: string) => void;
  /** Which one is seen. */
  chosen: string;

  constructor(tabs: readonly Tab[], onChange: (id: string) => void) {
    this.#tabs = tabs;
    this.#onChange = onChange;
    this.chosen = tabs[0]!.id;
    this.#buttons = tabs.map(({ id, title }, at) => {
      const button = html("button", {
        type: "button",
        role: "tab",
        id: `tab-${id}`,
        "aria-controls": `panel-${id}`,
        "aria-keyshortcuts": at + 1,
      }, title);
      button.addEventListener("click", () => this.choose(id));
      return button;
    });
    byId("tabs").append(...this.#buttons);
    byId("tabs").addEventListener("keydown", (event) => this.#onKey(event));
    for (const { id, panel } of tabs) {
      setAttributes(panel, {
        role: "tabpanel",
        id: `panel-${id}`,
        "aria-labelledby": `tab-${id}`,
      });
      byId("panels").append(panel);
    }
    this.#show();
  }

  /** Shows one. */
  choose(id: string): void {
    this.chosen = id;
    this.#show();
    this.#onChange(id);
  }

  /** Shows the one at a place, if there is one. */
  chooseAt(at: number): void {
    const tab = this.#tabs[at];
    if (tab !== undefined) this.choose(tab.id);
  }

  #show(): void {
    for (const [at, { id, panel }] of this.#tabs.entries()) {
      const isChosen = id === this.chosen;
      setAttributes(this.#buttons[at]!, {
        "aria-selected": String(isChosen),
        tabindex: isChosen ? 0 : -1,
      });
      panel.hidden = !isChosen;
    }
  }

  #onKey(event: KeyboardEvent): void {
    const at = this.#tabs.findIndex(({ id }) => id === this.chosen),
      count = this.#tabs.length;
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: at + 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: count - 1,
    };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.chooseAt((next + count) % count);
    this.#buttons[(next + count) % count]!.focus();
  }
}
