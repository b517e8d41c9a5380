/**
 * Accepts connections, and finds the peer that each belongs to.
 *
 * @module
 */

import type { Refusal, RefusalCode } from "../session/frames/wire_error.ts";
import type { InternodeError } from "../errors.ts";
import type { TokenJudgement } from "../transport/channel/authorization.ts";
import { closeQuietly } from "../transport/channel/close_quietly.ts";
import type { HandshakeSlot } from "../transport/channel/handshake_limiter.ts";
import type { Link, LinkDelegate } from "../driver/link.ts";
import { ListenerLimiter } from "../transport/channel/listener_limiter.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import type { Channel } from "../transport/channel/transport.ts";
import { parseHostAddress } from "../runtime/host_address.ts";
import { dials } from "./dialler.ts";
import type { GridNode } from "./grid_node.ts";
import type { GridPeer } from "./grid_peer.ts";
import { Guests } from "./guests/guests.ts";
import type { PeerSet } from "./peer_set.ts";
import { PendingConnections, type TakeOver } from "../rpc/connecting/pending_connections.ts";
import { TokenJudge } from "../rpc/connecting/token_judge.ts";
import { UsedTokens } from "../rpc/proof/used_tokens.ts";
import { ListenerLog } from "../rpc/connecting/listener_log.ts";

/** The least default of `maxUnproven`. */
const MAX_UNPROVEN = 1_024;

/** What is told in the handshake, where there is a code for it, rather than before a WebSocket upgrade. */
const TOLD_LATER: ReadonlySet<RefusalCode> = new Set(["NotListed", "GoingAway"]);

/** A host or guest that may come in. */
interface Entry {
  /** Gives its connection to whom it belongs. */
  readonly enter: TakeOver;
}

/** Accepts connections and hands each to its peer after the handshake. */
export class Acceptor {
  /** Logs connections that are refused. */
  readonly log: ListenerLog;
  /** Limits pending connections. */
  readonly limiter: ListenerLimiter;
  /** Those who come in and are no hosts. */
  readonly guests: Guests;

  readonly #node: GridNode;
  readonly #peers: PeerSet;
  readonly #pending: PendingConnections;
  readonly #tokens: TokenJudge;

  /**
   * @param node The node that accepts.
   * @param peers Its peers.
   */
  constructor(node: GridNode, peers: PeerSet) {
    this.#node = node;
    const { auth, logger, clock, handshakeLimits, handshakeTimeoutMs } = node.options;
    const local = node.local.href;
    const log = this.log = new ListenerLog(local, logger, clock, node.audit);
    this.#peers = peers;
    const guests = this.guests = new Guests(node, log), used = new UsedTokens();
    // Those of names that are not listed share one place, and guests another one.
    const among = (name: string): string =>
      guests.isGuest(name) ? "guests" : peers.get(name) === undefined ? "" : name;
    this.#tokens = new TokenJudge({ auth, clock, local, log, used, among, guests });
    this.limiter = new ListenerLimiter({ ...handshakeLimits, handshakeTimeoutMs, clock });
    this.onPeersChange();
    this.#pending = new PendingConnections({
      limiter: this.limiter,
      log,
      makeLink: (channel, delegate, usedMs) =>
        node.link(channel, "acceptor", "", delegate, { usedMs }),
      onGone: () => node.onGone(),
    });
  }

  /** There are more or fewer peers, who may all connect together. */
  onPeersChange(): void {
    const { maxUnproven } = this.#node.options.handshakeLimits;
    this.limiter.maxUnproven = maxUnproven ?? Math.max(MAX_UNPROVEN, 2 * this.#peers.size);
  }

  /** How many connections are in their handshake, or those of guests. */
  get count(): number {
    return this.#pending.count + this.guests.count;
  }

  /** The links of guests. */
  get links(): readonly Link[] {
    return this.guests.links;
  }

  /** Judges the token of a WebSocket upgrade request, see `ListenOptions`. */
  authorize(
    token: string | null,
    identity: PeerIdentity | undefined,
    remote?: string,
  ): TokenJudgement {
    return this.#tokens.judge(token, { identity, remote }, (name) => {
      const found = this.#find(name, identity);
      return "why" in found && !TOLD_LATER.has(found.code) ? found : null;
    });
  }

  /**
   * Accepts a channel.
   *
   * @param channel The channel, owned from now on.
   * @param name The name that {@linkcode authorize} gave for it.
   * @param given Its slot, if its transport uses the limiter.
   */
  accept(channel: Channel, name?: string, given?: HandshakeSlot): void {
    if (this.#node.closing) {
      given?.release();
      return closeQuietly(channel);
    }
    const judge = (link: Link, caller: string): TakeOver | Refusal => {
      const found = this.#find(caller, link.identity);
      if ("why" in found) {
        if (found.code === "GoingAway") this.#onIntroduced(caller, link.identity);
        return found;
      }
      return found.enter;
    };
    try {
      this.#pending.accept(channel, judge, name, given);
    } catch (error) {
      closeQuietly(channel);
      this.log.onFault(error);
    }
  }

  /** Guests may finish what runs, and call no more. */
  drain(reason: InternodeError): void {
    this.guests.drain(reason);
  }

  /** Closes all pending connections, and those of guests. */
  close(error: InternodeError): void {
    this.#pending.close(error);
    this.guests.close(error);
  }

  /** How the host or guest of that name comes in once its handshake is done, or why its connection is refused. */
  #find(name: string, identity: PeerIdentity | undefined): Entry | Refusal {
    const node = this.#node, local = node.local.href;
    const denied = (why: string): Refusal => ({ code: "PermissionDenied", why });
    if (node.closing) return denied(`"${local}" is closing`);
    if (name === local) return denied(`"${name}" is this host's own name`);
    const { guests } = this;
    if (guests.isGuest(name)) {
      return guests.refusal(name, identity) ?? { enter: (link, peer) => guests.enter(link, peer) };
    }
    const peer = this.#peers.get(name);
    if (peer === undefined || peer.isAdmitted) {
      const verdict = node.admission.judge(name, identity);
      if ("why" in verdict) return verdict;
      return dials(local, name)
        ? this.#dialled(name)
        : { enter: (link) => adopt(link, this.#peers.admit(verdict)) };
    }
    const refusal = node.refusal(name, identity);
    if (dials(local, name)) {
      return refusal === null
        ? this.#dialled(name)
        : denied(`"${local}" dials "${name}", not the other way around`);
    }
    // It may have left meanwhile, and come back.
    return refusal ?? { enter: (link) => adopt(link, this.#peers.get(name) ?? peer) };
  }

  #dialled(name: string): Refusal {
    return { code: "GoingAway", why: `"${this.#node.local.href}" knows "${name}" and dials it` };
  }

  /** A host that this node is to dial has made itself known. */
  #onIntroduced(name: string, identity: PeerIdentity | undefined): void {
    const peer = this.#peers.get(name) ?? this.#peers.admit(parseHostAddress(name));
    peer.want();
    // Who has proven nothing does not shorten a back-off.
    if (identity !== undefined) peer.reconnector.dialAnew(false);
  }
}

/** A peer's connection has come in. */
function adopt(link: Link, { reconnector }: GridPeer): LinkDelegate {
  reconnector.adopt(link);
  return reconnector;
}
