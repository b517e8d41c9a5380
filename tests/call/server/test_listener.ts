/** A listener for servers over any transport, which counts and fails as a test wishes. */

import type { AcceptedConnection, HandlerMap, ServiceListener } from "@internode/grid/call";
import { parseHostAddress } from "../../../lib/runtime/host_address.ts";
import type { Channel, Listener, Transport } from "../../../lib/transport/channel/transport.ts";

/** Chooses the handlers for each connection. */
export type Choice = HandlerMap | ((channel: Channel) => HandlerMap);

export class TestListener implements ServiceListener {
  address = "";
  /** How often it was told to close. */
  closes = 0;
  readonly #handlers: Choice;
  readonly #arrived: AcceptedConnection[] = [];
  #listener: Listener | null = null;
  #pending: PromiseWithResolvers<AcceptedConnection> | null = null;
  #ending: unknown = null;

  constructor(handlers: Choice) {
    this.#handlers = handlers;
  }

  /** Listens at an address. */
  static async at(transport: Transport, href: string, handlers: Choice): Promise<TestListener> {
    const made = new TestListener(handlers);
    made.#listener = await transport.listen(parseHostAddress(href), {
      path: "/",
      accept: (channel) => made.arrive(channel),
    });
    made.address = made.#listener.address.href;
    return made;
  }

  accept(): Promise<AcceptedConnection> {
    const next = this.#arrived.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#ending !== null) return Promise.reject(this.#ending);
    if (this.#pending !== null) throw new Error("accept was called twice at a time");
    this.#pending = Promise.withResolvers();
    return this.#pending.promise;
  }

  async close(): Promise<void> {
    this.closes++;
    this.fail(new Error("the listener is closed"));
    for (const { channel } of this.#arrived.splice(0)) channel.close();
    await this.#listener?.close();
  }

  /** A connection has come in. */
  arrive(channel: Channel): void {
    const handlers = typeof this.#handlers === "function"
      ? this.#handlers(channel)
      : this.#handlers;
    const pending = this.#pending;
    this.#pending = null;
    if (this.#ending !== null) channel.close();
    else if (pending === null) this.#arrived.push({ channel, handlers });
    else pending.resolve({ channel, handlers });
  }

  /** There will be no more connections. */
  fail(error: unknown): void {
    this.#ending ??= error;
    this.#pending?.reject(error);
    this.#pending = null;
  }
}
