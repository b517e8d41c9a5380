/**
 * One voter's part of the leases.
 *
 * @module
 */

import { quoted } from "../../foreign/plain_text.ts";
import type { Clock } from "../../runtime/clock.ts";
import { Grants } from "./grants.ts";
import {
  type AskReply,
  type AskRequest,
  type KeepRequest,
  type LearnReply,
  MAX_NAME_LENGTH,
  type ReleaseRequest,
  type VoterState,
} from "./lease_contracts.ts";

/** A grant that is not confirmed is held for so much of a lease's time: as long as an attempt may take. */
const UNCONFIRMED_SHARE = 0.5;
/**
 * For so much of it nobody else may share what somebody waits to have alone.
 * Who waits asks again within that time: an attempt takes up to a fifth of a lease's time, and the pause up to 0.18.
 */
const TURN_SHARE = 0.4;

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
 * run out. Grants of one name that are all shared are in nobody's way; a grant
 * and one that is not shared are:
 *
 * | grant of a name | `ask` | `keep`, first | `keep`, later | time |
 * | --- | --- | --- | --- | --- |
 * | none | granted for half a lease's time; shared not while another holder waits to have it alone | no | granted for a lease's time | |
 * | of this holder | granted anew | confirmed for a lease's time if the token is above its floor | renewed | runs out |
 * | of another one, in its way | no, and whose it is | no | no | runs out |
 *
 * Whoever asks to have a name alone, and waits, keeps others from coming to share
 * it for a while, unless one has it alone; so it has its turn however many come.
 * Those who share it already keep it for as long as they renew it.
 */
export class Voter {
  readonly #clock: Clock;
  readonly #group: string;
  readonly #ttlMs: number;
  readonly #grants = new Grants();
  readonly #onVoting: () => void;
  #state: VoterState | "closed" = "silent";
  #highest: number;

  /**
   * Starts silent.
   *
   * @param clock Its own; grants are measured by nothing else.
   * @param group How long leases last and who votes.
   * @param ttlMs How long a lease lasts.
   * @param seed The token that it starts from if nobody knows a higher one.
   * @param onVoting Is told when it begins to vote. Must not throw.
   */
  constructor(
    clock: Clock,
    group: string,
    ttlMs: number,
    seed: number,
    onVoting: () => void = () => {},
  ) {
    this.#clock = clock;
    this.#group = group;
    this.#ttlMs = ttlMs;
    this.#highest = seed;
    this.#onVoting = onVoting;
  }

  /** Whether it takes part. */
  get isVoting(): boolean {
    return this.#state === "voting";
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
    this.#onVoting();
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

  /** Grants a name that is free, or shared by all who have it and this one. */
  ask({ group, name, holder, shared = false, waits = false }: AskRequest): AskReply {
    const nowMs = this.#clock.now(), grants = this.#grants;
    let why = this.#refusal(group, name, holder, nowMs);
    if (why !== "") return { granted: false, highest: this.#highest, why };
    why = grants.conflict(name, holder, shared, nowMs);
    if (why === "" && shared && grants.isTurnOfOne(name, nowMs)) {
      why = "another one waits to have it alone";
    }
    const granted = why === "";
    if (granted) {
      const untilMs = nowMs + this.#ttlMs * UNCONFIRMED_SHARE;
      grants.set(name, holder, { isShared: shared, floor: this.#highest, untilMs });
    }
    // Also where it was granted, as other voters may not have done so.
    if (waits && !shared && (granted || grants.isShared(name))) {
      grants.keepForOne(name, nowMs + this.#ttlMs * TURN_SHARE);
    }
    return { granted, highest: this.#highest, why };
  }

  /** Confirms a token, or renews. */
  keep({ group, name, holder, token, isFirst, shared = false }: KeepRequest): boolean {
    const nowMs = this.#clock.now(), grants = this.#grants;
    if (this.#refusal(group, name, holder, nowMs) !== "") return false;
    const grant = grants.get(name, holder, nowMs), untilMs = nowMs + this.#ttlMs;
    if (isFirst && (grant === undefined || token <= grant.floor)) return false;
    if (grant !== undefined) grant.untilMs = untilMs;
    else if (grants.conflict(name, holder, shared, nowMs) !== "") return false;
    else grants.set(name, holder, { isShared: shared, floor: token, untilMs });
    if (!grants.isShared(name)) grants.endTurn(name);
    if (token > this.#highest) this.#highest = token;
    return true;
  }

  /** Forgets a grant; one that is not there is no error. */
  release({ name, holder }: ReleaseRequest): void {
    this.#grants.delete(name, holder);
  }

  /** Why this voter cannot serve it, whoever has the name; `""`: it can. */
  #refusal(group: string, name: string, holder: string, nowMs: number): string {
    if (this.#state !== "voting") return `this voter is ${this.#state}`;
    if (group !== this.#group) {
      return `it has other voters, or another ttlMs: ${quoted(this.#group, 400)}`;
    }
    if (name === "" || name.length > MAX_NAME_LENGTH) return "the name is too long, or empty";
    const isKnown = this.#grants.get(name, holder, nowMs) !== undefined;
    return isKnown || this.#grants.hasRoom(nowMs) ? "" : "too many leases are held";
  }
}
