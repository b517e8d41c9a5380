/**
 * Where calls come from.
 *
 * @module
 */

import { are, counted } from "../../foreign/text_of.ts";
import { InternodeError } from "../../errors.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";
import type { Limits } from "../../wire/limits.ts";
import { TokenBucket } from "../../wire/token_bucket.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";

/** What calls need of their connection. */
export interface SourceLink {
  /** The identity that the other end has proven. */
  readonly identity: PeerIdentity | undefined;
  /** The address of the other end, for messages. */
  readonly remote: string;
  /** Begins a turn and returns its time. */
  beginTurn(): number;
}

/** Limits how many calls a peer makes in a second. */
export class CallRate {
  readonly #bucket: TokenBucket;
  /** One error for all, because there may be thousands. */
  readonly #error: InternodeError;

  /** @param aSecond How many calls are allowed in a second, and at once. */
  constructor(aSecond: number) {
    this.#bucket = new TokenBucket(aSecond, aSecond);
    this.#error = new InternodeError(
      "Overloaded",
      `This peer made more than the ${
        counted(aSecond, "call")
      } per second that limit maxCallsPerSecond allows. Try again later.`,
      { origin: "remote", outcome: "notExecuted" },
    );
  }

  /** Whether it is as if no call had come. */
  isUnused(nowMs: number): boolean {
    return this.#bucket.isFull(nowMs);
  }

  /** A call has arrived. Returns its error if it is refused. */
  take(nowMs: number): InternodeError | null {
    return this.#bucket.take(1, nowMs) ? null : this.#error;
  }
}

/** The rate limit of a peer; `null` if there is none. */
export function callRateOf({ maxCallsPerSecond }: Limits): CallRate | null {
  return maxCallsPerSecond === Infinity ? null : new CallRate(maxCallsPerSecond);
}

/** Counts the running handlers of one peer, including those whose calls have ended. */
export interface RunningHandlers {
  /** How many run. */
  running: number;
  /** Whether the peer has calls on a connection that was renewed. */
  readonly renewing: boolean;
}

/** The count of a connection by itself. */
class OwnHandlers implements RunningHandlers {
  running = 0;
  readonly renewing = false;
}

/** The connection of a call; one object for each connection. */
export class CallSource {
  /** The caller's host URL, or a client's name. */
  readonly host: string;
  /** The results of `allow` rules so far, by name: `null` allows calls. Each rule runs once. */
  readonly verdicts: Map<string, HandlerTarget | null> = new Map();

  readonly #link: SourceLink;
  readonly #onRefused: () => void;
  readonly #handlers: RunningHandlers;
  readonly #maxRunning: number;
  readonly #rate: CallRate | null;

  /**
   * @param host The name of the other end.
   * @param link The connection.
   * @param onRefused Counts a call that a rule has refused.
   * @param handlers Counts the peer's handlers, over all its connections. Default: those of this one.
   * @param maxRunning How many of them may run at a time; twice as many while the peer has calls on a retired connection. Default: no limit.
   * @param rate Limits how many calls the peer makes in a second. Default: no limit.
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
   * A call has arrived. A cancelled call frees its slot at once while its
   * handler may go on for long, so slots alone would not limit how many run.
   *
   * @returns Why no further handler may run for this peer; `null` if one may.
   */
  checkCapacity(): InternodeError | null {
    const { running } = this.#handlers, most = this.#maxRunning;
    // While the peer has calls on a retired connection, it has the slots of both.
    if (running < most || running < 2 * most && this.#handlers.renewing) {
      return this.#rate === null ? null : this.#rate.take(this.beginTurn());
    }
    return tooManyRunning(running);
  }

  /** A handler begins to run. */
  onBegun(): void {
    this.#handlers.running++;
  }

  /** A handler has ended. */
  onLeft(): void {
    this.#handlers.running--;
  }

  /** The identity that the caller has proven; `undefined`: it was not asked. */
  get identity(): PeerIdentity | undefined {
    return this.#link.identity;
  }

  /** Where the caller is, for messages. */
  get remote(): string {
    return this.#link.remote;
  }

  /** Begins a turn and returns its time. */
  beginTurn(): number {
    return this.#link.beginTurn();
  }

  /** A rule has refused a call. */
  onRefused(): void {
    this.#onRefused();
  }
}

function tooManyRunning(running: number): InternodeError {
  return new InternodeError(
    "Overloaded",
    `${counted(running, "handler")} of calls from this peer ${
      are(running)
    } running, including those of cancelled calls; ` +
      "the limit is maxCalls, or twice that while a connection is renewed. Try again later.",
    { origin: "remote", outcome: "notExecuted" },
  );
}
