/**
 * Connections without new calls, until their running calls have ended.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { Clock, Timer } from "../../runtime/clock.ts";
import type { Link } from "../../driver/link.ts";

/** The maximum for one peer; if a peer renews more often than its calls end, the oldest ones are closed. */
const MAX_RETIRED = 64;

interface Retired {
  readonly openedMs: number;
  /** The timer of the grace time, if it is limited. */
  readonly timer: Timer | null;
  /** Stops the check whether all calls have ended. */
  readonly unwatch: () => void;
  /** Whether the peer has announced the newer one; see the class. */
  peerIsDone: boolean;
  /** Whether this side has. */
  isTold: boolean;
  /** Stops waiting until the newer one is known to be good at both ends; `null`: it is, or has ended. */
  stopWaiting: (() => void) | null;
}

/**
 * No side makes new calls on these connections; running and queued calls may
 * finish. The dialler announces that it uses a newer one as soon as that is known
 * to be good at both ends: at once, or when its ping there is answered, if it is
 * open before the acceptor has judged its proof. The acceptor announces when all
 * its calls on the old one have ended, so that none is in flight that the dialler
 * does not know of. Then the dialler closes it, once its own calls have ended
 * too. After the grace time either side closes it, and calls that still run end
 * with `GoingAway`.
 */
export class RetiredLinks {
  readonly #clock: Clock;
  readonly #dials: boolean;
  readonly #peerCalls: boolean;
  readonly #links = new Map<Link, Retired>();

  /**
   * @param dials Whether this side has dialled.
   * @param peerCalls Whether the peer makes calls too; if not, this side, which then has dialled, knows alone when all calls have ended.
   */
  constructor(clock: Clock, dials: boolean, peerCalls: boolean) {
    this.#clock = clock;
    this.#dials = dials;
    this.#peerCalls = peerCalls;
  }

  /**
   * Retires a connection. One that is here already keeps its grace time.
   *
   * @param graceMs How long running calls may go on, in milliseconds; `Infinity` for no limit.
   * @param openedMs When it was opened.
   * @param peerIsDone Whether the peer has announced a newer one.
   * @param newer The connection in use, unless that is this one.
   */
  add(
    link: Link,
    graceMs: number,
    openedMs: number,
    peerIsDone = false,
    newer: Link | null = null,
  ): void {
    if (this.#links.has(link)) return;
    const timer = graceMs < Infinity
      ? this.#clock.setTimer(graceMs, () => link.close(goingAway()))
      : null;
    const unwatch = link.watch(() => this.#check(link));
    const retired: Retired = {
      openedMs,
      timer,
      unwatch,
      peerIsDone: peerIsDone || !this.#peerCalls,
      isTold: false,
      stopWaiting: null,
    };
    this.#links.set(link, retired);
    if (this.#dials) this.#tellOnce(newer, link, retired);
    // It may be idle already, which is checked at the end of a turn.
    link.beginTurn();
    if (this.#links.size <= MAX_RETIRED) return;
    const [oldest] = this.#links.keys();
    oldest!.close(goingAway());
  }

  /** Tells of a newer connection as soon as it is good at both ends. If it ends before that, the old one is left all the same. */
  #tellOnce(newer: Link | null, link: Link, retired: Retired): void {
    const isSure = newer === null || newer === link || newer.session.peer?.isOpen !== false;
    const go = (): void => {
      retired.stopWaiting?.();
      retired.stopWaiting = null;
      if (this.#peerCalls) tell(link, retired);
      else link.beginTurn();
    };
    if (isSure) return go();
    const { session } = newer;
    session.ping(newer.beginTurn());
    retired.stopWaiting = newer.watch(() => {
      if (session.keepalive.lastPing !== null || session.state !== "open") go();
    });
  }

  /** The peer has told of a newer connection. Returns whether the one that it told so on is one of these. */
  onPeerDone(link: Link): boolean {
    const retired = this.#links.get(link);
    if (retired !== undefined) retired.peerIsDone = true;
    return retired !== undefined;
  }

  /** Takes the newest out that the peer, which has dialled, still uses. */
  takeBack(): { readonly link: Link; readonly openedMs: number } | null {
    for (const [link, { openedMs, peerIsDone }] of [...this.#links].reverse()) {
      if (peerIsDone || link.session.state !== "open") continue;
      this.delete(link);
      return { link, openedMs };
    }
    return null;
  }

  /** A connection has ended, or is wanted again. */
  delete(link: Link): void {
    const retired = this.#links.get(link);
    if (retired === undefined) return;
    this.#links.delete(link);
    if (retired.timer !== null) this.#clock.clearTimer(retired.timer);
    retired.unwatch();
    retired.stopWaiting?.();
  }

  #check(link: Link): void {
    const retired = this.#links.get(link);
    if (retired === undefined) return;
    if (!this.#dials) {
      // Not before the dialler has told: it may not know of the newer connection yet, and would not note it.
      const isOver = retired.peerIsDone && link.session.outgoing.calls.active === 0;
      if (isOver && !retired.isTold) tell(link, retired);
    } else if (retired.stopWaiting === null && retired.peerIsDone && link.checkDrained()) {
      link.close(this.#peerCalls ? replaced("GoingAway") : unneeded());
    }
  }
}

function tell(link: Link, retired: Retired): void {
  retired.isTold = true;
  link.session.sendDrain("replaced", link.beginTurn());
}

/** The error that ends what has not ended by itself on a connection that was renewed, or should have been. */
export function goingAway(): InternodeError {
  return new InternodeError(
    "GoingAway",
    "The connection was renewed, and the call did not end on the old one within renewalGraceMs. Start it again.",
    { origin: "local", outcome: "maybeExecuted" },
  );
}

function unneeded(): InternodeError {
  return new InternodeError("Closed", "The client no longer needs this connection.", {
    origin: "local",
    outcome: "maybeExecuted",
  });
}

/**
 * The error that ends a connection which has nothing left to do or is given up.
 *
 * @param code Whether it was renewed, or the newer one was made as this one was lost.
 */
export function replaced(code: "GoingAway" | "Disconnected"): InternodeError {
  return new InternodeError(code, "A newer connection has replaced this one.", {
    origin: code === "GoingAway" ? "local" : "remote",
    outcome: "maybeExecuted",
  });
}
