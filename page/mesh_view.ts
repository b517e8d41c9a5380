/**
 * The mesh as a picture.
 *
 * @module
 */

import type { NodeState, PageEdge, PageNode, PageState } from "../lib/cli/web/page_state.ts";
import { setAttributes, setText, svg } from "./dom.ts";
import { amount, bytes, shortNames, time } from "./format.ts";

const WIDTH = 640, HEIGHT = 400;
const RADIUS = 19, OTHER_RADIUS = 8;
/** Up to which time of a ping a connection is fast, and fair, in milliseconds. */
const FAST_MS = 2, FAIR_MS = 20;
const BADGES: Readonly<Partial<Record<NodeState, string>>> = {
  warning: "!",
  silent: "?",
  down: "×",
};
/** How states are told. */
export const STATE_WORDS: Readonly<Record<NodeState, string>> = {
  up: "up",
  warning: "warning",
  silent: "silent",
  down: "down",
  waiting: "connecting",
  unasked: "not asked",
};

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Shows nodes and connections; whoever clicks a node chooses it. */
export class MeshView {
  readonly #svg: SVGSVGElement;
  readonly #edges: SVGGElement = svg("g");
  readonly #nodes: SVGGElement = svg("g");
  readonly #edgeParts = new Map<string, SVGGElement>();
  readonly #nodeParts = new Map<string, SVGGElement>();
  readonly #choose: (id: string) => void;

  /** @param choose Is called with the node that was clicked, or `""` for none. */
  constructor(holder: HTMLElement, choose: (id: string) => void) {
    this.#choose = choose;
    this.#svg = svg(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "group",
        "aria-label": "Nodes and their connections",
      },
      this.#edges,
      this.#nodes,
    );
    holder.append(this.#svg);
    this.#svg.addEventListener("click", ({ target }) => {
      const node = target instanceof Element ? target.closest<SVGGElement>(".node") : null;
      choose(node?.dataset["id"] ?? "");
    });
    this.#svg.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Shows them as they are. */
  show({ nodes, edges }: PageState, chosen: string): void {
    const places = placesOf(nodes),
      names = shortNames(nodes.map(({ id }) => id));
    this.#svg.classList.toggle("chosen", chosen !== "");
    keep(this.#edgeParts, new Set(edges.map(keyOf)));
    for (const edge of edges) {
      const a = places.get(edge.a), b = places.get(edge.b);
      if (a === undefined || b === undefined) continue;
      let part = this.#edgeParts.get(keyOf(edge));
      if (part === undefined) {
        part = svg("g", {}, svg("line"), svg("text"), svg("title"));
        this.#edgeParts.set(keyOf(edge), part);
        this.#edges.append(part);
      }
      showEdge(part, edge, a, b, chosen);
    }
    keep(this.#nodeParts, new Set(nodes.map(({ id }) => id)));
    for (const node of nodes) {
      let part = this.#nodeParts.get(node.id);
      if (part === undefined) {
        part = nodePart(node);
        this.#nodeParts.set(node.id, part);
        this.#nodes.append(part);
      }
      showNode(part, node, places.get(node.id)!, names.get(node.id)!, node.id === chosen);
    }
  }

  #onKey(event: KeyboardEvent): void {
    const part = document.activeElement?.closest<SVGGElement>(".node"),
      id = part?.dataset["id"];
    if (id === undefined) return;
    if (event.key === "Enter" || event.key === " ") this.#choose(id);
    else {
      const step = event.key === "ArrowRight" || event.key === "ArrowDown"
        ? 1
        : event.key === "ArrowLeft" || event.key === "ArrowUp"
        ? -1
        : 0;
      if (step === 0) return;
      const ids = [...this.#nodeParts.keys()];
      const next = ids[(ids.indexOf(id) + step + ids.length) % ids.length]!;
      this.#nodeParts.get(next)!.focus();
    }
    event.preventDefault();
  }
}

/** Removes what is gone. */
function keep(parts: Map<string, SVGGElement>, ids: ReadonlySet<string>): void {
  for (const [id, part] of parts) {
    if (ids.has(id)) continue;
    part.remove();
    parts.delete(id);
  }
}

function keyOf({ a, b }: PageEdge): string {
  return `${a}\n${b}`;
}

/** Nodes that are asked stand in a ring; the others in one around it. */
function placesOf(nodes: readonly PageNode[]): ReadonlyMap<string, Place> {
  const sorted = nodes.toSorted((one, two) => one.id < two.id ? -1 : 1);
  const asked = sorted.filter(({ state }) => state !== "unasked");
  const others = sorted.filter(({ state }) => state === "unasked");
  const places = new Map<string, Place>();
  const ring = (members: readonly PageNode[], rx: number, ry: number, turn: number): void => {
    for (const [at, { id }] of members.entries()) {
      const angle = (at / members.length + turn) * 2 * Math.PI - Math.PI / 2;
      places.set(id, {
        x: WIDTH / 2 + Math.cos(angle) * rx,
        y: HEIGHT / 2 - 6 + Math.sin(angle) * ry,
      });
    }
  };
  const hasOthers = others.length > 0, isAlone = asked.length === 1;
  ring(asked, isAlone ? 0 : hasOthers ? 150 : 235, isAlone ? 0 : hasOthers ? 92 : 145, 0);
  ring(others, 280, 168, 0.5 / Math.max(1, others.length));
  return places;
}

function showEdge(part: SVGGElement, edge: PageEdge, a: Place, b: Place, chosen: string): void {
  const [line, label, title] = part.children as unknown as [
    Element,
    Element,
    Element,
  ];
  const isOwn = edge.a === chosen || edge.b === chosen,
    traffic = edge.sentBytes + edge.receivedBytes;
  setAttributes(part, { class: `edge ${speedOf(edge)}${isOwn ? " own" : ""}` });
  setAttributes(line, {
    x1: a.x.toFixed(1),
    y1: a.y.toFixed(1),
    x2: b.x.toFixed(1),
    y2: b.y.toFixed(1),
    // From 1 kB a second on, each tenfold makes it thicker.
    "stroke-width": (1.2 + Math.max(0, Math.log10(traffic + 1) - 3) * 1.1)
      .toFixed(1),
  });
  setAttributes(label, {
    x: ((a.x + b.x) / 2).toFixed(1),
    y: ((a.y + b.y) / 2 - 3).toFixed(1),
  });
  const figures = edge.state === "connected"
    ? `${edge.roundTripMs === null ? "" : `${time(edge.roundTripMs)}, `}${bytes(traffic)}/s`
    : edge.state;
  setText(label, figures);
  setText(
    title,
    `${edge.a} and ${edge.b}: ${edge.state}${edge.failure === "" ? "" : `: ${edge.failure}`}\n` +
      `ping ${time(edge.roundTripMs)}; ${bytes(edge.sentBytes)}/s one way, ` +
      `${bytes(edge.receivedBytes)}/s back`,
  );
}

function speedOf({ state, roundTripMs }: PageEdge): string {
  if (state === "idle" || state === "unknown") return state;
  if (state !== "connected") return "lost";
  if (roundTripMs === null) return "unmeasured";
  return roundTripMs < FAST_MS ? "fast" : roundTripMs < FAIR_MS ? "fair" : "slow";
}

function nodePart({ id }: PageNode): SVGGElement {
  const part = svg(
    "g",
    { role: "button", tabindex: 0, "data-id": id },
    svg("circle", { class: "ring" }),
    svg("circle", { class: "body" }),
    svg("text", { class: "rate", y: 4 }),
    svg("text", { class: "name" }),
    svg(
      "g",
      { class: "badge", transform: "translate(14 -14)" },
      svg("circle", { r: 8 }),
      svg("text", { y: 4 }),
    ),
    svg("title"),
  );
  return part;
}

function showNode(
  part: SVGGElement,
  node: PageNode,
  { x, y }: Place,
  name: string,
  isChosen: boolean,
): void {
  const [ring, body, rate, label, badge, title] = part
    .children as unknown as Element[];
  const radius = node.state === "unasked" ? OTHER_RADIUS : RADIUS;
  setAttributes(part, {
    class: `node ${node.state}`,
    transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    "aria-pressed": String(isChosen),
    "aria-label": describe(node),
  });
  setAttributes(ring!, { r: radius + 5 });
  setAttributes(body!, { r: radius });
  setText(rate!, node.rates === null ? "" : amount(node.rates.perSecond));
  setAttributes(label!, { y: radius + 19 });
  setText(label!, name.length > 26 ? `${name.slice(0, 25)}…` : name);
  setText(badge!.lastElementChild!, BADGES[node.state] ?? "");
  setText(title!, describe(node));
}

function describe({ id, state, problems, rates }: PageNode): string {
  const calls = rates === null
    ? ""
    : `, ${amount(rates.perSecond)} calls a second, ${amount(rates.errorsPerSecond)} errors`;
  return `${id}: ${STATE_WORDS[state]}${calls}${
    problems.length === 0 ? "" : `. ${problems.join(" ")}`
  }`;
}
