/**
 * Leases that a majority of voters has granted.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { guard } from "../../foreign/guard.ts";
import { hexOf } from "../../foreign/hex.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { isA } from "../../foreign/own_error.ts";
import { textOf } from "../../foreign/text_of.ts";
import type { SingleContract } from "../../rpc/contract/contract.ts";
import type { Clock, Random, Timer } from "../../runtime/clock.ts";
import { gather } from "../gather/gather.ts";
import type { GatherOptions } from "../gather/gather_options.ts";
import { majorityOf } from "../gather/majority.ts";
import type { RequestTarget } from "../gather/targets.ts";
import { QuorumError } from "../gather/quorum_error.ts";
import {
  askContract,
  type AskReply,
  keepContract,
  learnContract,
  type LearnReply,
  releaseContract,
} from "./lease_contracts.ts";
import {
  heldUntilMs,
  type Hold,
  type LeaseEngine,
  type NotGained,
  type Seeker,
  type Wish,
} from "./lease_engine.ts";
import { Patience } from "./patience.ts";
import { Voter } from "./voter.ts";
import { recover } from "./voter_recovery.ts";

/** A round of questions takes at most so much of a lease's time. */
const ROUND_SHARE = 0.2;
/** An attempt to gain that took more than so much is given up: see voter_recovery.ts. */
const ATTEMPT_SHARE = 0.5;
const HOLDER_BYTES = 8;

/** What a {@linkcode GridEngine} is made from. */
export interface GridEngineOptions {
  /** This node. */
  readonly local: string;
  /** Who votes. */
  readonly voters: readonly string[];
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: EventLogger;
  /** The way to one of them; may throw. */
  readonly link: (host: string) => RequestTarget;
}

/**
 * Gains in two rounds. The first asks all voters for a grant; with those of a
 * majority the token is one above the highest that they know. The second has a
 * majority confirm it. Then it is held.
 *
 * **No two at a time** of which one is not shared. No voter has two such grants of a
 * name, and two such holders would have a voter in common. By the voter's clock its grant
 * lasts from when it was asked. By the holder's clock the holder relies on it for a shorter
 * time, which begins before it asked.
 * A voter that has died is silent for so long. A renewal counts only if it was
 * done before the end of what was held; so a voter that knows no grant may
 * take part in it: whoever else gained in between has a voter in common with the
 * former majority, which granted after that end.
 *
 * **Tokens grow** from lease to lease, of two that are not both shared. A voter
 * in common has confirmed the earlier token before it granted the later one, and
 * confirms only a token above all that it knew then.
 */
export class GridEngine implements LeaseEngine {
  readonly ttlMs: number;
  /** This node's own vote, if it has one. */
  readonly voter: Voter | null;
  readonly #options: GridEngineOptions;
  readonly #voters: readonly RequestTarget[];
  readonly #majority: number;
  readonly #group: string;
  readonly #patience: Patience;
  readonly #stop = new AbortController();
  readonly #voting = Promise.withResolvers<void>();
  #hasToldGroup = false;

  /** Begins to take part. */
  constructor(options: GridEngineOptions) {
    const { local, voters, ttlMs, clock, link } = options;
    this.ttlMs = ttlMs;
    this.#options = options;
    this.#patience = new Patience(ttlMs, ttlMs * ROUND_SHARE);
    // Hosts come and go, and so do their connections.
    this.#voters = voters.map((host) => ({
      host,
      request: (contract, request, given) => {
        const askedMs = clock.now(), answer = link(host).request(contract, request, given);
        answer.then(() => this.#patience.onAnswer(clock.now() - askedMs), () => {});
        return answer;
      },
    }));
    this.#majority = majorityOf(voters.length);
    this.#group = `${ttlMs} ms, ${voters.toSorted().join(" ")}`;
    const seed = Math.max(0, Math.floor(clock.wallNow()));
    this.voter = voters.includes(local)
      ? new Voter(clock, this.#group, ttlMs, seed, () => this.#voting.resolve())
      : null;
  }

  /** Resolves when this node's voter votes; `null`: it has none. Never rejects. */
  get voting(): Promise<void> | null {
    return this.voter === null ? null : this.#voting.promise;
  }

  /** Begins to take part, once the handlers are there. */
  start(): void {
    if (this.voter !== null) void this.#recover(this.voter);
  }

  /** Aborts when it takes part no more. */
  get closed(): AbortSignal {
    return this.#stop.signal;
  }

  close(): void {
    this.#stop.abort(new InternodeError("Closed", "The leases of this node are closed."));
    this.voter?.close();
  }

  seek(wish: Wish, waits: boolean): Seeker {
    return { attempt: (signal) => this.#gain(wish, waits, signal), end: () => Promise.resolve() };
  }

  async #gain(wish: Wish, waits: boolean, signal: AbortSignal): Promise<Hold | NotGained> {
    const { name, isShared: shared } = wish, { clock, random, local } = this.#options;
    const holder = `${local} ${hexOf(random.bytes(HOLDER_BYTES))}`;
    const startMs = clock.now();
    try {
      const request = { group: this.#group, name, holder, shared, waits };
      const grants = await this.#majorityOf(askContract, request, ({ granted }) => granted, signal);
      const token = 1 + Math.max(...grants.map(({ highest }) => highest));
      const askedMs = clock.now();
      await this.#keep({ ...wish, holder, token, untilMs: 0 }, true, signal);
      if (clock.now() - startMs < this.ttlMs * ATTEMPT_SHARE) {
        return { ...wish, holder, token, untilMs: heldUntilMs(askedMs, this.ttlMs) };
      }
      this.#releaseAll(name, holder);
      return { why: "the voters took too long to answer" };
    } catch (error) {
      this.#releaseAll(name, holder);
      return { why: this.#reasonOf(error) };
    }
  }

  async renew(hold: Hold, signal: AbortSignal): Promise<number | null> {
    const askedMs = this.#options.clock.now();
    try {
      await this.#keep(hold, false, signal);
      return heldUntilMs(askedMs, this.ttlMs);
    } catch {
      return null;
    }
  }

  async release({ name, holder }: Hold): Promise<void> {
    await this.#releaseAll(name, holder);
  }

  async #keep(hold: Hold, isFirst: boolean, signal: AbortSignal): Promise<void> {
    const { name, holder, token, isShared: shared } = hold;
    const request = { group: this.#group, name, holder, token, isFirst, shared };
    // Who is about to lose it waits for all.
    await this.#majorityOf(keepContract, request, (stands) => stands, signal, !isFirst);
  }

  /** Resolves with the answers of those who agree, once they are a majority. All hear the question. Who is to be patient waits for all of them. */
  async #majorityOf<Request, Reply>(
    contract: SingleContract<Request, Reply>,
    request: Request,
    agrees: (reply: Reply) => boolean,
    signal: AbortSignal,
    isPatient = false,
  ): Promise<readonly Reply[]> {
    const { clock } = this.#options;
    let timer: Timer | null = null, isOver = isPatient;
    const accept = (reply: Reply): boolean => {
      const isGood = agrees(reply);
      if (!isGood && !isOver) {
        timer ??= clock.setTimer(this.#patience.ms, () => asked.cancel());
      }
      return isGood;
    };
    const options = { ...this.#round(this.#majority), accept, signal };
    const asked = gather<Request, Reply>(this.#voters, contract, request, options);
    try {
      return (await asked).values;
    } finally {
      isOver = true;
      if (timer !== null) clock.clearTimer(timer);
    }
  }

  /** Resolves when a majority has heard it, or as many as can. */
  async #releaseAll(name: string, holder: string): Promise<void> {
    const options = this.#round(this.#majority);
    const told = gather(this.#voters, releaseContract, { name, holder }, options);
    await told.then(() => {}, () => {});
  }

  async #recover(voter: Voter): Promise<void> {
    const { clock, logger, local } = this.#options, { signal } = this.#stop;
    const others = this.#voters.filter(({ host }) => host !== local);
    const learn = async (): Promise<readonly LearnReply[]> => {
      if (others.length === 0) return [];
      const { values } = await gather(others, learnContract, undefined, this.#round(0));
      return values;
    };
    await recover({
      voter,
      clock,
      ttlMs: this.ttlMs,
      count: this.#voters.length,
      learn,
      onSeeded: (highest) =>
        logger.info(
          `No majority of the voters of leases knows the tokens, as at a first start. They go on from ${highest}.`,
          { event: "lease_tokens_seeded", local },
        ),
      signal,
    });
  }

  #round(need: number): Omit<GatherOptions<never>, "accept"> {
    const { clock } = this.#options;
    return { need, rest: "finish", timeoutMs: this.ttlMs * ROUND_SHARE, clock };
  }

  /** What the voters have said, for people. */
  #reasonOf(error: unknown): string {
    if (!isA(error, QuorumError)) return guard(() => textOf(error), () => "");
    const refusals = error.results.flatMap((result) => {
      const why = result.ok ? (result.value as AskReply).why ?? "it has no such grant" : "";
      // Those who grant it give no reason.
      return why === "" ? [] : [`${result.host}: ${why}`];
    });
    const why = refusals.length === 0 ? textOf(error) : refusals.join("; ");
    if (why.includes("other voters") && !this.#hasToldGroup) {
      this.#hasToldGroup = true;
      this.#options.logger.warn(
        `Voters of leases refuse this node (${why}). Give all nodes the same voters and ttlMs.`,
        { event: "lease_refused", local: this.#options.local },
      );
    }
    return why;
  }
}
