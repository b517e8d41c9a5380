/**
 * A host that makes itself known to one that is to dial it.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import { isOwnError } from "../foreign/own_error.ts";
import type { Timer } from "../runtime/clock.ts";
import type { Link, LinkDelegate } from "../driver/link.ts";
import { LastingBackOff } from "../rpc/connecting/back_off.ts";
import { DialAttempt } from "../rpc/connecting/dial_attempt.ts";
import type { Refusal } from "../session/frames/wire_error.ts";
import { closeQuietly } from "../transport/channel/close_quietly.ts";
import type { GridNode } from "./grid_node.ts";
import type { ListedHost } from "./hosts/host_list.ts";

/**
 * Why a peer that is to dial may not do so: it connects when it has to, as this
 * side does; it does not list this host yet, and admits it; or nothing is known.
 */
export type WhyNot = "onDemand" | "unlisted" | "unknown";

/** For so long, and up to twice as long, a peer may take to dial before it is told that this host is there. */
const FIRST_MS = { onDemand: 0, unlisted: 300, unknown: 1_000 } as const;
/** For so long one may take that has said that it dials. */
const DIALS_MS = 2_000;

/** Whose introduction it is. */
export interface IntroductionOwner {
  /** An attempt or a channel has ended for good. */
  onGone(): void;
  /** Why the peer does not let this host in. */
  onNotLetIn(error: unknown): void;
}

/**
 * A peer that is to dial by the rule does not, while it does not know of this
 * host, or connects on demand. So this host dials: the peer refuses that, and if
 * it lists or admits this host, it dials in turn.
 */
export class Introduction implements LinkDelegate {
  readonly #node: GridNode;
  readonly #owner: IntroductionOwner;
  readonly #listed: () => ListedHost;
  readonly #backOff: LastingBackOff;
  readonly #links = new Set<Link>();
  #attempt: DialAttempt | null = null;
  #timer: Timer | null = null;
  #isWanted = false;
  #why: WhyNot = "unknown";

  /** @param listed Where the peer is reached now. */
  constructor(node: GridNode, listed: () => ListedHost, owner: IntroductionOwner) {
    this.#node = node;
    this.#owner = owner;
    this.#listed = listed;
    this.#backOff = new LastingBackOff(node.options.reconnect, node.options);
  }

  /** Whether no attempt and no channel is left. */
  get isGone(): boolean {
    return this.#attempt === null && this.#links.size === 0;
  }

  /** There is no connection, and the peer is to dial. Any number of calls; the last one says why it may not. */
  start(why: WhyNot): void {
    this.#why = why;
    if (this.#isWanted) return;
    this.#isWanted = true;
    const { clock } = this.#node.options;
    const dueMs = why === "onDemand" ? this.#backOff.dueMs - clock.now() : 0;
    this.#wait(Math.max(dueMs, this.#spread(FIRST_MS[why])));
  }

  /** There is one: nothing is to be made known. */
  onConnected(): void {
    this.#backOff.onBegun();
    this.stop();
  }

  /** None is wanted any more. Any number of calls. */
  stop(): void {
    this.#isWanted = false;
    if (this.#timer !== null) this.#node.options.clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#attempt?.abort(introduced());
    for (const link of this.#links) link.close(introduced());
  }

  /** See {@linkcode LinkDelegate}. */
  checkPeer(link: Link): Refusal | null {
    return this.#node.refusal(this.#listed().name.href, link.identity);
  }

  /** See {@linkcode LinkDelegate}: the other side knows another rule who dials. */
  onOpen(link: Link): void {
    link.close(introduced());
  }

  /** See {@linkcode LinkDelegate}. */
  resolve(): null {
    return null;
  }

  /** See {@linkcode LinkDelegate}. */
  onDraining(): void {}

  /** See {@linkcode LinkDelegate}. */
  onClosed(_link: Link, error: InternodeError): void {
    this.#onEnded(error);
  }

  /** See {@linkcode LinkDelegate}. */
  onGone(link: Link): void {
    this.#links.delete(link);
    this.#owner.onGone();
  }

  #spread(ms: number): number {
    return ms * (1 + this.#node.options.random.next());
  }

  #wait(delayMs: number): void {
    this.#timer = this.#node.options.clock.setTimer(delayMs, () => {
      this.#timer = null;
      this.#dial();
    });
  }

  #dial(): void {
    const node = this.#node, { clock, dialTimeoutMs, logger } = node.options;
    const attempt = this.#attempt = new DialAttempt({
      limiter: node.dialLimiter,
      clock,
      dialTimeoutMs,
      address: this.#listed().address.href,
      logger,
      dial: (signal) => node.dial(this.#listed(), signal),
      isWanted: () => this.#isWanted,
      onChannel: (channel) => {
        try {
          const { href } = this.#listed().name;
          const link = attempt.link = node.link(channel, "dialler", href, this, {});
          this.#links.add(link);
        } catch (error) {
          closeQuietly(channel);
          this.#onEnded(error);
        }
      },
      onFailed: (error) => this.#onEnded(error),
    });
    attempt.start();
  }

  #onEnded(error: unknown): void {
    this.#attempt?.end();
    this.#attempt = null;
    if (this.#isWanted) {
      const code = isOwnError(error) ? error.code : null;
      // Who is not known to need it is asked seldom: it may be down, and dials once it is up.
      if (this.#why === "unknown") this.#wait(this.#spread(DIALS_MS));
      else if (code === "GoingAway") this.#wait(DIALS_MS);
      else this.#wait(code === "NotListed" ? this.#backOff.nextSoon() : this.#backOff.next());
      // Who is told that may want none any more.
      if (code !== "GoingAway") this.#owner.onNotLetIn(error);
    }
    this.#owner.onGone();
  }
}

function introduced(): InternodeError {
  return new InternodeError("GoingAway", "This host has only introduced itself.", {
    origin: "local",
  });
}
