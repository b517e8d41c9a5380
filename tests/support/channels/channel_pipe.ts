/**
 * Both kinds of channel in one shape, for tests of what they have in common.
 *
 * @module
 */

import type {
  ByteChannel,
  Channel,
  MessageChannel,
} from "../../../lib/transport/channel/transport.ts";

/** A channel as a sequence of bytes with backpressure. */
export interface Pipe {
  readonly channel: Channel;
  /** Sends all of it, in its time. */
  send(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** What came next, at least a byte; `null` once the channel has ended in any way. */
  receive(): Promise<Uint8Array | null>;
  /** Why it ended, once it has. */
  readonly ended: Promise<string>;
}

/** Wraps a channel; a message channel is started. */
export function pipeOf(channel: Channel): Pipe {
  return channel.kind === "bytes" ? new BytePipe(channel) : new MessagePipe(channel);
}

class BytePipe implements Pipe {
  readonly channel: ByteChannel;
  readonly #buffer = new Uint8Array(64 * 1024);
  readonly #ended = Promise.withResolvers<string>();

  constructor(channel: ByteChannel) {
    this.channel = channel;
  }

  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.channel.write(bytes.subarray(at));
  }

  async receive(): Promise<Uint8Array | null> {
    try {
      const count = await this.channel.read(this.#buffer);
      if (count !== null) return this.#buffer.slice(0, count);
      this.#ended.resolve("end");
    } catch (error) {
      this.#ended.resolve(String(error));
    }
    return null;
  }
}

class MessagePipe implements Pipe {
  readonly channel: MessageChannel;
  readonly #arrived: Uint8Array[] = [];
  readonly #ended = Promise.withResolvers<string>();
  #over = false;
  #wakeReader = () => {};
  #wakeWriter = () => {};

  constructor(channel: MessageChannel) {
    this.channel = channel;
    channel.start({
      onMessage: (bytes) => {
        this.#arrived.push(bytes);
        this.#wakeReader();
      },
      onDrain: () => this.#wakeWriter(),
      onClose: (reason) => {
        if (this.#over) throw new Error("onClose was called twice");
        this.#over = true;
        this.#ended.resolve(reason);
        this.#wakeReader();
        this.#wakeWriter();
      },
    });
  }

  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    while (this.channel.congested && !this.#over) {
      await new Promise<void>((resolve) => this.#wakeWriter = resolve);
    }
    if (this.#over) throw new Error("the channel has ended");
    this.channel.send(bytes);
  }

  async receive(): Promise<Uint8Array | null> {
    while (this.#arrived.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    return this.#arrived.shift() ?? null;
  }
}
