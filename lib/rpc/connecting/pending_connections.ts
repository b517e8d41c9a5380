/**
 * Connections that were accepted and whose handshake is not done.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { Link, LinkDelegate } from "../../driver/link.ts";
import type { Peer } from "../../session/frames/session_options.ts";
import type { Refusal } from "../../session/frames/wire_error.ts";
import { closeQuietly } from "../../transport/channel/close_quietly.ts";
import type { HandshakeSlot } from "../../transport/channel/handshake_limiter.ts";
import type { ListenerLimiter } from "../../transport/channel/listener_limiter.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import type { ListenerLog } from "./listener_log.ts";
import { tokenNameProblem } from "./token_judge.ts";

/** Takes over a connection whose handshake is done. */
export type TakeOver = (link: Link, peer: Peer) => LinkDelegate;

/** Checks the peer of a hello: the name in it, and the identity of the link. */
export type JudgeHello = (link: Link, name: string) => TakeOver | Refusal;

/** What a node or server adds. */
export interface PendingInit {
  /** Limits pending connections. */
  readonly limiter: ListenerLimiter;
  /** Logs connections that are refused, or whose handshake fails. */
  readonly log: ListenerLog;
  /** Makes a session; `usedMs` of the time for its handshake have passed. */
  makeLink(channel: Channel, delegate: LinkDelegate, usedMs: number): Link;
  /** A connection whose handshake was not done is gone. */
  onGone(): void;
}

/** Keeps accepted connections until their handshake is done and shows their peer. */
export class PendingConnections {
  readonly #init: PendingInit;
  readonly #links = new Map<LinkDelegate, Link>();

  constructor(init: PendingInit) {
    this.#init = init;
  }

  /** How many there are. */
  get count(): number {
    return this.#links.size;
  }

  /** Their links. */
  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /**
   * Accepts a channel, or closes it if there is no slot for it.
   *
   * @param channel The channel, owned from now on unless this throws.
   * @param judge Checks the peer of its hello.
   * @param tokenName The only name that its token is valid for, if it came with one.
   * @param given Its slot, if its transport uses the limiter.
   * @throws What the channel throws.
   */
  accept(
    channel: Channel,
    judge: JudgeHello,
    tokenName: string | undefined,
    given: HandshakeSlot | undefined,
  ): void {
    const { limiter, log } = this.#init;
    log.onAccepted();
    const slot = given ?? limiter.acquire(null, null);
    if (typeof slot === "string") {
      closeQuietly(channel);
      return log.onTooMany(limiter.maxUnproven, channel.remote);
    }
    const pending = this.#delegate(judge, tokenName, slot);
    try {
      this.#links.set(pending, this.#init.makeLink(channel, pending, slot.takeDeadline()));
    } catch (error) {
      slot.release();
      throw error;
    }
  }

  /** Closes all. */
  close(error: InternodeError): void {
    for (const link of this.links) link.close(error);
  }

  #delegate(judge: JudgeHello, tokenName: string | undefined, slot: HandshakeSlot): LinkDelegate {
    let caller: string | undefined, takeOver: TakeOver;
    const leave = (): void => {
      slot.release();
      this.#links.delete(pending);
    };
    const pending: LinkDelegate = {
      checkPeer: (link, name) => {
        caller = name;
        const verdict = tokenNameProblem(tokenName, name) ?? judge(link, name);
        if (typeof verdict !== "function") return verdict;
        takeOver = verdict;
        return null;
      },
      onOpen: (link, peer) => {
        leave();
        const owner = takeOver(link, peer);
        link.handOver(owner);
        owner.onOpen(link, peer);
      },
      onClosed: (link, error) => this.#init.log.onEnded(link, error, caller),
      onGone: () => {
        leave();
        this.#init.onGone();
      },
      // Neither is called before the handshake is done.
      resolve: () => null,
      onDraining: () => {},
    };
    return pending;
  }
}
