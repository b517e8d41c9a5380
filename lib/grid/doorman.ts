/**
 * Channels that others have opened, until it is known whose they are.
 *
 * @module
 */

import type { Refusal } from "../session/frames/wire_error.ts";
import type { InternodeError } from "../errors.ts";
import type { TokenJudgement } from "../transport/channel/authorization.ts";
import { closeQuietly } from "../transport/channel/close_quietly.ts";
import type { DoorPlace } from "../transport/channel/door.ts";
import type { Link, LinkDelegate } from "../driver/link.ts";
import { ListenerDoor } from "../transport/channel/listener_door.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import type { Channel } from "../transport/channel/transport.ts";
import type { DrainReason } from "../session/frames/drain_reason.ts";
import type { HandlerTarget } from "../session/calls/handler_target.ts";
import type { Peer } from "../session/frames/session_options.ts";
import { dials } from "./dialler.ts";
import type { GridNode } from "./grid_node.ts";
import type { Peering } from "./peering.ts";
import type { Reconnector } from "../rpc/connecting/reconnector.ts";
import { TokenJudge, tokenNameProblem } from "../rpc/connecting/token_judge.ts";
import { UsedTokens } from "../rpc/proof/used_tokens.ts";
import { VisitorLog } from "../rpc/connecting/visitor_log.ts";

/** So many strangers are heard at a time unless told otherwise, or twice as many as there are peers, who may all come together. */
const MAX_STRANGERS = 1_024;

/** Hears each stranger out and hands it to its peering. */
export class Doorman {
  /** What is told of those who do not get in. */
  readonly visitors: VisitorLog;
  /** Where strangers have a place from when they were accepted until they are peers. */
  readonly door: ListenerDoor;

  readonly #node: GridNode;
  readonly #peerings: ReadonlyMap<string, Peering>;
  readonly #strangers = new Set<Stranger>();
  readonly #tokens: TokenJudge;

  /** */
  constructor(node: GridNode, peerings: ReadonlyMap<string, Peering>) {
    this.#node = node;
    const { auth, logger, clock, doorLimits, handshakeTimeoutMs } = node.options;
    const local = node.local.href;
    const visitors = this.visitors = new VisitorLog(local, logger, clock, node.audit);
    this.#tokens = new TokenJudge({ auth, clock, local, visitors, used: new UsedTokens() });
    this.#peerings = peerings;
    const maxUnproven = doorLimits.maxUnproven ?? Math.max(MAX_STRANGERS, 2 * peerings.size);
    this.door = new ListenerDoor({ ...doorLimits, maxUnproven, handshakeTimeoutMs, clock });
  }

  /** How many connections are in their handshake. */
  get count(): number {
    return this.#strangers.size;
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
   * A channel has come in.
   *
   * @param channel The channel, owned from now on.
   * @param name The name that {@linkcode authorize} gave for it.
   * @param given Its place at the door, if its transport knows of doors.
   */
  accept(channel: Channel, name?: string, given?: DoorPlace): void {
    this.visitors.onAccepted();
    const place = given ?? this.door.enter(null, null);
    if (typeof place === "string") {
      closeQuietly(channel);
      this.visitors.onTooMany(this.door.maxUnproven, channel.remote);
      return;
    }
    if (this.#node.closing) {
      place.leave();
      return closeQuietly(channel);
    }
    const stranger = new Stranger(this, name, place);
    try {
      const extras = { usedMs: place.hold() };
      stranger.link = this.#node.link(channel, "acceptor", "", stranger, extras);
    } catch (error) {
      place.leave();
      closeQuietly(channel);
      this.visitors.onFault(error);
      return;
    }
    this.#strangers.add(stranger);
  }

  /** Turns all strangers away. */
  close(error: InternodeError): void {
    for (const stranger of [...this.#strangers]) stranger.link?.close(error);
  }

  /** Whose channel a name's is, or why it is refused. */
  find(name: string, identity: PeerIdentity | undefined): Peering | Refusal {
    const local = this.#node.local.href;
    const denied = (why: string): Refusal => ({ code: "PermissionDenied", why });
    if (this.#node.closing) return denied(`"${local}" is closing`);
    if (name === local) return denied(`"${name}" is this host's own name`);
    const peering = this.#peerings.get(name);
    if (peering === undefined) return denied(`"${name}" is not among the hosts of "${local}"`);
    if (dials(local, name)) return denied(`between "${name}" and "${local}" the latter dials`);
    return this.#node.refusal(name, identity) ?? peering;
  }

  /** A stranger has become a peer. */
  leave(stranger: Stranger): void {
    this.#strangers.delete(stranger);
  }

  /** Nothing is left of a stranger's channel. */
  forget(stranger: Stranger): void {
    this.#strangers.delete(stranger);
    this.#node.onGone();
  }
}

/** One channel that came in. */
class Stranger implements LinkDelegate {
  link: Link | null = null;
  readonly #doorman: Doorman;
  /** The name that its token is good for, if it came with one. */
  readonly #tokenName: string | undefined;
  readonly #place: DoorPlace;
  #reconnector: Reconnector | null = null;
  #isOpen = false;
  /** What it calls itself. */
  #caller: string | undefined;

  constructor(doorman: Doorman, tokenName: string | undefined, place: DoorPlace) {
    this.#doorman = doorman;
    this.#place = place;
    this.#tokenName = tokenName;
  }

  checkPeer(link: Link, name: string): Refusal | null {
    this.#caller = name;
    const problem = tokenNameProblem(this.#tokenName, name);
    if (problem !== null) return problem;
    const found = this.#doorman.find(name, link.identity);
    if ("why" in found) return found;
    this.#reconnector = found.reconnector;
    return null;
  }

  onOpen(link: Link, peer: Peer): void {
    this.#isOpen = true;
    this.#place.leave();
    this.#doorman.leave(this);
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
    else this.#doorman.visitors.onEnded(link, error, this.#caller);
  }

  onGone(link: Link): void {
    this.#place.leave();
    if (this.#isOpen) this.#reconnector!.onGone(link);
    else this.#doorman.forget(this);
  }
}
