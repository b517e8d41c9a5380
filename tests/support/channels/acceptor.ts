/**
 * The listening half of tests of transports, and how they dial and wait.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { InternodeError } from "../../../lib/errors.ts";
import { type HostAddress, parseHostAddress } from "../../../lib/runtime/host_address.ts";
import { systemClock } from "../../../lib/runtime/system_clock.ts";
import type {
  Channel,
  DialOptions,
  Listener,
  Transport,
} from "../../../lib/transport/channel/transport.ts";

const PATH = "/internode";

/** Lets sockets, timers and the other end have their turns. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => systemClock.defer(resolve));
}

/** How tests dial: a signal that never aborts unless given another. */
export function dialOptions(given: Partial<DialOptions> = {}): DialOptions {
  const { signal = new AbortController().signal, path = PATH, token } = given;
  return { signal, path, token };
}

/** A listener whose channels can be waited for. */
export class Acceptor {
  readonly errors: unknown[] = [];
  readonly #arrived: Channel[] = [];
  #wake = () => {};
  listener!: Listener;

  static async on(
    transport: Transport,
    url: string,
    authorize?: (token: string | null) => string | null | Promise<string | null>,
  ): Promise<Acceptor> {
    const acceptor = new Acceptor();
    acceptor.listener = await transport.listen(parseHostAddress(url), {
      path: PATH,
      authorize,
      onError: (error) => acceptor.errors.push(error),
      accept: (channel) => {
        acceptor.#arrived.push(channel);
        acceptor.#wake();
      },
    });
    return acceptor;
  }

  get address(): HostAddress {
    return this.listener.address;
  }

  async next(): Promise<Channel> {
    while (this.#arrived.length === 0) await new Promise<void>((wake) => this.#wake = wake);
    return this.#arrived.shift()!;
  }

  /** Ends the listener for good; the channels that were taken must be closed already. */
  async end(): Promise<void> {
    await this.listener.close();
    await this.listener.finished;
    // Such as of another listener that has tried whether somebody is there.
    for (const channel of this.#arrived.splice(0)) channel.close();
  }
}

/** Waits for what a listener is told. */
export async function told(acceptor: Acceptor, count: number): Promise<InternodeError[]> {
  for (let i = 0; i < 2_000 && acceptor.errors.length < count; i++) await turns(1);
  assertEquals(acceptor.errors.length, count);
  return acceptor.errors as InternodeError[];
}
