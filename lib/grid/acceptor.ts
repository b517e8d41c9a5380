/**
 * Accepts connections, and keeps them until their handshake says which peer they belong to.
 *
 * @module
 */

import type { Refusal } from "../session/frames/wire_error.ts";
import type { InternodeError } from "../errors.ts";
import type { TokenJudgement } from "../transport/channel/authorization.ts";
import { closeQuietly } from "../transport/channel/close_quietly.ts";
import type { HandshakeSlot } from "../transport/channel/handshake_limiter.ts";
import type { Link, LinkDelegate } from "../driver/link.ts";
import { ListenerLimiter } from "../transport/channel/listener_limiter.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import type { Channel } from "../transport/channel/transport.ts";
import type { DrainReason } from "../session/frames/drain_reason.ts";
import type { HandlerTarget } from "../session/calls/handler_target.ts";
import type { Peer } from "../session/frames/session_options.ts";
import { dials } from "./dialler.ts";
import type { GridNode } from "./grid_node.ts";
import type { GridPeer } from "./grid_peer.ts";
import type { Reconnector } from "../rpc/connecting/reconnector.ts";
import { TokenJudge, tokenNameProblem } from "../rpc/connecting/token_judge.ts";
import { UsedTokens } from "../rpc/proof/used_tokens.ts";
import { ListenerLog } from "../rpc/connecting/listener_log.ts";

/** The default of `maxUnproven`, unless twice the number of peers, which may all connect together, is more. */
const MAX_UNPROVEN = 1_024;

/** Accepts connections and hands each to its peer after the handshake. */
export class Acceptor {
  /** Logs connections that are refused. */
  readonly log: ListenerLog;
  /** Limits pending connections. */
  readonly limiter: ListenerLimiter;

  readonly #node: GridNode;
  readonly #peers: ReadonlyMap<string, GridPeer>;
  readonly #pending = new Set<PendingConnection>();
  readonly #tokens: TokenJudge;

  /**
   * @param node The node that accepts.
   * @param peers The peers by name.
   */
  constructor(node: GridNode, peers: ReadonlyMap<string, GridPeer>) {
    this.#node = node;
    const { auth, logger, clock, handshakeLimits, handshakeTimeoutMs } = node.options;
    const local = node.local.href;
    const log = this.log = new ListenerLog(local, logger, clock, node.audit);
    this.#tokens = new TokenJudge({ auth, clock, local, log, used: new UsedTokens() });
    this.#peers = peers;
    const maxUnproven = handshakeLimits.maxUnproven ?? Math.max(MAX_UNPROVEN, 2 * peers.size);
    this.limiter = new ListenerLimiter({
      ...handshakeLimits,
      maxUnproven,
      handshakeTimeoutMs,
      clock,
    });
  }

  /** How many connections are in their handshake. */
  get count(): number {
    return this.#pending.size;
  }

  /** Judges the token of a WebSocket upgrade request, see `ListenOptions`. */
  authorize(
    token: string | null,
    identity: PeerIdentity | undefined,
    remote?: string,
  ): TokenJudgement {
    return this.#tokens.judge(token, { identity, remote }, (name) => {
      const found = this.find(name, identity);
      return "why" in found ? found : null;
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
    this.log.onAccepted();
    const slot = given ?? this.limiter.acquire(null, null);
    if (typeof slot === "string") {
      closeQuietly(channel);
      this.log.onTooMany(this.limiter.maxUnproven, channel.remote);
      return;
    }
    if (this.#node.closing) {
      slot.release();
      return closeQuietly(channel);
    }
    const pending = new PendingConnection(this, name, slot);
    try {
      const extras = { usedMs: slot.takeDeadline() };
      pending.link = this.#node.link(channel, "acceptor", "", pending, extras);
    } catch (error) {
      slot.release();
      closeQuietly(channel);
      this.log.onFault(error);
      return;
    }
    this.#pending.add(pending);
  }

  /** Closes all pending connections. */
  close(error: InternodeError): void {
    for (const pending of [...this.#pending]) pending.link?.close(error);
  }

  /** The peer of that name, or why its connection is refused. */
  find(name: string, identity: PeerIdentity | undefined): GridPeer | Refusal {
    const local = this.#node.local.href;
    const denied = (why: string): Refusal => ({ code: "PermissionDenied", why });
    if (this.#node.closing) return denied(`"${local}" is closing`);
    if (name === local) return denied(`"${name}" is this host's own name`);
    const peer = this.#peers.get(name);
    if (peer === undefined) return denied(`"${name}" is not among the hosts of "${local}"`);
    if (dials(local, name)) return denied(`"${local}" dials "${name}", not the other way around`);
    return this.#node.refusal(name, identity) ?? peer;
  }

  /** The handshake of a pending connection is done. */
  leave(pending: PendingConnection): void {
    this.#pending.delete(pending);
  }

  /** The channel of a pending connection is closed and gone. */
  forget(pending: PendingConnection): void {
    this.#pending.delete(pending);
    this.#node.onGone();
  }
}

/** One connection whose handshake is not done. */
class PendingConnection implements LinkDelegate {
  link: Link | null = null;
  readonly #acceptor: Acceptor;
  /** The only name that its token is valid for, if it has one. */
  readonly #tokenName: string | undefined;
  readonly #slot: HandshakeSlot;
  #reconnector: Reconnector | null = null;
  #isOpen = false;
  /** The name in its hello. */
  #caller: string | undefined;

  constructor(acceptor: Acceptor, tokenName: string | undefined, slot: HandshakeSlot) {
    this.#acceptor = acceptor;
    this.#slot = slot;
    this.#tokenName = tokenName;
  }

  checkPeer(link: Link, name: string): Refusal | null {
    this.#caller = name;
    const problem = tokenNameProblem(this.#tokenName, name);
    if (problem !== null) return problem;
    const found = this.#acceptor.find(name, link.identity);
    if ("why" in found) return found;
    this.#reconnector = found.reconnector;
    return null;
  }

  onOpen(link: Link, peer: Peer): void {
    this.#isOpen = true;
    this.#slot.release();
    this.#acceptor.leave(this);
    this.#reconnector!.adopt(link);
    this.#reconnector!.onOpen(link, peer);
  }

  resolve(link: Link, name: string, subroute: string): HandlerTarget | null {
    return this.#reconnector!.resolve(link, name, subroute);
  }

  onDraining(link: Link, reason: DrainReason): void {
    this.#reconnector!.onDraining(link, reason);
  }

  onClosed(link: Link, error: InternodeError): void {
    if (this.#isOpen) this.#reconnector!.onClosed(link, error);
    else this.#acceptor.log.onEnded(link, error, this.#caller);
  }

  onGone(link: Link): void {
    this.#slot.release();
    if (this.#isOpen) this.#reconnector!.onGone(link);
    else this.#acceptor.forget(this);
  }
}
