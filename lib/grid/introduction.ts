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

/** For so long, and up to twice as long, a peer may take to dial before it is told that this host is there. */
const FIRST_MS = 300;
/** For so long one may take that has said that it dials. */
const DIALS_MS = 2_000;

/**
 * A peer that is to dial by the rule cannot, while it does not know of this
 * host. So this host dials: the peer refuses that, and if it admits this host,
 * it dials in turn.
 */
export class Introduction implements LinkDelegate {
  /** Told whenever an attempt or a channel has ended for good. */
  onAllGone: () => void = () => {};
  /** Told why the peer does not let this host in. */
  onRefused: (error: unknown) => void = () => {};

  readonly #node: GridNode;
  readonly #listed: () => ListedHost;
  readonly #backOff: LastingBackOff;
  readonly #links = new Set<Link>();
  #attempt: DialAttempt | null = null;
  #timer: Timer | null = null;
  #isWanted = false;

  /** @param listed Where the peer is reached now. */
  constructor(node: GridNode, listed: () => ListedHost) {
    this.#node = node;
    this.#listed = listed;
    this.#backOff = new LastingBackOff(node.options.reconnect, node.options);
  }

  /** Whether no attempt and no channel is left. */
  get isGone(): boolean {
    return this.#attempt === null && this.#links.size === 0;
  }

  /** There is no connection, and the peer is to dial. Any number of calls. */
  start(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    const { clock, random, onDemand } = this.#node.options;
    // A peer that connects when it has to does not dial by itself.
    const waitMs = onDemand ? this.#backOff.dueMs - clock.now() : FIRST_MS * (1 + random.next());
    this.#wait(Math.max(0, waitMs));
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
    this.onAllGone();
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
      if (code === "GoingAway") this.#wait(DIALS_MS);
      else this.#wait(code === "NotListed" ? this.#backOff.nextSoon() : this.#backOff.next());
      // Who is told that may want none any more.
      if (code !== "GoingAway") this.onRefused(error);
    }
    this.onAllGone();
  }
}

function introduced(): InternodeError {
  return new InternodeError("GoingAway", "This host has only introduced itself.", {
    origin: "local",
  });
}
