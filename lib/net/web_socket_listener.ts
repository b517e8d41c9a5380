/**
 * A server of its own for WebSocket connections.
 *
 * @module
 */

import { authority, type HostAddress, networkAddress } from "./host_address.ts";
import type { Listener, ListenOptions, MessageChannel } from "./transport.ts";
import { listenError } from "./transport_error.ts";
import { upgradeWebSocket } from "./web_socket_upgrade.ts";

/**
 * Accepts WebSocket connections by `Deno.serve`. As the runtime ends the
 * connections of a server that it shuts down, a closed listener refuses
 * newcomers with status 503 and shuts down, and frees its port, once the last
 * connection has ended.
 */
export class WebSocketListener implements Listener {
  readonly address: HostAddress;
  readonly finished: Promise<void>;
  readonly #options: ListenOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  #open = 0;
  #closed = false;
  #shuttingDown = false;

  /**
   * Starts to accept.
   *
   * @param address Where to listen; port 0 lets the system choose.
   * @param identity Certificate and key, for `wss`.
   * @param options Who takes the channels and judges the requests.
   * @throws {InternodeError} `InvalidArgument` or `Unreachable`, naming the address.
   */
  constructor(
    address: HostAddress,
    identity: { cert: string; key: string } | undefined,
    options: ListenOptions,
  ) {
    this.#options = options;
    const { scheme, hostname, port } = address;
    try {
      this.#server = Deno.serve({
        hostname,
        port,
        ...identity,
        signal: this.#abort.signal,
        onListen: () => {},
        onError: (error) => {
          options.onError?.(error);
          return new Response("this host failed to answer", { status: 500 });
        },
      }, (request, { remoteAddr }) => this.#answer(request, remoteAddr));
    } catch (cause) {
      throw listenError(address, cause);
    }
    this.address = networkAddress(scheme, hostname, this.#server.addr.port);
    this.finished = this.#server.finished;
    // Who does not look at it must not be ended by it.
    this.finished.catch(() => {});
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#shutDownIfEmpty();
    if (this.#shuttingDown) await this.finished.catch(() => {});
  }

  #answer(request: Request, remoteAddr: Deno.NetAddr): Response {
    if (this.#closed) return new Response("this host is closing", { status: 503 });
    const { authorize, path } = this.#options;
    const remote = `${this.address.scheme}://${authority(remoteAddr.hostname, remoteAddr.port)}`;
    const accept = (channel: MessageChannel): void => {
      this.#open++;
      // It may have closed while the upgrade was under way.
      if (this.#closed) channel.close();
      else this.#options.accept(channel);
    };
    const onEnded = (): void => {
      this.#open--;
      this.#shutDownIfEmpty();
    };
    return upgradeWebSocket(request, { accept, authorize, path, remote, onEnded });
  }

  #shutDownIfEmpty(): void {
    if (!this.#closed || this.#open > 0 || this.#shuttingDown) return;
    this.#shuttingDown = true;
    // Not `shutdown()`, which waits for clients that left before their upgrade was done.
    this.#abort.abort();
  }
}
