/**
 * Channels that others have opened, until it is known whose they are.
 *
 * @module
 */

import type { InternodeError } from "../errors.ts";
import type { Link, LinkOwner } from "../net/link.ts";
import type { Channel } from "../net/transport.ts";
import type { HandlerTarget } from "../session/handler_target.ts";
import type { Peer } from "../session/session_options.ts";
import { dials } from "./dialler.ts";
import type { GridNode } from "./grid_node.ts";
import type { Peering } from "./peering.ts";

/** So many strangers at most are heard at a time; more are turned away at once. */
const MAX_STRANGERS = 1_024;

/** Hears each stranger out and hands it to its peering. */
export class Doorman {
  readonly #node: GridNode;
  readonly #peerings: ReadonlyMap<string, Peering>;
  readonly #strangers = new Set<Stranger>();

  /** */
  constructor(node: GridNode, peerings: ReadonlyMap<string, Peering>) {
    this.#node = node;
    this.#peerings = peerings;
  }

  /** Whether nobody is at the door. */
  get isIdle(): boolean {
    return this.#strangers.size === 0;
  }

  /** A channel has come in. */
  accept(channel: Channel): void {
    if (this.#node.closing || this.#strangers.size >= MAX_STRANGERS) {
      channel.close();
      return;
    }
    const stranger = new Stranger(this);
    this.#strangers.add(stranger);
    stranger.link = this.#node.link(channel, "acceptor", "", stranger);
  }

  /** Turns all strangers away. */
  close(error: InternodeError): void {
    for (const stranger of [...this.#strangers]) stranger.link?.close(error);
  }

  /** Whose channel a name's is, or why it is refused. */
  find(name: string): Peering | string {
    const local = this.#node.local.href;
    if (this.#node.closing) return `"${local}" is closing`;
    if (name === local) return `"${name}" is this host's own name`;
    const peering = this.#peerings.get(name);
    if (peering === undefined) return `"${name}" is not among the hosts of "${local}"`;
    if (dials(local, name)) return `between "${name}" and "${local}" the latter dials`;
    return peering;
  }

  /** A stranger has become a peer. */
  leave(stranger: Stranger): void {
    this.#strangers.delete(stranger);
  }

  /** A stranger was not let in, or did not finish. */
  turnAway(stranger: Stranger, error: InternodeError): void {
    const remote = stranger.link?.remote ?? "somewhere";
    this.#node.options.logger.warn(
      `A connection from ${remote} came to nothing: ${error.message}`,
    );
  }

  /** Nothing is left of a stranger's channel. */
  forget(stranger: Stranger): void {
    this.#strangers.delete(stranger);
    this.#node.onGone();
  }
}

/** One channel that came in. */
class Stranger implements LinkOwner {
  link: Link | null = null;
  readonly #doorman: Doorman;
  #peering: Peering | null = null;
  #isOpen = false;

  constructor(doorman: Doorman) {
    this.#doorman = doorman;
  }

  admit(name: string): string | null {
    const found = this.#doorman.find(name);
    if (typeof found === "string") return found;
    this.#peering = found;
    return null;
  }

  onOpen(link: Link, peer: Peer): void {
    this.#isOpen = true;
    this.#doorman.leave(this);
    this.#peering!.adopt(link);
    this.#peering!.onOpen(link, peer);
  }

  resolve(link: Link, name: string, subroute: string): HandlerTarget | null {
    return this.#peering!.resolve(link, name, subroute);
  }

  onDraining(link: Link): void {
    this.#peering!.onDraining(link);
  }

  onClosed(link: Link, error: InternodeError): void {
    if (this.#isOpen) this.#peering!.onClosed(link, error);
    else this.#doorman.turnAway(this, error);
  }

  onGone(link: Link): void {
    if (this.#isOpen) this.#peering!.onGone(link);
    else this.#doorman.forget(this);
  }
}
