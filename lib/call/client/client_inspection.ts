/**
 * What can be looked at in a client.
 *
 * @module
 */

import { NetEndpoint } from "../../transport/net_endpoint.ts";
import type { CloseOptions } from "../../rpc/connecting/close_options.ts";
import {
  type CallInFlight,
  type CallsOptions,
  callsQuery,
} from "../../rpc/contract/call_in_flight.ts";
import { CallListing } from "../../rpc/inspection/call_listing.ts";
import { FaceInspection, linkFacts } from "../../rpc/inspection/face_inspection.ts";
import type {
  CertificateEnd,
  FaceStats,
  PlainOptions,
  RegisteredHandler,
  Remote,
} from "../../rpc/inspection/inspection.ts";
import { ownCertificates } from "../../rpc/inspection/own_certificates.ts";
import { plainOptions } from "../../rpc/inspection/plain_options.ts";
import { replicaEndpoint } from "../replicas/further_connection.ts";
import type { ServiceReplica } from "../replicas/service_replica.ts";
import type { ClientCore } from "./client_core.ts";

/** One client, as it can be looked at. */
export class ClientInspection extends FaceInspection {
  readonly #core: ClientCore;
  readonly #close: (options: CloseOptions | undefined) => Promise<void>;

  /** @param close Closes the client. */
  constructor(core: ClientCore, close: (options: CloseOptions | undefined) => Promise<void>) {
    const { options: { name, clock, logger }, traces, figures } = core;
    super({ kind: "client", name, clock, logger, traces, figures });
    this.#core = core;
    this.#close = close;
  }

  /** See {@linkcode Inspection}. */
  override get options(): PlainOptions {
    const { maxAttempts, hedge, ...others } = this.#core.options;
    const retry = maxAttempts === 0 ? false : { maxAttempts };
    return plainOptions({ retry, hedge: hedge ?? false, ...others }, ["name"]);
  }

  protected override get isClosing(): boolean {
    return this.#core.isClosing;
  }

  /** See {@linkcode Inspection}. */
  override get addresses(): readonly string[] {
    return [];
  }

  /** See {@linkcode Inspection}. */
  override stats(): FaceStats {
    const { replicas } = this.#core;
    const connections = replicas.links.filter(({ session }) => session.state === "open").length;
    const waitingCalls = replicas.waiting.size;
    return { ...replicas.traffic(), connections, runningCalls: 0, waitingCalls };
  }

  /** See {@linkcode Inspection}. */
  override remotes(): readonly Remote[] {
    const nowMs = this.clock.now();
    return this.#core.replicas.all.map((replica) => remoteOf(replica, nowMs));
  }

  /** See {@linkcode Inspection}. */
  override handlers(): readonly RegisteredHandler[] {
    return [];
  }

  /** See {@linkcode Inspection}. */
  override calls(options?: CallsOptions): readonly CallInFlight[] {
    const { replicas } = this.#core;
    const listing = new CallListing(callsQuery(options), this.clock.now());
    listing.addWaiting(replicas.waiting, "");
    for (const { endpoint, reconnector } of replicas.all) {
      for (const link of reconnector.links) listing.addLink(link, endpoint.address);
    }
    return listing.oldest;
  }

  /** See {@linkcode Inspection}. */
  protected override ownCertificates(): readonly CertificateEnd[] {
    return ownCertificates(
      this.#core.replicas.all.map(({ endpoint }) => {
        const dialled = replicaEndpoint(endpoint);
        return dialled instanceof NetEndpoint ? dialled.transport : dialled;
      }),
    );
  }

  /** See {@linkcode Inspection}. */
  override drain(options?: CloseOptions): Promise<void> {
    return this.#close(options);
  }
}

function remoteOf(replica: ServiceReplica, nowMs: number): Remote {
  const { endpoint, state, current, reconnector, health } = replica;
  const { lastFailure, totals } = reconnector;
  return {
    host: endpoint.address,
    state,
    ...linkFacts(current?.link ?? null, lastFailure),
    runningHandlers: totals.running,
    replica: {
      callsInFlight: replica.callsInFlight,
      latencyMs: replica.latencyMs,
      isSetAside: health.isSetAside(nowMs),
      weight: replica.weight,
      zone: endpoint.zone ?? "",
    },
    stats: replica.stats(),
  };
}
