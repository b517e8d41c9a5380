/**
 * What can be looked at in a node.
 *
 * @module
 */

import { sumOfTraffic } from "../rpc/connecting/connection_stats.ts";
import type { CloseOptions } from "../rpc/connecting/close_options.ts";
import {
  type CallInFlight,
  type CallsOptions,
  callsQuery,
} from "../rpc/contract/call_in_flight.ts";
import { CallListing } from "../rpc/inspection/call_listing.ts";
import { FaceInspection, linkFacts } from "../rpc/inspection/face_inspection.ts";
import type {
  CertificateEnd,
  FaceStats,
  PlainOptions,
  RegisteredHandler,
  Remote,
} from "../rpc/inspection/inspection.ts";
import { ownCertificates } from "../rpc/inspection/own_certificates.ts";
import { plainOptions } from "../rpc/inspection/plain_options.ts";
import { servedRemote } from "../rpc/inspection/served_remote.ts";
import { registeredHandlers } from "../rpc/inspection/registered_handlers.ts";
import type { Acceptor } from "./acceptor.ts";
import type { GridNode } from "./grid_node.ts";
import type { GridPeer } from "./grid_peer.ts";
import type { PeerSet } from "./peer_set.ts";

/** The parts of a node that are looked at. */
export interface InspectedNode {
  /** The node. */
  readonly node: GridNode;
  /** Its peers. */
  readonly peers: PeerSet;
  /** Takes its connections. */
  readonly acceptor: Acceptor;
  /** Closes it. */
  close(options: CloseOptions | undefined): Promise<void>;
}

/** One node, as it can be looked at. */
export class GridInspection extends FaceInspection {
  /** Where it listens; `null` if it does not. */
  address: string | null = null;

  readonly #parts: InspectedNode;

  constructor(parts: InspectedNode) {
    const { local, options: { clock, logger }, traces, serving: { figures } } = parts.node;
    super({ kind: "grid", name: local.href, clock, logger, traces, figures });
    this.#parts = parts;
  }

  /** See {@linkcode Inspection}. */
  override get options(): PlainOptions {
    const { listen, onDemand, mutualTls, ...others } = this.#parts.node.options;
    const { ownIdentity: _, credentials: __, handshakeLimits, ...plain } = others;
    const connect = onDemand ? "onDemand" : "all";
    const settings = { listen: listen.href, connect, tls: mutualTls, ...handshakeLimits, ...plain };
    return plainOptions(settings, ["listen", "connect", "path", "allowOrigins", "allowHosts"]);
  }

  protected override get isClosing(): boolean {
    return this.#parts.node.closing;
  }

  /** See {@linkcode Inspection}. */
  override get addresses(): readonly string[] {
    return this.address === null || this.#parts.node.closing ? [] : [this.address];
  }

  /** See {@linkcode Inspection}. */
  override stats(): FaceStats {
    const { node, peers, acceptor } = this.#parts;
    return {
      ...sumOfTraffic([peers.traffic(), acceptor.guests.totals.traffic()]),
      connections: acceptor.count + peers.connectionCount,
      runningCalls: node.serving.running,
      waitingCalls: peers.all.reduce((sum, { waiting }) => sum + (waiting?.size ?? 0), 0),
    };
  }

  /** See {@linkcode Inspection}. */
  override remotes(): readonly Remote[] {
    return this.#parts.peers.all.map((peer) => remoteOf(peer));
  }

  /** See {@linkcode Inspection}. */
  override guests(): readonly Remote[] {
    return this.#parts.acceptor.guests.all.map((guest) => servedRemote(guest));
  }

  /** See {@linkcode Inspection}. */
  override handlers(): readonly RegisteredHandler[] {
    return registeredHandlers(this.#parts.node.handlers);
  }

  /** See {@linkcode Inspection}. */
  override calls(options?: CallsOptions): readonly CallInFlight[] {
    const { node, peers, acceptor } = this.#parts;
    const listing = new CallListing(callsQuery(options), this.clock.now());
    for (const { host, waiting, reconnector } of peers.all) {
      if (waiting !== null) listing.addWaiting(waiting, host);
      for (const link of reconnector.links) listing.addLink(link, host);
    }
    for (const { link, client } of acceptor.guests.all) listing.addLink(link, client.host);
    listing.addAbandoned(node.serving);
    return listing.oldest;
  }

  /** See {@linkcode Inspection}. */
  protected override ownCertificates(): readonly CertificateEnd[] {
    return ownCertificates(Object.values(this.#parts.node.options.transports));
  }

  /** See {@linkcode Inspection}. */
  override drain(options?: CloseOptions): Promise<void> {
    return this.#parts.close(options);
  }
}

function remoteOf(peer: GridPeer): Remote {
  const { host, state, reconnector } = peer, { link, lastFailure, totals } = reconnector;
  return {
    host,
    state,
    ...linkFacts(link, lastFailure),
    runningHandlers: totals.running,
    replica: null,
    stats: peer.stats(),
  };
}
