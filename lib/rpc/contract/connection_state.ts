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
 * | any | this side is closed | `closed` |
 *
 * In `connecting` calls wait, in `disconnected` they fail at once unless they
 * say `waitForReady`; the side that dials goes on trying in both.
 *
 * @module
 */

/** The state of a connection to a peer; see the module. */
export type ConnectionState = "connecting" | "connected" | "disconnected" | "closed";

/** The events that can happen in each state. */
const NEXT: { readonly [S in ConnectionState]: readonly ConnectionState[] } = {
  connecting: ["connected", "disconnected", "closed"],
  connected: ["connecting", "connected", "disconnected", "closed"],
  disconnected: ["connected", "closed"],
  closed: [],
};

/** Whether the table has such a transition. */
export function mayFollow(from: ConnectionState, to: ConnectionState): boolean {
  return NEXT[from].includes(to);
}
