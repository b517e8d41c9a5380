/**
 * Dialling and listening by the runtime's own WebSocket.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type {
  HttpServerOptions,
  NativeWebSocket,
} from "../../runtime/platform/native_web_socket.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import { authorizeToken } from "../channel/authorization.ts";
import { dialChannel } from "../tcp/dial_conn.ts";
import { refusedConnection } from "../channel/hand_over.ts";
import { type HostAddress, networkAddress } from "../../runtime/host_address.ts";
import { sharingProblem } from "../tcp/shared_port.ts";
import { hostHeader, listenOnHost, remoteHost } from "../../runtime/socket_host.ts";
import { requireIdentity, type TlsOptions } from "../tls/tls.ts";
import type { DialOptions, Listener, ListenOptions, Transport } from "../channel/transport.ts";
import { listenError } from "../../runtime/transport_error.ts";
import { WebSocketChannel } from "./web_socket_channel.ts";
import { refusal, upgradeRequest } from "./web_socket_dialler.ts";
import { openWebSocket, refuse, requestProblem, tokenOf } from "./web_socket_upgrade.ts";

/** The runtime's message for an answer other than 101. */
const STATUS = /Invalid status code: (\d{3})/i;

/**
 * What {@linkcode nativeWebSocketTransport} is once it is used.
 *
 * @param options Certificates, for `wss`.
 * @returns The transport.
 */
export function overNativeWebSocket(options: TlsOptions): Transport {
  return {
    // deno-lint-ignore require-await -- what is thrown becomes the rejection
    async dial(address, dialOptions) {
      const native = nativeOf(address);
      const { path, token } = upgradeRequest(address, dialOptions.path, dialOptions.token);
      return dialChannel(
        address,
        dialOptions.signal,
        () => open(native, address, path, token, dialOptions, options),
      );
    },
    async listen(address, listenOptions) {
      const listener = new NativeListener(address, listenOptions);
      await listener.serve(options);
      return listener;
    },
  };
}

/** The runtime's own WebSocket, where it can do what is needed. */
function nativeOf({ href }: HostAddress): NativeWebSocket {
  const native = thisPlatform().nativeWebSocket;
  if (native !== null) return native;
  throw invalidArgument(
    `${href} cannot be reached or served by nativeWebSocketTransport on this runtime. ` +
      "Use the WebSocket of systemTransports.",
    { host: href },
  );
}

/** Dials; the socket is closed if the signal aborts first. */
function open(
  native: NativeWebSocket,
  address: HostAddress,
  path: string,
  token: string | undefined,
  { signal }: DialOptions,
  { caCerts }: TlsOptions,
): Promise<WebSocketChannel> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocketChannel>();
  const url = `${address.scheme}://${hostHeader(address)}${path}`;
  const { socket, release } = native.open(url, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    caCerts: address.scheme === "wss" ? caCerts : undefined,
  });
  socket.binaryType = "arraybuffer";
  const onAbort = (): void => socket.close();
  signal.addEventListener("abort", onAbort, { once: true });
  const settle = (): void => {
    signal.removeEventListener("abort", onAbort);
    release();
  };
  let message = "it closed the connection";
  socket.onerror = (event) => {
    event.preventDefault();
    message = (event as ErrorEvent).message;
  };
  socket.onclose = () => {
    settle();
    const status = STATUS.exec(message)?.[1];
    reject(status === undefined ? new Error(message) : refusal(address, Number(status), ""));
  };
  socket.onopen = () => {
    settle();
    resolve(new WebSocketChannel(socket, address.href));
  };
  return promise;
}

/** Accepts by the runtime's HTTP server. */
class NativeListener implements Listener {
  address: HostAddress;
  finished: Promise<void> = Promise.resolve();

  readonly #options: ListenOptions;
  readonly #path: string;
  /** Connections that have come about and are not over. */
  #open = 0;
  #isClosed = false;
  /** Ends the server at once: its `shutdown` waits for ever for an upgrade whose client has left (Deno 2.9.6). */
  readonly #end = new AbortController();

  constructor(address: HostAddress, options: ListenOptions) {
    this.#options = options;
    this.#path = upgradeRequest(address, options.path, undefined).path;
    this.address = address;
  }

  /** Begins. Called once. */
  async serve(tls: TlsOptions): Promise<void> {
    const { address } = this, { scheme, hostname, port } = address;
    const native = nativeOf(address), sharePort = this.#options.sharePort === true;
    const problem = sharePort ? sharingProblem(address) : null;
    if (problem !== null) throw problem;
    const options: Omit<HttpServerOptions, "hostname"> = {
      ...(scheme === "wss" && requireIdentity(address, tls)),
      port,
      sharePort,
      signal: this.#end.signal,
      onError: (error) => {
        this.#options.onError?.(error);
        return refuse(503, "this side failed; try again later");
      },
      answer: (request, remote) =>
        this.#answer(request, remoteHost(scheme, remote).href, remote.hostname),
    };
    try {
      const server = await listenOnHost(
        hostname,
        (hostname) => native.serve({ ...options, hostname }),
      );
      this.address = networkAddress(scheme, hostname, server.addr.port);
      this.finished = server.finished;
    } catch (cause) {
      throw listenError(address, cause);
    }
  }

  /** Any number of calls. What has come about lives on, and until it has ended others are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#open > 0) return;
    this.#end.abort();
    await this.finished;
  }

  async #answer(request: Request, remote: string, ip: string): Promise<Response> {
    const { authorize, allowOrigins, allowHosts, accept, onError, limiter } = this.#options;
    const refused = (status: number, why: string, cause?: unknown): void =>
      onError?.(
        refusedConnection(
          "PermissionDenied",
          remote,
          `${this.address.href} (${status})`,
          why,
          cause,
        ),
      );
    if (this.#isClosed) return refuse(503, "this listener has closed");
    const { pathname } = new URL(request.url);
    if (pathname !== new URL(this.#path, request.url).pathname) {
      return refuse(404, `nothing is served at ${pathname}: compare the path options`);
    }
    const problem = requestProblem(request, {
      allowOrigins,
      allowHosts,
      hostname: this.address.hostname,
      onRefused: (reason, status) => refused(status, reason),
    });
    if (problem !== null) return problem;
    const authorization = await authorizeToken(authorize, tokenOf(request), undefined, remote);
    if ("reason" in authorization && authorization.status === 503) {
      refused(503, authorization.reason, authorization.cause);
    }
    if (this.#isClosed) return refuse(503, "this listener has closed");
    return openWebSocket(request, {
      remote,
      onError,
      limiter,
      address: ip,
      onRefused: (why) =>
        onError?.(refusedConnection("Overloaded", remote, this.address.href, why, null)),
      accept: (channel, name, slot) => {
        this.#open++;
        accept(channel, name, slot);
      },
      onEnded: () => this.#onEnded(),
    }, authorization);
  }

  #onEnded(): void {
    this.#open--;
    if (this.#isClosed && this.#open === 0) this.#end.abort();
  }
}
