/**
 * The acceptor's side of a WebSocket request.
 *
 * @module
 */

import {
  type Authorization,
  authorizeTokenNow,
  type TokenJudgement,
} from "../channel/authorization.ts";
import { hostProblem } from "./allowed_hosts.ts";
import { originProblem } from "./allowed_origins.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import type { HandshakeLimiter, HandshakeSlot } from "../channel/handshake_limiter.ts";
import { handOver } from "../channel/hand_over.ts";
import type { MessageChannel } from "../channel/transport.ts";
import { bearerToken } from "./web_socket_acceptor.ts";
import { WebSocketChannel } from "./web_socket_channel.ts";

/** How {@linkcode upgradeWebSocket} judges a request, and who takes the channel. */
export interface UpgradeOptions {
  /** Takes the channel once it is open, with the name that `authorize` gave and its slot. Must not throw. */
  accept: (channel: MessageChannel, name?: string, slot?: HandshakeSlot) => void;
  /** Limits connections whose handshake is not done. Default: no limit. */
  limiter?: HandshakeLimiter | undefined;
  /** The IP address that the request comes from; Default: it is not known. */
  address?: string | undefined;
  /** Hears of what `accept` throws. */
  onError?: ((error: unknown) => void) | undefined;
  /** Called once for each channel, when nothing of it is open any more. */
  onEnded?: (() => void) | undefined;
  /** Judges the token at once, see {@linkcode TokenJudgement}; a text refuses it with status 401 and that text. Default: all are accepted. */
  authorize?: (token: string | null) => TokenJudgement;
  /** See `ListenOptions`. */
  allowOrigins?: readonly string[] | undefined;
  /** See `ListenOptions`. */
  allowHosts?: readonly string[] | undefined;
  /** The name by which this side is known; empty if it has none. Default: none. */
  hostname?: string | undefined;
  /** Hears why a request was refused for its host or origin, or as too many are there. */
  onRefused?: ((reason: string, status: number) => void) | undefined;
  /** The other end, for messages and logs. Default: `"a WebSocket client"`. */
  remote?: string | undefined;
}

/**
 * Answers a WebSocket request in a server of the user's own. Whoever is
 * refused is refused before the upgrade: after it a stranger could make the
 * runtime hold a message of any size.
 *
 * @param request What the server was asked.
 * @param options Who takes the channel, and what the request must show.
 * @returns The answer: 101, 400, 401, 403, 421 or 503 (with the reason), 426, or 501 where the runtime cannot.
 */
export function upgradeWebSocket(request: Request, options: UpgradeOptions): Response {
  const problem = requestProblem(request, options);
  if (problem !== null) return problem;
  return openWebSocket(request, options, authorizeTokenNow(options.authorize, tokenOf(request)));
}

/** The token that a request bears. */
export function tokenOf(request: Request): string | null {
  return bearerToken(request.headers.get("authorization"));
}

/** The answer to a request that comes from a web page, or for another host, that may not; `null`: it may. */
export function requestProblem(
  request: Request,
  options: Pick<UpgradeOptions, "allowHosts" | "allowOrigins" | "hostname" | "onRefused">,
): Response | null {
  const host = request.headers.get("host") ?? URL.parse(request.url)?.host ?? "";
  const problem = hostProblem(host, options.hostname ?? "", options.allowHosts ?? []);
  if (problem !== null) {
    options.onRefused?.(problem.reason, problem.status);
    return refuse(problem.status, problem.reason);
  }
  const origin = originProblem(request.headers.get("origin"), options.allowOrigins ?? []);
  if (origin !== null) {
    options.onRefused?.(origin, 403);
    return refuse(403, origin);
  }
  return null;
}

/** Answers a request of which all but its authorization is known to be right. */
export function openWebSocket(
  request: Request,
  options: Pick<
    UpgradeOptions,
    "accept" | "onEnded" | "onError" | "onRefused" | "remote" | "limiter" | "address"
  >,
  authorization: Authorization,
): Response {
  if ("reason" in authorization) {
    const { status, reason } = authorization;
    return refuse(status, reason, status === 401 ? { "www-authenticate": "Bearer" } : {});
  }
  const native = thisPlatform().nativeWebSocket;
  if (native === null) {
    options.onRefused?.("this runtime's own server cannot be joined: use listen", 501);
    return refuse(501, "no connection can be accepted here");
  }
  const slot = options.limiter?.acquire(options.address ?? null, nothing);
  if (typeof slot === "string") {
    options.onRefused?.(slot, 503);
    return refuse(503, "too many connections are in their handshake here; try again later");
  }
  let upgraded: { readonly socket: WebSocket; readonly response: Response };
  try {
    upgraded = native.upgrade(request);
  } catch {
    slot?.release();
    return refuse(426, "only WebSocket connections are served here", {
      upgrade: "websocket",
      "sec-websocket-version": "13",
    });
  }
  const { socket, response } = upgraded;
  const { remote = "a WebSocket client" } = options;
  socket.binaryType = "arraybuffer";
  // A client that leaves before the upgrade is done causes no event at all.
  if (slot !== undefined) {
    slot.onTimeout = () => {
      slot.release();
      socket.close();
    };
  }
  socket.onopen = () => {
    const channel = new WebSocketChannel(socket, remote, options.onEnded);
    handOver(options, { channel, name: authorization.name }, slot);
  };
  return response;
}

function nothing(): void {}

/** An answer that refuses. */
export function refuse(
  status: number,
  reason: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(reason, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}
