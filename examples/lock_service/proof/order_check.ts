/**
 * Checks that tokens rose and that no protected write went backwards.
 *
 * @module
 */

import { type Check, type Life, SKEW_MS } from "./check.ts";
import type { NodeEvent, OwnerEvent } from "../log/log_event.ts";
import { Fence } from "../register/fence.ts";

type Held = Extract<OwnerEvent, { event: "held" }>;

/** What a replica has seen and accepted, for one key. */
interface Accepted {
  readonly fence: Fence;
  token: number;
  version: number;
}

/**
 * Four orders must agree:
 *
 * - a lock that was asked for after another one was held which is in its way has
 *   a higher token
 * - each replica, through all its lives, accepts nothing under a token older
 *   than one that it has seen of a lock in the way, and nothing older than what it has.
 *   No clock is needed for this one
 * - what was written or read after something was written or read is not older
 * - no version of a register was written twice: no update was lost
 */
export class OrderCheck implements Check {
  readonly #held = new Map<string, Held[]>();
  readonly #used = new Map<string, Extract<OwnerEvent, { event: "read" | "wrote" }>[]>();
  readonly #accepted = new Map<string, Accepted>();
  readonly #found: string[] = [];

  take({ node }: Life, event: NodeEvent): void {
    if (event.event === "held") push(this.#held, event.key, event);
    else if (event.event === "read" || event.event === "wrote") push(this.#used, event.key, event);
    else if (event.event === "fence") {
      this.#at(node, event.key).fence.raise(event.token, event.shared);
    } else if (event.event === "apply") {
      const { key, fence, shared, token, version } = event, accepted = this.#at(node, key);
      if (!accepted.fence.admits(fence, shared)) {
        const seen = shared ? accepted.fence.alone : accepted.fence.all;
        this.#found.push(
          `Replica ${node} took a write to ${key} under token ${fence}, having seen ${seen}.`,
        );
      }
      if (compare(event, accepted) <= 0) {
        this.#found.push(
          `Replica ${node} went back on ${key}, from version ${accepted.version} (token ` +
            `${accepted.token}) to ${version} (token ${token}).`,
        );
      }
      accepted.fence.raise(fence, shared);
      accepted.token = token;
      accepted.version = version;
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
      this.#accepted.set(name, accepted = { fence: new Fence(), token: 0, version: 0 });
    }
    return accepted;
  }

  #checkTokens(key: string, events: Held[]): void {
    const alone = events.filter(({ shared }) => !shared);
    const owners = new Map(events.map(({ token, uid }) => [token, uid]));
    for (const { token, uid } of alone) {
      const other = owners.get(token);
      if (other !== uid) {
        this.#found.push(`${other} and ${uid} both locked ${key} with token ${token}.`);
      }
    }
    const judge = (event: Held, before: Held): void => {
      if (event.token > before.token) return;
      this.#found.push(
        `${event.uid} locked ${key} with token ${event.token} after ${before.uid} had done so ` +
          `with ${before.token}.`,
      );
    };
    forEachLater(alone, events, ({ token }) => token, judge);
    forEachLater(events.filter(({ shared }) => shared), alone, ({ token }) => token, judge);
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
    forEachLater(events, events, (event) => event.version, (event, before) => {
      if (event.version >= before.version) return;
      this.#found.push(
        `${event.uid} found or left ${key} at version ${event.version} after ${before.uid} had ` +
          `found or left it at ${before.version}.`,
      );
    });
  }
}

/** Calls back for each event with the one of the highest rank among those others that had ended before it began. */
function forEachLater<Event extends { since: number; at: number }>(
  events: readonly Event[],
  others: readonly Event[],
  rank: (event: Event) => number,
  judge: (event: Event, before: Event) => void,
): void {
  const byEnd = others.toSorted((a, b) => a.at - b.at);
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
