/**
 * A node's connections that come in through a server of the user's own.
 *
 * @module
 */

import { type InternodeError, invalidArgument } from "../errors.ts";
import { about } from "../foreign/log_event.ts";
import { exposedListenerError } from "../rpc/proof/acceptor_policy.ts";
import type { ByteStream } from "../runtime/platform/byte_stream.ts";
import { unproven } from "../session/frames/wire_error.ts";
import { refusedConnection } from "../transport/channel/hand_over.ts";
import type { TokenJudgement } from "../transport/channel/authorization.ts";
import type { UpgradeServer } from "../transport/websocket/server_web_socket.ts";
import { SocketUpgrades, type UpgradeRequest } from "../transport/websocket/socket_upgrades.ts";
import { upgradeWebSocket } from "../transport/websocket/web_socket_upgrade.ts";
import type { Acceptor } from "./acceptor.ts";
import type { GridNode } from "./grid_node.ts";
import { optionsOf, text } from "../foreign/option_checks.ts";

/** What a server of the user's own knows of a request for `Manager.upgrade`. */
export interface UpgradeOptions {
  /** The IP address that it comes from, for `maxUnprovenPerAddress`: `info.remoteAddr.hostname` of `Deno.serve`, `server.requestIP(request).address` of `Bun.serve`, `request.socket.remoteAddress` of `node:http`, or what a proxy that is trusted says. Default: it counts towards no address. */
  readonly remoteAddress?: string | undefined;
  /** The server that `fetch` of `Bun.serve` is given with the request. It must have `websocket: webSocketHandlers()`. For `upgrade` on Bun alone. Default: the runtime's own upgrade, which only Deno has. */
  readonly server?: UpgradeServer | undefined;
}

const CLOSING = "This host is closing and accepts no connections.\n";

/** Answers the requests for WebSocket that the user's server passes on. */
export class OwnServer {
  readonly #node: GridNode;
  readonly #acceptor: Acceptor;
  readonly #sockets: SocketUpgrades;

  /**
   * @param node The node.
   * @param acceptor Takes the connections.
   */
  constructor(node: GridNode, acceptor: Acceptor) {
    this.#node = node;
    this.#acceptor = acceptor;
    const { allowOrigins, allowHosts } = node.options;
    this.#sockets = new SocketUpgrades(node.local, {
      allowOrigins,
      allowHosts,
      limiter: acceptor.limiter,
      accept: (channel, name, slot) => acceptor.accept(channel, name, slot),
      authorize: (token, _identity, remote) => this.#authorize(token, remote),
      onError: acceptor.log.onError,
    });
  }

  /** See `Manager`. */
  upgrade(request: Request, options: UpgradeOptions): Response {
    const { remoteAddress: remote, server } = optionsOf("upgrade", options);
    if (remote !== undefined) text("remoteAddress", remote);
    if (typeof request?.headers?.get !== "function") {
      throw invalidArgument(
        "upgrade takes a Request of the Fetch API. For the event upgrade of node:http call " +
          "upgradeSocket.",
      );
    }
    if (server !== undefined && typeof server?.upgrade !== "function") {
      throw invalidArgument(
        "Option server must have a method upgrade, as the server has that fetch of Bun.serve is " +
          "given.",
      );
    }
    if (this.#node.closing) return new Response(CLOSING, { status: 503 });
    const { log, limiter } = this.#acceptor, { allowOrigins, allowHosts } = this.#node.options;
    return upgradeWebSocket(request, {
      allowOrigins,
      allowHosts,
      hostname: this.#node.local.hostname,
      onRefused: (why, status) => {
        if (status !== 503) return log.onRefused({ code: "PermissionDenied", why }, { remote });
        const { href } = this.#node.local;
        log.onError(refusedConnection("Overloaded", remote, href, why, null));
      },
      accept: (channel, name, slot) => this.#acceptor.accept(channel, name, slot),
      limiter,
      address: remote,
      onError: log.onError,
      authorize: (token) => this.#authorize(token, remote),
      server,
    });
  }

  /** See `Manager`. */
  upgradeSocket(
    request: UpgradeRequest,
    socket: ByteStream,
    head: Uint8Array,
    options: Pick<UpgradeOptions, "remoteAddress">,
  ): void {
    const { remoteAddress } = optionsOf("upgradeSocket", options);
    if (remoteAddress !== undefined) text("remoteAddress", remoteAddress);
    if (this.#node.closing) this.#sockets.refuse(request, socket, head, 503, CLOSING);
    else this.#sockets.take(request, socket, head, remoteAddress ?? null);
  }

  /** Ends what is not accepted yet. */
  close(): void {
    this.#sockets.close();
  }

  #authorize(token: string | null, remote: string | undefined): TokenJudgement {
    const { mutualTls, logger } = this.#node.options;
    if (mutualTls) {
      const why = "This host accepts connections by mutual TLS only.";
      this.#acceptor.log.onRefused(unproven(why), { remote });
      return why;
    }
    const exposed = exposedNodeError(this.#node);
    if (exposed === null) return this.#acceptor.authorize(token, undefined, remote);
    const local = this.#node.local.href;
    logger.error(exposed.message, { event: "listener_unauthenticated", local, ...about(exposed) });
    return exposed.message;
  }
}

/** Why a node may not accept connections, as no proof would be asked for; `null`: it may. */
export function exposedNodeError(node: GridNode): InternodeError | null {
  const { options } = node, { listen } = options;
  const guarded = node.transport(listen).guarded === true;
  return exposedListenerError(listen, { ...options, guarded }, "option tls (mutual TLS)");
}
