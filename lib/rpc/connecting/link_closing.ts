/**
 * How a connection's calls end when its node closes.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import { counted } from "../../foreign/text_of.ts";
import type { Link } from "../../driver/link.ts";
import type { DrainReason } from "../../session/frames/drain_reason.ts";

/** Refuses new calls, asks running handlers to end soon, and ends calls whose handlers have not begun. */
export function drainLink(link: Link, reason: InternodeError): void {
  const { session } = link, { incoming } = session;
  const nowMs = link.beginTurn();
  session.startDraining(nowMs);
  for (const call of [...incoming.calls]) {
    if (call.hasBegun) call.onStopping(reason);
    else incoming.endCall(call, notBegun(), nowMs);
  }
}

/** Whether all of them are drained; see {@linkcode Link.checkDrained}. */
export function areDrained(links: readonly Link[]): boolean {
  let drained = true;
  // Every link is checked, as each has to ask its own peer.
  for (const link of links) drained = link.checkDrained() && drained;
  return drained;
}

/**
 * Asks the peer to make no more calls over a connection. Those that it makes
 * before it knows are served.
 *
 * @returns Says whether nothing is under way and nothing more can come: the peer knows, and all calls have ended.
 */
export function partFrom(link: Link, reason: DrainReason): () => boolean {
  const { session } = link, nowMs = link.beginTurn();
  session.sendDrain(reason, nowMs);
  // The first answer may be to a ping that was under way before.
  let answers = 0, lastPing = session.keepalive.lastPing;
  session.ping(nowMs);
  return () => {
    if (session.state !== "open") return true;
    if (session.keepalive.lastPing !== lastPing) {
      lastPing = session.keepalive.lastPing;
      if (++answers === 1) session.ping(link.beginTurn());
    }
    return answers > 1 && link.checkDrained();
  };
}

/**
 * The grace time is over: logs the work that is left.
 *
 * @param who The node or client that closes.
 * @param links Its connections.
 * @param running How many of its handlers run.
 */
export function tellGivenUp(
  logger: EventLogger,
  who: string,
  graceMs: number,
  links: Iterable<Link>,
  running: number,
): void {
  let made = 0, served = 0, unheard = 0;
  for (const link of links) {
    const { state, outgoing, incoming, delivery } = link.session;
    if (state !== "open") continue;
    made += outgoing.calls.active;
    served += incoming.calls.active;
    if (!delivery.isConfirmed) unheard++;
  }
  if (made + served + unheard + running === 0) return;
  // Without grace time this is expected.
  logger[graceMs === 0 ? "info" : "warn"](
    `${who} closes after its grace time of ${graceMs} ms with work left: ` +
      `${counted(served, "call")} that it serves and ${counted(made, "call")} that it has made ` +
      `end now, ${counted(running, "handler")} still ${running === 1 ? "runs" : "run"}, and ` +
      `${counted(unheard, "connection")} ${unheard === 1 ? "has" : "have"} not received ` +
      "everything that was sent.",
    { event: "grace_over", graceMs, served, made, running, unheard },
  );
}

function notBegun(): InternodeError {
  return new InternodeError(
    "Closed",
    "This node is closing; the call was still waiting and did not run.",
    { origin: "remote", outcome: "notExecuted" },
  );
}
