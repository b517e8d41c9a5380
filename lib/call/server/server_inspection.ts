/**
 * What can be looked at in a server.
 *
 * @module
 */

import type { CloseOptions } from "../../rpc/connecting/close_options.ts";
import {
  type CallInFlight,
  type CallsOptions,
  callsQuery,
} from "../../rpc/contract/call_in_flight.ts";
import { CallListing } from "../../rpc/inspection/call_listing.ts";
import { FaceInspection } from "../../rpc/inspection/face_inspection.ts";
import { servedRemote } from "../../rpc/inspection/served_remote.ts";
import type {
  CertificateEnd,
  FaceStats,
  PlainOptions,
  RegisteredHandler,
  Remote,
} from "../../rpc/inspection/inspection.ts";
import { ownCertificates } from "../../rpc/inspection/own_certificates.ts";
import { plainOptions } from "../../rpc/inspection/plain_options.ts";
import { handlersOf } from "./handler_map.ts";
import type { ServiceServer } from "./service_server.ts";

/** The running server that is looked at. */
export interface InspectedServer {
  /** Its connections and settings. */
  readonly server: ServiceServer;
  /** Where it listens; for `serveOn`, the other end of its connection. */
  readonly address: string;
  /** Whether it takes no new calls. */
  isClosing(): boolean;
  /** What its connections come from; may have certificates. */
  readonly source: object | undefined;
  /** Closes it. */
  close(options: CloseOptions | undefined): Promise<void>;
}

/** One server, as it can be looked at. */
export class ServerInspection extends FaceInspection {
  readonly #parts: InspectedServer;

  constructor(parts: InspectedServer) {
    const { settings: { name, clock, logger }, serving: { traces, figures } } = parts.server;
    super({ kind: "server", name, clock, logger, traces, figures });
    this.#parts = parts;
  }

  /** See {@linkcode Inspection}. */
  override get options(): PlainOptions {
    return plainOptions(this.#parts.server.settings, ["name"]);
  }

  protected override get isClosing(): boolean {
    return this.#parts.isClosing();
  }

  /** See {@linkcode Inspection}. */
  override get addresses(): readonly string[] {
    return this.phase === "open" ? [this.#parts.address] : [];
  }

  /** See {@linkcode Inspection}. */
  override stats(): FaceStats {
    return { ...this.#parts.server.stats(), waitingCalls: 0 };
  }

  /** See {@linkcode Inspection}. */
  override remotes(): readonly Remote[] {
    return this.#parts.server.served.map((connection) => servedRemote(connection));
  }

  /** See {@linkcode Inspection}. */
  override handlers(): readonly RegisteredHandler[] {
    return this.#parts.server.handlerMaps.flatMap((map) => handlersOf(map));
  }

  /** See {@linkcode Inspection}. */
  override calls(options?: CallsOptions): readonly CallInFlight[] {
    const { server } = this.#parts;
    const listing = new CallListing(callsQuery(options), this.clock.now());
    for (const { link, client } of server.served) listing.addLink(link, client.host);
    listing.addAbandoned(server.serving);
    return listing.oldest;
  }

  /** See {@linkcode Inspection}. */
  protected override ownCertificates(): readonly CertificateEnd[] {
    return ownCertificates([this.#parts.source]);
  }

  /** See {@linkcode Inspection}. */
  override drain(options?: CloseOptions): Promise<void> {
    return this.#parts.close(options);
  }
}
