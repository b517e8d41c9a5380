/**
 * Where calls come from.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { Limits } from "../../wire/limits.ts";
import { TokenBucket } from "../../wire/token_bucket.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";

/** What a connection gives to the calls that came over it. */
export interface SourceLink {
  /** Who the other end has proven to be. */
  readonly identity: PeerIdentity | undefined;
  /** Where the other end is, for messages. */
  readonly remote: string;
  /** Begins a turn and gives its time. */
  beginTurn(): number;
}

/** Bounds how many calls a peer makes in a second. */
export class CallRate {
  readonly #bucket: TokenBucket;
  /** The same for all, as they come by the thousand. */
  readonly #error: InternodeError;

  /** @param aSecond How many may come in a second, and at once. */
  constructor(aSecond: number) {
    this.#bucket = new TokenBucket(aSecond, aSecond);
    this.#error = new InternodeError(
      "Overloaded",
      `This peer made more than the ${aSecond} calls per second that limit maxCallsPerSecond allows. Try again later.`,
      { origin: "remote", outcome: "notExecuted" },
    );
  }

  /** One has come. */
  take(nowMs: number): InternodeError | null {
    return this.#bucket.take(1, nowMs) ? null : this.#error;
  }
}

/** What bounds a peer's calls by these limits; `null`: nothing does. */
export function callRateOf({ maxCallsPerSecond }: Limits): CallRate | null {
  return maxCallsPerSecond === Infinity ? null : new CallRate(maxCallsPerSecond);
}

/** Counts the handlers that run for one peer, those included whose calls have ended. */
export interface RunningHandlers {
  /** How many run. */
  running: number;
  /** Whether the peer has calls on a connection that was renewed. */
  readonly renewing: boolean;
}

/** For a connection that is alone, or counts its own. */
class OwnHandlers implements RunningHandlers {
  running = 0;
  readonly renewing = false;
}

/** The connection a call came over; one for each connection. */
export class CallSource {
  /** The caller's host URL, or what a client calls itself. */
  readonly host: string;
  /** The verdicts of `allow` rules so far, by name: `null` lets calls in. Each rule is asked once. */
  readonly verdicts: Map<string, HandlerTarget | null> = new Map();

  readonly #link: SourceLink;
  readonly #onRefused: () => void;
  readonly #handlers: RunningHandlers;
  readonly #maxRunning: number;
  readonly #rate: CallRate | null;

  /**
   * @param host How the other end is called.
   * @param link The connection.
   * @param onRefused Counts a call that a rule has refused.
   * @param handlers Counts the peer's handlers, over all its connections. Default: those of this one.
   * @param maxRunning How many of them may run at a time, twice as many while it has calls on a renewed one. Default: any number.
   * @param rate Bounds how many calls the peer makes in a second. Default: nothing does.
   */
  constructor(
    host: string,
    link: SourceLink,
    onRefused: () => void,
    handlers: RunningHandlers = new OwnHandlers(),
    maxRunning: number = Infinity,
    rate: CallRate | null = null,
  ) {
    this.host = host;
    this.#link = link;
    this.#onRefused = onRefused;
    this.#handlers = handlers;
    this.#maxRunning = maxRunning;
    this.#rate = rate;
  }

  /**
   * A call has come. A call that was cancelled frees its slot at once while its
   * handler may go on for long, so slots alone would not bound how many run.
   *
   * @returns Why no further handler may run for this peer; `null`: one may.
   */
  checkCapacity(): InternodeError | null {
    const { running } = this.#handlers, most = this.#maxRunning;
    // While it has calls on a renewed connection it has the slots of both.
    if (running < most || running < 2 * most && this.#handlers.renewing) {
      return this.#rate === null ? null : this.#rate.take(this.beginTurn());
    }
    return new InternodeError(
      "Overloaded",
      `${running} handlers of calls from this peer are running, including those of cancelled calls; ` +
        "the limit is maxCalls, or twice that while a connection is renewed. Try again later.",
      { origin: "remote", outcome: "notExecuted" },
    );
  }

  /** A handler begins to run. */
  onBegun(): void {
    this.#handlers.running++;
  }

  /** A handler has ended. */
  onLeft(): void {
    this.#handlers.running--;
  }

  /** Who the caller has proven to be; `undefined`: it was not asked. */
  get identity(): PeerIdentity | undefined {
    return this.#link.identity;
  }

  /** Where the caller is, for messages. */
  get remote(): string {
    return this.#link.remote;
  }

  /** Begins a turn and gives its time. */
  beginTurn(): number {
    return this.#link.beginTurn();
  }

  /** A rule has refused a call. */
  onRefused(): void {
    this.#onRefused();
  }
}
