/**
 * The two ends of a connection within one process.
 *
 * @module
 */

import type { PeerIdentity } from "../channel/peer_identity.ts";
import type { MessageChannel, MessageReceiver } from "../channel/transport.ts";
import { systemClock } from "../../runtime/system_clock.ts";

/** From this many bytes on a sender should wait; about as much as a socket would take. */
const HIGH_WATER_BYTES = 1024 * 1024;
const LOW_WATER_BYTES = HIGH_WATER_BYTES / 2;

/** Rare options of connections in memory. */
export interface MemoryPairOptions {
  /** Calls back in a later turn of the event loop. Default: that of the system. */
  readonly later?: ((turn: () => void) => void) | undefined;
  /** The identities of both ends. Default: none. */
  readonly identity?: PeerIdentity | undefined;
}

/**
 * Makes a connection.
 *
 * @param nearRemote The name of the second end, for the first.
 * @param farRemote The name of the first end, for the second.
 * @param options Rare options.
 * @returns Both ends.
 */
export function memoryPair(
  nearRemote: string,
  farRemote: string,
  { later = systemClock.soon, identity }: MemoryPairOptions = {},
): [near: MessageChannel, far: MessageChannel] {
  const near = new MemoryChannel(nearRemote, later, identity);
  const far = new MemoryChannel(farRemote, later, identity);
  near.peer = far;
  far.peer = near;
  return [near, far];
}

/**
 * One end. Everything sent in one turn arrives together in a later one. With
 * microtasks alone, two busy ends would block timers and sockets.
 */
class MemoryChannel implements MessageChannel {
  readonly kind = "messages";
  readonly remote: string;
  readonly identity: PeerIdentity | undefined;
  readonly #later: (turn: () => void) => void;
  peer!: MemoryChannel;

  #receiver: MessageReceiver | undefined;
  /** Messages that have arrived and were not passed on yet. */
  #inbox: Uint8Array<ArrayBuffer>[] = [];
  #inboxBytes = 0;
  #turnPending = false;
  /** Whether the other end was congested and waits for `onDrain`. */
  #peerWaits = false;
  #drained = false;
  #closed = false;
  /** Why this end closes, once earlier messages are passed on. */
  #ending: string | undefined;
  #ended = false;

  constructor(
    remote: string,
    later: (turn: () => void) => void,
    identity: PeerIdentity | undefined,
  ) {
    this.remote = remote;
    this.identity = identity;
    this.#later = later;
  }

  start(receiver: MessageReceiver): void {
    this.#receiver = receiver;
    this.#wake();
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closed || this.#ending !== undefined) return;
    this.peer.#take(bytes.slice());
  }

  get congested(): boolean {
    return this.peer.#peerWaits;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox = [];
    this.#end("closed by this side");
    this.peer.#end("closed by the other side");
  }

  #take(message: Uint8Array<ArrayBuffer>): void {
    if (this.#closed) return;
    this.#inbox.push(message);
    this.#inboxBytes += message.length;
    if (this.#inboxBytes >= HIGH_WATER_BYTES) this.#peerWaits = true;
    this.#wake();
  }

  #end(reason: string): void {
    this.#ending ??= reason;
    this.#wake();
  }

  #wake(): void {
    if (this.#turnPending || this.#receiver === undefined) return;
    this.#turnPending = true;
    this.#later(this.#turn);
  }

  readonly #turn = (): void => {
    const receiver = this.#receiver!;
    this.#turnPending = false;
    if (this.#drained) {
      this.#drained = false;
      if (!this.#closed) receiver.onDrain();
    }
    const messages = this.#inbox;
    this.#inbox = [];
    for (let i = 0; i < messages.length && !this.#closed; i++) {
      const message = messages[i]!;
      this.#inboxBytes -= message.length;
      receiver.onMessage(message);
    }
    if (this.#peerWaits && this.#inboxBytes <= LOW_WATER_BYTES) {
      this.#peerWaits = false;
      this.peer.#drained = true;
      this.peer.#wake();
    }
    if (this.#ending !== undefined && !this.#ended && this.#inbox.length === 0) {
      this.#ended = true;
      receiver.onClose(this.#ending);
    }
  };
}
