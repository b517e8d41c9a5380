/**
 * Checks that each call has ended in time.
 *
 * @module
 */

import type { Check, Life } from "./check.ts";
import type { CallEvent, NodeEvent, SupervisorEvent } from "../log/log_event.ts";

/** Eight processes share a few cores: a timer may fire that much late. */
const GRACE_MS = 1_500;

interface Span {
  readonly from: number;
  until: number;
}

/**
 * A call hung if it ended after its bound, or if it never ended although its
 * process lived on past the bound. The time that the process was frozen does
 * not count; a call that was under way when its process was killed is
 * nobody's fault.
 */
export class CallCheck implements Check {
  readonly #frozen = new Map<number, Span[]>();
  readonly #found: string[] = [];
  #life: Life | undefined;
  #open = new Map<number, Extract<CallEvent, { event: "call" }>>();
  #lastAt = 0;
  #ended = false;

  /** @param supervisor Tells when which node was frozen. */
  constructor(supervisor: Iterable<SupervisorEvent>) {
    for (const event of supervisor) {
      const spans = this.#frozen.get(event.node) ?? [];
      this.#frozen.set(event.node, spans);
      if (event.event === "freeze") spans.push({ from: event.at, until: Infinity });
      if (event.event === "thaw" && spans.length > 0) spans.at(-1)!.until = event.at;
    }
  }

  take(life: Life, event: NodeEvent): void {
    if (this.#life?.node !== life.node || this.#life.life !== life.life) this.#closeLife(life);
    this.#lastAt = event.at;
    if (event.event === "bye") this.#ended = true;
    if (event.event === "call") this.#open.set(event.id, event);
    if (event.event === "end") {
      const call = this.#open.get(event.id);
      if (call === undefined) return;
      this.#open.delete(event.id);
      this.#judge(call, event.at, `ended (${event.outcome})`);
    }
  }

  finish(): string[] {
    this.#closeLife(undefined);
    return this.#found;
  }

  #closeLife(next: Life | undefined): void {
    for (const call of this.#open.values()) {
      this.#judge(call, this.#ended ? Infinity : this.#lastAt, "was still open");
    }
    this.#open = new Map();
    this.#life = next;
    this.#ended = false;
  }

  #judge(call: Extract<CallEvent, { event: "call" }>, at: number, how: string): void {
    const node = this.#life!.node;
    let tookMs = at - call.at;
    for (const { from, until } of this.#frozen.get(node) ?? []) {
      tookMs -= Math.max(0, Math.min(until, at) - Math.max(from, call.at));
    }
    if (tookMs <= call.boundMs + GRACE_MS) return;
    this.#found.push(
      `${call.name} from node ${node} to ${call.host} ${how} after ${Math.round(tookMs)} ms ` +
        `(bound: ${call.boundMs} ms).`,
    );
  }
}
