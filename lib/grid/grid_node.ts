/**
 * What the parts of a node share.
 *
 * @module
 */

import { about } from "../foreign/log_event.ts";
import { subscribe } from "../foreign/subscription.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import { type HostAddress, parseHostAddress } from "../runtime/host_address.ts";
import { isExposed } from "../runtime/loopback.ts";
import { bindingRefusal } from "../transport/certificates/host_binding.ts";
import type { Link, LinkDelegate } from "../driver/link.ts";
import { type LinkExtras, LinkMaker } from "../driver/link_maker.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import type { Channel, Transport } from "../transport/channel/transport.ts";
import { invalidArgument } from "../errors.ts";
import type { HandlerTarget } from "../session/calls/handler_target.ts";
import type { Role } from "../session/frames/session_options.ts";
import { noHandler, type Refusal, unproven } from "../session/frames/wire_error.ts";
import { AnswerTeller } from "../rpc/calling/answer_callbacks.ts";
import { type AuditTrail, auditTrailOf } from "../rpc/connecting/audit_trail.ts";
import { type CallRate, callRateOf, CallSource } from "../rpc/serving/call_source.ts";
import type { CallTraces } from "../rpc/tracing/call_trace.ts";
import type { ConnectionTotals } from "../rpc/connecting/connection_stats.ts";
import { DialLimiter } from "../rpc/connecting/dial_limiter.ts";
import { ClientChain } from "../rpc/interceptors/client_chain.ts";
import { servedChainOf } from "../rpc/interceptors/served_chain.ts";
import { HandlerTable } from "../rpc/serving/handler_table.ts";
import { type Reach, TakenBundles } from "../rpc/bundles/taken_bundles.ts";
import { Admission } from "./admission.ts";
import type { ListedHost } from "./hosts/host_list.ts";
import type { NodeOptions } from "./node_options.ts";
import { type Serving, servingOf } from "../rpc/serving/serving.ts";
import { targetIn } from "../rpc/serving/unknown_target.ts";

/** One node: its settings, its handlers, and how it makes connections. */
export class GridNode {
  /** This host. */
  readonly local: HostAddress;
  /** The settings. */
  readonly options: NodeOptions;
  /** Admits peers that are not listed. */
  readonly admission: Admission;
  /** The handlers. */
  readonly handlers: HandlerTable = new HandlerTable();
  /** The bundles among them. */
  readonly bundles: TakenBundles;
  /** Who is told of ended calls. */
  readonly traces: CallTraces;
  /** Tells the metadata of answers to calls. */
  readonly answers: AnswerTeller;
  /** Hears of refused connections and calls; `null` if there is no audit. */
  readonly audit: AuditTrail | null;
  /** What handlers need. */
  readonly serving: Serving;
  /** Limits how many of its dials are under way. */
  readonly dialLimiter: DialLimiter;
  /** Whether the node takes nothing new. */
  closing = false;
  /** Told whenever there is a connection with a peer. */
  onConnected: () => void = () => {};
  /** Told whenever nothing is left of a connection. */
  onGone: () => void = () => {};

  /** The interceptors of its calls; `null` if there are none. */
  readonly clientChain: ClientChain | null;

  readonly #links: LinkMaker;
  readonly #sources = new WeakMap<Link, CallSource>();
  /** For each peer. */
  readonly #rates = new Map<string, CallRate>();

  constructor(local: HostAddress, options: NodeOptions) {
    this.local = local;
    this.options = options;
    const { clock, logger } = options;
    this.admission = new Admission(this);
    this.audit = auditTrailOf(options.audit, local.href, logger, clock);
    this.bundles = new TakenBundles(this.handlers, this.audit);
    this.serving = servingOf(options, this.audit, servedChainOf(options.serverChain));
    this.traces = this.serving.traces;
    const { clientChain } = options;
    this.answers = new AnswerTeller(logger);
    this.clientChain = clientChain === null
      ? null
      : new ClientChain(clientChain, clock, this.answers);
    this.dialLimiter = new DialLimiter(clock, options.random);
    this.#links = new LinkMaker(local.href, options);
  }

  /** The transport for a host. */
  transport(address: HostAddress): Transport {
    const transport = this.options.transports[address.scheme];
    if (transport !== undefined) return transport;
    const { href } = address, schemes = Object.keys(this.options.transports);
    const message = this.options.mutualTls
      ? `${href} cannot be reached by mutual TLS (option tls); hosts with these schemes can: ${
        schemes.map((scheme) => `${scheme}://`).join(", ")
      }.`
      : `There is no transport for ${href}; there are: ${schemes.join(", ")}.`;
    throw invalidArgument(message, { host: href });
  }

  /** Who can reach it. */
  get reach(): Reach {
    const { listen, mutualTls } = this.options, { href: address } = listen;
    const isProven = mutualTls || this.transport(listen).guarded === true;
    return { address, isExposed: !isProven && isExposed(listen) };
  }

  /** Why whoever has proven to have this identity may not be a host; `null`: it may. */
  refusal(host: string, identity: PeerIdentity | undefined): Refusal | null {
    return unproven(bindingRefusal(parseHostAddress(host), identity, this.options.mutualTls));
  }

  /** Makes what serves a peer's calls under one name, or refuses them. */
  target(
    link: Link,
    host: string,
    totals: ConnectionTotals,
    name: string,
    subroute: string,
  ): HandlerTarget {
    let source = this.#sources.get(link);
    if (source === undefined) {
      const onRefused = (): void => void totals.refusedCalls++;
      const { limits } = this.options;
      // Whoever connects again has not more calls for it.
      const rate = this.#rates.get(host) ?? this.#newRate(host);
      source = new CallSource(host, link, onRefused, totals, limits.maxCalls, rate);
      this.#sources.set(link, source);
    }
    return this.targetOf(source, name, subroute);
  }

  /** Makes what serves the calls of a connection under one name, or refuses them. */
  targetOf(source: CallSource, name: string, subroute: string): HandlerTarget {
    const called = { name, subroute, message: noHandler(name, subroute) };
    return targetIn(this.handlers, called, this.serving, source);
  }

  /** Hosts come and go: rates that are as good as new are forgotten. */
  #newRate(host: string): CallRate | null {
    const { limits, clock } = this.options, rate = callRateOf(limits), nowMs = clock.now();
    if (rate === null) return null;
    for (const [other, used] of this.#rates) {
      if (used.isUnused(nowMs)) this.#rates.delete(other);
    }
    this.#rates.set(host, rate);
    return rate;
  }

  /** Calls back when a host's transport makes other connections than before; the function returned ends that. */
  onChange(address: HostAddress, listener: () => void): () => void {
    const transport = this.transport(address), { logger } = this.options;
    return subscribe(
      () => transport.onChange?.(listener),
      (error) =>
        logger.error(
          `onChange of the transport of ${address.href} failed, so connections are not renewed ` +
            `when its credentials change: ${sentence(textOf(error))}`,
          { event: "transport_failed", host: address.href, what: "onChange", ...about(error) },
        ),
    );
  }

  /** Connects to a host at its address. */
  async dial({ name, address }: ListedHost, signal: AbortSignal): Promise<Channel> {
    const { auth, clock, path } = this.options;
    const token = auth?.token(this.local.href, name.href, clock.wallNow());
    const options = { signal, path, token, host: name, early: true };
    return await this.transport(address).dial(address, options);
  }

  /** Makes a session on a channel. */
  link(
    channel: Channel,
    role: Role,
    peerName: string,
    delegate: LinkDelegate,
    extras: LinkExtras,
  ): Link {
    return this.#links.make(channel, role, peerName, delegate, extras);
  }
}
