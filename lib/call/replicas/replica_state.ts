/**
 * Where a replica's connection stands.
 *
 * The state follows from three facts; nothing can contradict them, as nothing
 * else is kept:
 *
 * | listed by the resolver | connection | calls in flight | state |
 * |---|---|---|---|
 * | no | any, or an old one | some | `draining` |
 * | no | any | none | `missing` |
 * | yes | none, dialled again after a back-off | - | `disconnected` |
 * | yes | dialling or shaking hands | - | `checking` |
 * | yes | open | none | `idle` |
 * | yes | open | some | `active` |
 *
 * | state | event | next state |
 * |---|---|---|
 * | `missing` | listed | `checking` |
 * | `disconnected` | the back-off is over | `checking` |
 * | `checking` | the handshake is done | `idle` |
 * | `checking` | dialling or the handshake failed, or took too long | `disconnected` |
 * | `idle` | a call is made | `active` |
 * | `active` | the last call has ended | `idle` |
 * | `idle`, `active` | the connection is lost; calls in flight end as `Disconnected` | `disconnected` |
 * | `idle`, `active` | the replica says that it is closing; calls in flight finish on the old connection | `disconnected` |
 * | any, with calls in flight | listed no more | `draining` |
 * | `draining` | listed again | `active`, or `checking` where the connection was an old one |
 * | `draining` | the last call has ended, or the connection is lost | `missing` |
 * | any, without calls in flight | listed no more | `missing` |
 *
 * A `missing` replica is forgotten.
 *
 * @module
 */

/** Where a replica's connection stands; see the module. */
export type ReplicaState =
  | "missing"
  | "disconnected"
  | "checking"
  | "idle"
  | "active"
  | "draining";

/** The state that follows from the facts. */
export function replicaState(
  isListed: boolean,
  connection: "none" | "pending" | "open",
  callsInFlight: number,
): ReplicaState {
  if (!isListed) return callsInFlight > 0 ? "draining" : "missing";
  switch (connection) {
    case "none":
      return "disconnected";
    case "pending":
      return "checking";
    case "open":
      return callsInFlight > 0 ? "active" : "idle";
  }
}
