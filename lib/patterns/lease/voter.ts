/**
 * One voter's part of the leases.
 *
 * @module
 */

import { quoted } from "../../foreign/plain_text.ts";
import type { Clock } from "../../runtime/clock.ts";
import {
  type AskReply,
  type AskRequest,
  type KeepRequest,
  type LearnReply,
  MAX_NAME_LENGTH,
  type ReleaseRequest,
  type VoterState,
} from "./lease_contracts.ts";

/** The most grants that stand at a time. */
const MAX_GRANTS = 16_384;
/** A grant that is not confirmed is held for so much of a lease's time: as long as an attempt may take. */
const UNCONFIRMED_SHARE = 0.5;

interface Grant {
  readonly holder: string;
  /** The highest token that was known when it was granted: its own has to be above. */
  readonly floor: number;
  untilMs: number;
}

/**
 * What a voter knows is in memory alone, and gone with its process. It knows
 * one grant a name, while that stands, and one number: the highest token that
 * it has confirmed, of any name.
 *
 * | state | grants | what it does | leaves it when |
 * | --- | --- | --- | --- |
 * | `silent` | none | waits until all that an earlier process of this voter granted has run out | 1.1 × the time of a lease is over: `blank` |
 * | `blank` | none | asks all voters for the highest token | a majority that votes has told it, or so many are blank that there is no such majority (voter_recovery.ts): `voting` |
 * | `voting` | at most one a name | grants, confirms, renews | it is closed, or dies |
 *
 * A grant is asked for, confirmed, renewed any number of times, and released or
 * run out:
 *
 * | grant of a name | `ask` | `keep`, first | `keep`, later | time |
 * | --- | --- | --- | --- | --- |
 * | none | granted for half a lease's time | no | granted for a lease's time | |
 * | of this holder | granted anew | confirmed for a lease's time if the token is above its floor | renewed | runs out |
 * | of another one | no, and whose it is | no | no | runs out |
 */
export class Voter {
  readonly #clock: Clock;
  readonly #group: string;
  readonly #ttlMs: number;
  readonly #grants = new Map<string, Grant>();
  #state: VoterState | "closed" = "silent";
  #highest: number;

  /**
   * Starts silent.
   *
   * @param clock Its own; grants are measured by nothing else.
   * @param group How long leases last and who votes.
   * @param ttlMs How long a lease lasts.
   * @param seed The token that it starts from if nobody knows a higher one.
   */
  constructor(clock: Clock, group: string, ttlMs: number, seed: number) {
    this.#clock = clock;
    this.#group = group;
    this.#ttlMs = ttlMs;
    this.#highest = seed;
  }

  /** All that an earlier process may have granted has run out. */
  endSilence(): void {
    if (this.#state === "silent") this.#state = "blank";
  }

  /** Votes from now on. */
  startVoting(highest: number): void {
    if (this.#state !== "blank") return;
    this.#highest = highest;
    this.#state = "voting";
  }

  /** Votes no more. */
  close(): void {
    this.#state = "closed";
    this.#grants.clear();
  }

  /** What other voters need to know who have lost their memory. */
  learn(): LearnReply {
    const state = this.#state === "closed" ? "silent" : this.#state;
    return { state, highest: this.#highest };
  }

  /** Grants a name that is free. */
  ask({ group, name, holder }: AskRequest): AskReply {
    const why = this.#refusal(group, name, holder);
    if (why !== "") return { granted: false, highest: this.#highest, why };
    const untilMs = this.#clock.now() + this.#ttlMs * UNCONFIRMED_SHARE;
    this.#grants.set(name, { holder, floor: this.#highest, untilMs });
    return { granted: true, highest: this.#highest, why };
  }

  /** Confirms a token, or renews. */
  keep({ group, name, holder, token, isFirst }: KeepRequest): boolean {
    if (this.#refusal(group, name, holder) !== "") return false;
    let grant = this.#grants.get(name);
    if (isFirst && (grant === undefined || token <= grant.floor)) return false;
    const untilMs = this.#clock.now() + this.#ttlMs;
    if (grant === undefined) this.#grants.set(name, grant = { holder, floor: token, untilMs });
    grant.untilMs = untilMs;
    if (token > this.#highest) this.#highest = token;
    return true;
  }

  /** Forgets a grant; one that is not there is no error. */
  release({ name, holder }: ReleaseRequest): void {
    if (this.#grants.get(name)?.holder === holder) this.#grants.delete(name);
  }

  /** Why this holder cannot have it; `""`: it can. Grants that have run out are gone afterwards. */
  #refusal(group: string, name: string, holder: string): string {
    if (this.#state !== "voting") return `this voter is ${this.#state}`;
    if (group !== this.#group) {
      return `it has other voters, or another ttlMs: ${quoted(this.#group, 400)}`;
    }
    if (name === "" || name.length > MAX_NAME_LENGTH) return "the name is too long, or empty";
    const nowMs = this.#clock.now(), grant = this.#grants.get(name);
    if (grant === undefined) return this.#makeRoom(nowMs) ? "" : "too many leases are held";
    if (grant.untilMs <= nowMs) {
      this.#grants.delete(name);
      return "";
    }
    return grant.holder === holder ? "" : `${quoted(grant.holder, 300)} has it`;
  }

  #makeRoom(nowMs: number): boolean {
    if (this.#grants.size < MAX_GRANTS) return true;
    for (const [name, { untilMs }] of this.#grants) {
      if (untilMs <= nowMs) this.#grants.delete(name);
    }
    return this.#grants.size < MAX_GRANTS;
  }
}
