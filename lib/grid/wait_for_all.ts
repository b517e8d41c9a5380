/**
 * Waiting for the connections to all peers.
 *
 * @module
 */

import type { Clock } from "../runtime/clock.ts";
import type { Membership } from "./membership.ts";
import type { PeerSet } from "./peer_set.ts";
import { failed, until, untilConnected, type WaitOptions } from "./wait_for_connect.ts";
import { optionsOf } from "../foreign/option_checks.ts";

/** Resolves once it is known who belongs to the grid and each of them is connected. Who leaves meanwhile is not waited for, who joins is, and nobody with whom no connection is needed. */
export async function untilAllConnected(
  peers: PeerSet,
  membership: Membership,
  clock: Clock,
  options: WaitOptions,
): Promise<void> {
  const { timeoutMs = 30_000, signal } = optionsOf("waitForConnect", options);
  const startMs = clock.now();
  const rest = (): WaitOptions => ({
    signal,
    timeoutMs: Math.max(0, Math.ceil(timeoutMs - (clock.now() - startMs))),
  });
  await until(clock, options, {
    look: () =>
      membership.isKnown ||
      membership.isClosed && failed("Closed", "This manager is closed.", undefined),
    listen: (look) => membership.onKnown(look),
    late: (ms) => {
      const text = `The resolver has not said within ${ms} ms which hosts there are.`;
      return failed("Unreachable", text, membership.failure);
    },
  });
  for (;;) {
    const missing = peers.present.filter(({ state }) => state !== "connected" && state !== "idle");
    if (missing.length === 0) return;
    await Promise.all(missing.map(async (peer) => {
      await untilConnected(peer, clock, rest()).catch((error) => {
        if (!peer.hasLeft) throw error;
      });
    }));
  }
}
