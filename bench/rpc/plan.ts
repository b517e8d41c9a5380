/**
 * What the two processes of a bench are started with.
 *
 * @module
 */

import { nativeWebSocketTransport, systemTransports, type Transports } from "@internode/grid";
import { mtlsTransports } from "@internode/grid/call";
import type { NodeIdentity } from "./identity.ts";
import type { RpcOptions } from "./options.ts";

/** Where everything is; JSON can say it. */
export interface RpcPlan {
  /** Over what. */
  readonly transport: RpcOptions["transport"];
  /** The node that asks, and the one that answers. */
  readonly hosts: readonly [asking: string, answering: string];
  /** Where the raw echo is. */
  readonly floor: string;
  /** Where the raw transfers are that go one way. */
  readonly oneWay: string;
  /** Where the service is. */
  readonly service: string;
  /** How many messages of a stream are to be under way. */
  readonly inflight: number;
  /** For how long both poll. */
  readonly spinUs: number;
  /** Who they are by mutual TLS; `null` without it. */
  readonly identities: readonly [asking: NodeIdentity, answering: NodeIdentity] | null;
}

/** Transports that are not the usual ones, if any. */
export type Reached = { readonly transports?: Transports };

/** What the sides of a bench reach each other by. */
export function reachedBy(transport: string, identity: NodeIdentity | null): Reached {
  if (identity !== null) return { transports: mtlsTransports(identity) };
  if (transport !== "ws-native") return {};
  return { transports: { ...systemTransports(), ws: nativeWebSocketTransport() } };
}
