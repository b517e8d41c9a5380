/**
 * The states of a connection to a peer.
 *
 * | state | event | next state |
 * |---|---|---|
 * | `connecting` | the handshake is done | `connected` |
 * | `connecting` | dialling failed, or the peer that should dial did not in time | `disconnected` |
 * | `connected` | the connection is lost | `connecting` |
 * | `connected` | the peer says that it is closing | `disconnected` |
 * | `disconnected` | the handshake is done | `connected` |
 * | `idle` | a call needs the connection | `connecting` |
 * | `idle` | the peer has made one | `connected` |
 * | any other, with `connect: "onDemand"` on either side | there is no connection, or it is closed as it was not used, and nobody waits for one | `idle` |
 * | any | this side is closed | `closed` |
 *
 * In `connecting` calls wait, in `disconnected` they fail at once unless they
 * say `waitForReady`; the side that dials goes on trying in both.
 *
 * @module
 */

/** The state of a connection to a peer; see the module. */
export type ConnectionState = "idle" | "connecting" | "connected" | "disconnected" | "closed";

/** The events that can happen in each state. */
const NEXT: { readonly [S in ConnectionState]: readonly ConnectionState[] } = {
  idle: ["connecting", "connected", "closed"],
  connecting: ["idle", "connected", "disconnected", "closed"],
  connected: ["idle", "connecting", "connected", "disconnected", "closed"],
  disconnected: ["idle", "connected", "closed"],
  closed: [],
};

/** Whether the table has such a transition. */
export function mayFollow(from: ConnectionState, to: ConnectionState): boolean {
  return NEXT[from].includes(to);
}
