/**
 * Checks that tokens rose and that no protected write went backwards.
 *
 * @module
 */

import { type Check, type Life, SKEW_MS } from "./check.ts";
import type { NodeEvent, OwnerEvent } from "../log/log_event.ts";

/** What was accepted last by a replica, for one key. */
interface Accepted {
  floor: number;
  token: number;
  version: number;
}

/**
 * Four orders must agree:
 *
 * - a lock that was asked for after another one was held has a higher token
 * - each replica, through all its lives, accepts nothing under a token older
 *   than one that it has seen, and nothing older than what it has
 * - what was written or read after something was written or read is not older
 * - no version of a register was written twice: no update was lost
 */
export class OrderCheck implements Check {
  readonly #held = new Map<string, Extract<OwnerEvent, { event: "held" }>[]>();
  readonly #used = new Map<string, Extract<OwnerEvent, { event: "read" | "wrote" }>[]>();
  readonly #accepted = new Map<string, Accepted>();
  readonly #found: string[] = [];

  take({ node }: Life, event: NodeEvent): void {
    if (event.event === "held") push(this.#held, event.key, event);
    else if (event.event === "read" || event.event === "wrote") push(this.#used, event.key, event);
    else if (event.event === "fence") this.#at(node, event.key).floor = event.token;
    else if (event.event === "apply") {
      const accepted = this.#at(node, event.key);
      const { key, fence, token, version } = event;
      if (fence < accepted.floor) {
        this.#found.push(
          `Replica ${node} took a write to ${key} under token ${fence}, having seen ${accepted.floor}.`,
        );
      }
      if (compare(event, accepted) <= 0) {
        this.#found.push(
          `Replica ${node} went back on ${key}, from version ${accepted.version} (token ` +
            `${accepted.token}) to ${version} (token ${token}).`,
        );
      }
      this.#accepted.set(`${node} ${key}`, { floor: fence, token, version });
    }
  }

  finish(): string[] {
    for (const [key, events] of this.#held) this.#checkTokens(key, events);
    for (const [key, events] of this.#used) this.#checkVersions(key, events);
    return this.#found;
  }

  #at(node: number, key: string): Accepted {
    const name = `${node} ${key}`;
    let accepted = this.#accepted.get(name);
    if (accepted === undefined) {
      this.#accepted.set(name, accepted = { floor: 0, token: 0, version: 0 });
    }
    return accepted;
  }

  #checkTokens(key: string, events: Extract<OwnerEvent, { event: "held" }>[]): void {
    const writers = new Map<number, string>();
    for (const { write, token, uid } of events) {
      if (!write) continue;
      const other = writers.get(token);
      if (other !== undefined) {
        this.#found.push(`Writers ${other} and ${uid} of ${key} both had token ${token}.`);
      }
      writers.set(token, uid);
    }
    forEachLater(events, (event) => event.token, (event, before) => {
      if (event.token > before.token) return;
      this.#found.push(
        `${event.uid} locked ${key} with token ${event.token} after ${before.uid} had done so ` +
          `with ${before.token}.`,
      );
    });
  }

  #checkVersions(key: string, events: Extract<OwnerEvent, { event: "read" | "wrote" }>[]): void {
    const writers = new Map<number, string>();
    for (const { event, version, uid } of events) {
      if (event !== "wrote") continue;
      const other = writers.get(version);
      if (other !== undefined) {
        this.#found.push(
          `An update of ${key} was lost: ${other} and ${uid} both wrote version ${version}.`,
        );
      }
      writers.set(version, uid);
    }
    forEachLater(events, (event) => event.version, (event, before) => {
      if (event.version >= before.version) return;
      this.#found.push(
        `${event.uid} found or left ${key} at version ${event.version} after ${before.uid} had ` +
          `found or left it at ${before.version}.`,
      );
    });
  }
}

/** Calls back for each event with the one of the highest rank among those that had ended before it began. */
function forEachLater<Event extends { since: number; at: number }>(
  events: readonly Event[],
  rank: (event: Event) => number,
  judge: (event: Event, before: Event) => void,
): void {
  const byEnd = events.toSorted((a, b) => a.at - b.at);
  const byBegin = events.toSorted((a, b) => a.since - b.since);
  let ended = 0;
  let highest: Event | undefined;
  for (const event of byBegin) {
    for (; ended < byEnd.length && byEnd[ended]!.at < event.since - SKEW_MS; ended++) {
      const candidate = byEnd[ended]!;
      if (highest === undefined || rank(candidate) > rank(highest)) highest = candidate;
    }
    if (highest !== undefined) judge(event, highest);
  }
}

function compare(
  a: { token: number; version: number },
  b: { token: number; version: number },
): number {
  return a.token - b.token || a.version - b.version;
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
