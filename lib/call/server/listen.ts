/**
 * Listens for a service's clients.
 *
 * @module
 */

import { transportsOf } from "../../transport/transports.ts";
import { invalidArgument } from "../../errors.ts";
import { promiseOf } from "../../foreign/thenable.ts";
import type { Audit } from "../../rpc/contract/audit.ts";
import { auditOf, auditTrailOf } from "../../rpc/connecting/audit_trail.ts";
import { flag, optionsOf } from "../../foreign/option_checks.ts";
import { type Logger, loggerOf } from "../../rpc/contract/logger.ts";
import { ListenerLog } from "../../rpc/connecting/listener_log.ts";
import { readHosts } from "../../transport/websocket/allowed_hosts.ts";
import { readOrigins } from "../../transport/websocket/allowed_origins.ts";
import {
  type HandshakeLimits,
  ListenerLimiter,
  readHandshakeLimits,
} from "../../transport/channel/listener_limiter.ts";
import { NetEndpoint, parseNetEndpoint } from "../../transport/net_endpoint.ts";
import { systemClock } from "../../runtime/system_clock.ts";
import type { Channel, Transports } from "../../transport/channel/transport.ts";
import { HandlerMap } from "./handler_map.ts";
import type { ServiceListener } from "./service_listener.ts";
import { TransportListener } from "./transport_listener.ts";
import { func } from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/** How to {@linkcode listen}. */
export interface ServiceListenOptions extends HandshakeLimits {
  /** The transports: pass `systemTransports({ cert, key })` for `tls` and `wss`. Default: `systemTransports()`, or those of a `NetEndpoint`. */
  readonly transports?: Transports | undefined;
  /** Checks the token of a WebSocket upgrade request, which the client's endpoint sends: `null` accepts it, a text refuses it with status 401 and that text. It may return a promise, for example to look the token up; if that has not settled within the `handshakeTimeoutMs` of `serve`, the client is refused. Any other result, error or rejection refuses the client with status 503 and is logged. A listener with this option counts as guarded. For `ws` and `wss` only. Default: if `serve` has option `auth`, tokens that clients make of the secret are required; otherwise all clients are accepted. With this option, `auth` is proven only after the upgrade. */
  readonly authorize?:
    | ((token: string | null) => string | null | Promise<string | null>)
    | undefined;
  /** The origins of web pages that may connect by `ws` or `wss`, such as `"https://app.example"`, or `"*"` for all. A browser lets any page connect to what its machine can reach; clients of this library send no origin. Others get status 403. Default: none. */
  readonly allowOrigins?: readonly string[] | undefined;
  /** The host names that `ws` and `wss` clients may use for the listener besides the name in its address, such as `"cache.example"` for one at `"ws://:80"`, without a port, or `"*"` for all. `localhost` and IP addresses are always allowed. Others get status 421, because a web page can make its own name resolve to this machine (DNS rebinding). Default: none. */
  readonly allowHosts?: readonly string[] | undefined;
  /** Whether other listeners with this option, in this process or in others of the same user, may have the same port: Linux then spreads new connections over them. For `tcp`, `tls`, `ws` and `wss`; needs Deno's flag `--unstable-net`. Default: `false`. */
  readonly sharePort?: boolean | undefined;
  /** Receives each connection that is refused before `serve` gets it, up to a rate: in the TLS handshake, at the WebSocket upgrade, or because there were too many. See `Audit`. The audit of `serve` receives the others, so pass the same to both. Default: no audit. */
  readonly audit?: Audit | undefined;
  /** Logs failures that do not end the listener. Default: the console, quiet below warnings. */
  readonly logger?: Logger | undefined;
}

/**
 * Listens for a service's clients, for `serve`. Connections wait until they are
 * accepted, those of WebSocket before their upgrade, and count for
 * `maxUnproven`; further connections are closed, and so are those that still
 * wait after 10 s, or the `handshakeTimeoutMs` of `serve`, and when the
 * listener is closed.
 *
 * After `close`, `accept` rejects with an `InternodeError` of code `Closed`;
 * when the listener fails by itself, with its failure, once all that came
 * before is accepted.
 *
 * @param address Where: `"tcp://10.0.0.1:9000"`, `"tcp://:9000"` on all interfaces, `"unix:///run/cache.sock"`, `"ws://:80/path"`; or an endpoint. With port 0 the system chooses, and the listener's `address` shows which.
 * @param handlers The handlers of all connections, or a function that chooses those of a connection; if it throws, the connection is closed.
 * @param options Transports, and which connections to accept.
 * @returns The listener. Rejects with an `InternodeError` of code `InvalidArgument` or `Unreachable` that names the address and the reason.
 *
 * @example
 * ```ts
 * import { HandlerMap, listen } from "@internode/grid/call";
 * import { assertEquals } from "@std/assert";
 *
 * const listener = await listen("memory://cache", new HandlerMap());
 * assertEquals(listener.address, "memory://cache");
 * await listener.close();
 * ```
 */
export async function listen(
  address: string | NetEndpoint,
  handlers: HandlerMap | ((channel: Channel) => HandlerMap),
  options: ServiceListenOptions = {},
): Promise<ServiceListener> {
  const { transports } = optionsOf("listen", options);
  const endpoint = endpointOf(address, transportsOf(transports));
  if (endpoint.path.includes("?")) {
    throw invalidArgument(
      `Could not listen on ${endpoint}: a listener's path has no query. Leave out what follows the "?".`,
      { host: endpoint.address },
    );
  }
  const logger = loggerOf(options.logger);
  if (typeof handlers !== "function" && !(handlers instanceof HandlerMap)) {
    throw invalidArgument(
      `The handlers of a listener must be a HandlerMap or a function, not ${shown(handlers)}.`,
    );
  }
  const { transport } = endpoint, { authorize } = options;
  if (authorize !== undefined) func("authorize", authorize);
  const guarded = transport.guarded === true ||
    authorize !== undefined && (endpoint.net === "ws" || endpoint.net === "wss");
  const limiter = new ListenerLimiter(readHandshakeLimits(options));
  const taking = new TransportListener(
    endpoint.address,
    handlers,
    logger,
    guarded,
    transport,
    limiter,
  );
  const trail = auditTrailOf(auditOf(options.audit), endpoint.address, logger, systemClock);
  const log = new ListenerLog(endpoint.address, logger, systemClock, trail);
  const listener = await transport.listen(endpoint.host, {
    accept: (channel, name, slot) => {
      log.onAccepted();
      taking.take(channel, name, slot);
    },
    limiter,
    path: endpoint.path,
    allowOrigins: readOrigins(options.allowOrigins),
    allowHosts: readHosts(options.allowHosts),
    authorize: async (token, identity, remote) => {
      if (authorize === undefined) return await taking.authorize(token, identity, remote);
      const said = await judgementOf(authorize, token);
      if (said !== null) {
        trail?.onConnection({
          remote,
          caller: undefined,
          identity,
          code: "Unauthenticated",
          reason: said,
        });
      }
      return said;
    },
    ...(flag("sharePort", options.sharePort, false) && { sharePort: true }),
    onError: log.onError,
  });
  taking.start(listener, new NetEndpoint(listener.address, endpoint.path).address);
  log.local = taking.address;
  if (trail !== null) {
    trail.local = taking.address;
    const end = (): void => trail.close();
    promiseOf(() => listener.finished).then(end, end);
  }
  return taking;
}

/** A service's listener knows no peers by name: only `null` accepts. */
async function judgementOf(
  authorize: NonNullable<ServiceListenOptions["authorize"]>,
  token: string | null,
): Promise<string | null> {
  const said: unknown = await authorize(token);
  if (said === null || typeof said === "string") return said;
  throw new TypeError("option authorize must return null or a text");
}

function endpointOf(
  address: string | NetEndpoint,
  transports: Transports | undefined,
): NetEndpoint {
  if (typeof address === "string") return parseNetEndpoint(address, { transports });
  if (!(address instanceof NetEndpoint)) {
    throw invalidArgument(
      `A listener's endpoint must be a text or NetEndpoint, not ${shown(address)}.`,
    );
  }
  if (transports === undefined) return address;
  return new NetEndpoint(address.host, address.path, { transports });
}
