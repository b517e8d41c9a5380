/**
 * An end of a simulated connection of whole messages.
 *
 * @module
 */

import type { MessageChannel, MessageReceiver } from "../../transport/channel/transport.ts";
import { ChannelEnd } from "./channel_end.ts";

/** Whole messages, each in a turn of its own; the sender is told when too much waits. */
export class MessageEnd extends ChannelEnd implements MessageChannel {
  readonly kind = "messages";
  #receiver: MessageReceiver | null = null;
  #inbox: Uint8Array<ArrayBuffer>[] = [];
  #over: string | null = null;
  #told = false;

  get congested(): boolean {
    return this.out.usedBytes >= this.core.options.bufferBytes;
  }

  protected override get hasUnread(): boolean {
    return false;
  }

  start(receiver: MessageReceiver): void {
    this.#receiver = receiver;
    if (this.#inbox.length > 0 || this.#over !== null) this.post(() => this.#empty());
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.state !== "open") return;
    this.out.push(bytes.slice());
    if (this.congested) this.awaitsRoom = true;
  }

  close(): void {
    if (this.state !== "open") return;
    this.closeOut();
    this.#inbox = [];
    this.post(() => this.#finish("closed on this side"));
  }

  override onRoom(): void {
    if (!this.awaitsRoom || this.congested) return;
    this.awaitsRoom = false;
    this.post(() => {
      if (this.state === "open") this.#receiver?.onDrain();
    });
  }

  protected override onData(bytes: Uint8Array<ArrayBuffer>): void {
    this.incoming.consume(bytes.length);
    if (this.#receiver !== null && this.#inbox.length === 0) this.#receiver.onMessage(bytes);
    else this.#inbox.push(bytes);
  }

  protected override onEnd(): void {
    this.lose("closed by the other side");
  }

  protected override onLost(reason: string): void {
    this.#finish(reason);
  }

  /** Hands on one message that came before the receiver did, the next one in the next turn. */
  #empty(): void {
    const first = this.#inbox.shift();
    if (first !== undefined) {
      this.#receiver?.onMessage(first);
      this.post(() => this.#empty());
    } else if (this.#over !== null) {
      this.#finish(this.#over);
    }
  }

  #finish(reason: string): void {
    this.#over ??= reason;
    if (this.#told || this.#receiver === null || this.#inbox.length > 0) return;
    this.#told = true;
    this.#receiver.onClose(this.#over);
  }
}
