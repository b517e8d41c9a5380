/**
 * How a host leaves.
 *
 * @module
 */

import { partFrom } from "../rpc/connecting/link_closing.ts";
import { QuietWait } from "../rpc/connecting/quiet_wait.ts";
import type { Link } from "../driver/link.ts";
import type { EventLogger } from "../foreign/log_event.ts";
import { counted } from "../foreign/text_of.ts";
import type { GridNode } from "./grid_node.ts";
import type { GridPeer } from "./grid_peer.ts";
import { hostLeft } from "./peer_errors.ts";

/**
 * Parts with a peer: it gets no new calls and is told to make none, what runs may
 * finish within the grace time, then its connections are closed.
 *
 * @returns Resolves when nothing of it is left.
 */
export async function departFrom(peer: GridPeer, graceMs: number, node: GridNode): Promise<void> {
  const { clock, logger } = node.options;
  peer.leave();
  const { host, reconnector } = peer, { links } = reconnector;
  const parted = links.map((link) => partFrom(link, "unlisted"));
  const isOver = (): boolean => parted.filter((hasParted) => !hasParted()).length === 0;
  const { ended } = new QuietWait(clock, graceMs, links, () => isOver() ? 0 : Infinity);
  if (!await ended) tellGivenUp(host, graceMs, links, logger);
  reconnector.close(hostLeft(peer));
  const gone = new QuietWait(clock, Infinity, [], () => peer.isGone ? 0 : Infinity);
  peer.onAllGone = gone.look;
  await gone.ended;
}

/** The grace time is over: says how many calls end by that. */
function tellGivenUp(
  host: string,
  graceMs: number,
  links: readonly Link[],
  logger: EventLogger,
): void {
  let made = 0, served = 0;
  for (const { session: { outgoing, incoming } } of links) {
    made += outgoing.calls.active;
    served += incoming.calls.active;
  }
  if (made + served === 0) return;
  // Without grace time that is what was asked for.
  logger[graceMs === 0 ? "info" : "warn"](
    `${host} has left the list of hosts, and its grace time of ${graceMs} ms is over: ` +
      `${counted(served, "call")} from it and ${counted(made, "call")} to it end now.`,
    { event: "grace_over", host, graceMs, served, made },
  );
}
