/**
 * The states of a replica's connection.
 *
 * The state follows from three facts:
 *
 * | listed by the resolver | connection | calls in flight | state |
 * |---|---|---|---|
 * | no | any, or an old one | some | `draining` |
 * | no | any | none | `removed` |
 * | yes | none, dialled again after a back-off | - | `disconnected` |
 * | yes | dialling or shaking hands | - | `connecting` |
 * | yes | open | - | `connected` |
 *
 * | state | event | next state |
 * |---|---|---|
 * | `removed` | listed | `connecting` |
 * | `disconnected` | the back-off is over | `connecting` |
 * | `connecting` | the handshake is done | `connected` |
 * | `connecting` | dialling or the handshake failed, or took too long | `disconnected` |
 * | `connected` | the connection is lost; calls in flight end as `Disconnected` | `disconnected` |
 * | `connected` | the replica says that it is closing; calls in flight finish on the old connection | `disconnected` |
 * | any, with calls in flight | listed no more | `draining` |
 * | `draining` | listed again | `connected`, or `connecting` where the connection was an old one |
 * | `draining` | the last call has ended, or the connection is lost | `removed` |
 * | any, without calls in flight | listed no more | `removed` |
 *
 * A `removed` replica is forgotten.
 *
 * @module
 */

/** The state of a replica's connection; see the module. */
export type ReplicaState = "connecting" | "connected" | "disconnected" | "draining" | "removed";

/** The state that follows from the facts. */
export function replicaState(
  isListed: boolean,
  connection: "none" | "pending" | "open",
  callsInFlight: number,
): ReplicaState {
  if (!isListed) return callsInFlight > 0 ? "draining" : "removed";
  switch (connection) {
    case "none":
      return "disconnected";
    case "pending":
      return "connecting";
    case "open":
      return "connected";
  }
}
