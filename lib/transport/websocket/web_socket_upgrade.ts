/**
 * The acceptor's side of a WebSocket request.
 *
 * @module
 */

import {
  type Authorization,
  authorizeTokenNow,
  bearerToken,
  type TokenJudgement,
} from "../channel/authorization.ts";
import { hostProblem } from "./allowed_hosts.ts";
import { originProblem } from "./allowed_origins.ts";
import { thisPlatform } from "../../runtime/this_platform.ts";
import type { HandshakeLimiter, HandshakeSlot } from "../channel/handshake_limiter.ts";
import { handOver } from "../channel/hand_over.ts";
import type { MessageChannel } from "../channel/transport.ts";
import type { UpgradeServer } from "./server_web_socket.ts";
import { ServedSocket } from "./server_web_socket_channel.ts";
import { WebSocketChannel } from "./web_socket_channel.ts";

/** What a client is told while too many are in their handshake. */
export const TOO_MANY = "too many connections are in their handshake here; try again later";

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
  /** The server that has the request, where the runtime's upgrade is a method of it. Default: the runtime's own upgrade. */
  server?: UpgradeServer | undefined;
}

/** What has become of a request for WebSocket. */
interface Upgraded {
  readonly response: Response;
  /** Closes the connection, which is not open yet. */
  close(): void;
}

/**
 * Answers a WebSocket request in a server of the user. Refusals come before the
 * upgrade: after it an unproven peer could make the runtime hold a message of
 * any size.
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
    "accept" | "onEnded" | "onError" | "onRefused" | "remote" | "limiter" | "address" | "server"
  >,
  authorization: Authorization,
): Response {
  if ("reason" in authorization) {
    const { status, reason } = authorization;
    return refuse(status, reason, status === 401 ? { "www-authenticate": "Bearer" } : {});
  }
  const { server, remote = "a WebSocket client", onEnded } = options;
  if (server === undefined && thisPlatform().nativeWebSocket === null) {
    options.onRefused?.(
      "a Request alone cannot be upgraded on this runtime: give upgrade the option server with " +
        "Bun.serve, or call upgradeSocket with node:http",
      501,
    );
    return refuse(501, "no connection can be accepted here");
  }
  const slot = options.limiter?.acquire(options.address ?? null, nothing);
  if (typeof slot === "string") {
    options.onRefused?.(slot, 503);
    return refuse(503, TOO_MANY);
  }
  const take = (channel: MessageChannel): void =>
    handOver(options, { channel, name: authorization.name }, slot);
  let upgraded: Upgraded | null;
  try {
    upgraded = server === undefined
      ? upgradeNative(request, remote, take, onEnded)
      : upgradeOn(server, request, remote, take, options.onError);
  } catch (error) {
    slot?.release();
    options.onError?.(error);
    return refuse(503, "this side failed; try again later");
  }
  if (upgraded === null) {
    slot?.release();
    return refuse(426, "only WebSocket connections are served here", {
      upgrade: "websocket",
      "sec-websocket-version": "13",
    });
  }
  // A client that leaves before the upgrade is done causes no event at all.
  if (slot !== undefined && !slot.isDeadlineTaken) {
    slot.onTimeout = () => {
      slot.release();
      upgraded.close();
    };
  }
  return upgraded.response;
}

/** By the runtime's own upgrade; `null`: this is no request for WebSocket. */
function upgradeNative(
  request: Request,
  remote: string,
  take: (channel: MessageChannel) => void,
  onEnded: (() => void) | undefined,
): Upgraded | null {
  try {
    const { socket, response } = thisPlatform().nativeWebSocket!.upgrade(request);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => take(new WebSocketChannel(socket, remote, onEnded));
    return { response, close: () => socket.close() };
  } catch {
    return null;
  }
}

/** By a method of the server, which may open the connection within the call. */
function upgradeOn(
  server: UpgradeServer,
  request: Request,
  remote: string,
  take: (channel: MessageChannel) => void,
  onError: UpgradeOptions["onError"],
): Upgraded | null {
  const served = new ServedSocket(remote, take);
  if (!server.upgrade(request, { data: served })) return null;
  return {
    // The server takes no notice of it.
    response: new Response(null, { status: 101 }),
    close() {
      if (!served.giveUp()) onError?.(new Error(NOT_OPENED));
    },
  };
}

const NOT_OPENED = "an upgraded connection was never opened: give Bun.serve the option " +
  "websocket: webSocketHandlers()";

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
