/**
 * The connection of a node with itself.
 *
 * @module
 */

import type { InternodeError } from "../errors.ts";
import type { Link, LinkDelegate } from "../driver/link.ts";
import type { HandlerTarget } from "../session/calls/handler_target.ts";
import type { Channel } from "../transport/channel/transport.ts";
import { memoryPair } from "../transport/memory/memory_channel.ts";
import type { GridNode } from "./grid_node.ts";
import { GridPeer } from "./grid_peer.ts";

/** Neither end has to prove to the other what the node knows of itself. */
const UNASKED = null;

/**
 * A node as its own peer: what it dials is one end of a channel in memory, whose
 * other end it serves. All else is as with any other peer.
 */
export class OwnPeer extends GridPeer {
  readonly #node: GridNode;

  constructor(node: GridNode) {
    super(node, { name: node.local, address: node.local }, true, false);
    this.#node = node;
  }

  /** The node knows who it is. */
  override checkPeer(): null {
    return null;
  }

  /** See {@linkcode ReconnectorDelegate}. */
  override dial(): Promise<Channel> {
    const { clock, ownIdentity } = this.#node.options;
    const [near, far] = memoryPair(this.host, this.host, {
      later: (turn) => clock.defer(turn),
      identity: ownIdentity?.(),
    });
    const served = new ServedEnd(this);
    this.reconnector.adopt(
      this.#node.link(far, "acceptor", "", served, { auth: UNASKED }),
    );
    return Promise.resolve(near);
  }

  /** See {@linkcode ReconnectorDelegate}. */
  override makeLink(channel: Channel, owner: LinkDelegate): Link {
    const renews = this.reconnector.link !== null;
    return this.#node.link(channel, "dialler", this.host, owner, { renews, auth: UNASKED });
  }
}

/** The end that is served; the other one ends it. */
class ServedEnd implements LinkDelegate {
  readonly #peer: OwnPeer;

  constructor(peer: OwnPeer) {
    this.#peer = peer;
  }

  checkPeer(): null {
    return null;
  }

  onOpen(): void {}

  resolve(link: Link, name: string, subroute: string): HandlerTarget | null {
    return this.#peer.resolve(link, name, subroute);
  }

  onDraining(): void {}

  onClosed(link: Link, _error: InternodeError): void {
    this.#peer.reconnector.totals.add(link);
  }

  onGone(link: Link): void {
    this.#peer.reconnector.onGone(link);
  }
}
