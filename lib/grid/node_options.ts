/**
 * The settings of a node.
 *
 * @module
 */

import type { HostSource } from "./hosts/host_list.ts";
import { type HostAddress, parseHostAddress } from "../runtime/host_address.ts";
import { shown } from "../foreign/text_of.ts";
import { readHosts } from "../transport/websocket/allowed_hosts.ts";
import { readOrigins } from "../transport/websocket/allowed_origins.ts";
import {
  type HandshakeLimits,
  readHandshakeLimits,
} from "../transport/channel/listener_limiter.ts";
import { identityOf } from "../transport/certificates/certificate_judge.ts";
import type { PeerIdentity } from "../transport/channel/peer_identity.ts";
import type { MtlsConfig, MtlsFileConfig } from "../transport/certificates/mtls_config.ts";
import { MtlsCredentials } from "../transport/certificates/mtls_credentials.ts";
import { mtlsTransports } from "../transport/mtls/mtls_transport.ts";
import type { Transports } from "../transport/channel/transport.ts";
import { systemTransports, transportsOf } from "../transport/transports.ts";
import type { AllowRule } from "../rpc/contract/allow.ts";
import type { Audit } from "../rpc/contract/audit.ts";
import type { ClientCall, Interceptors, ServerCall } from "../rpc/contract/interceptor.ts";
import { type Chain, chainsOf } from "../rpc/interceptors/interceptor_chain.ts";
import { auditOf } from "../rpc/connecting/audit_trail.ts";
import {
  type BackOffOptions,
  DEFAULT_BACK_OFF,
  resolveBackOff,
} from "../rpc/connecting/back_off.ts";
import { DEFAULT_GRACE_MS, graceOf } from "../rpc/connecting/close_options.ts";
import {
  type ConnectionOptions,
  type ConnectionSettings,
  resolveConnectionOptions,
} from "../rpc/connecting/connection_options.ts";
import { fields, flag, invalidOption, positive } from "../foreign/option_checks.ts";

/** What a `Manager` is made from. */
export interface ManagerOptions extends ConnectionOptions, HandshakeLimits {
  /** This host's URL, by which its peers know it: `tcp://10.0.0.1:9000`, `ws://…`, `unix:///run/grid.sock`. Certificates prove it. */
  readonly local: string;
  /** The URL at which this node listens, where that is not its name: all interfaces (`tcp://0.0.0.0:9000`), a port that the system chooses (`tcp://127.0.0.1:0`; `Server.address` says which), or behind a mapped port. Default: `local`. */
  readonly listen?: string | undefined;
  /**
   * The hosts of the grid. A list of URLs, or of names with addresses where these
   * differ; `local` must be on it once, and {@linkcode Manager.setHosts} replaces
   * it. Or a resolver, whose endpoints are hosts by their `name`, else by their
   * `address`, without the request path of WebSocket endpoints; they are dialled
   * by this node's own `transports`. `local` need not be among these. Hosts that a
   * resolver takes out have `leaveGraceMs` to finish what runs.
   */
  readonly hosts: HostSource;
  /**
   * Admits hosts that are not listed yet, by their certificates: a rule such as
   * `allowNames("*.storage.example")`. It needs mutual TLS. A host that is admitted
   * is a peer, in `connections()` though not in `hosts`, for as long as it is
   * connected, or once it is listed. A host that was taken off the list is not
   * admitted before it is listed again. The rule is asked at each handshake;
   * anything but `true` refuses. A node with this option also makes itself known to
   * listed hosts that are to dial it and do not. Default: only listed hosts are
   * peers.
   */
  readonly admit?: AllowRule | undefined;
  /**
   * When connections are made: `"all"`: with each peer, at once; `"onDemand"`: with
   * a peer that is called, for grids so large that most pairs never talk. While it
   * is not the same on all hosts, the first calls between two hosts may wait for 1
   * to 2 seconds. Default: `"all"`.
   */
  readonly connect?: "all" | "onDemand" | undefined;
  /** With `connect: "onDemand"`: how many connections may be open. Of more, idle ones are closed, those first that were not used for the longest time; those that have calls stay. Default: `Infinity`. */
  readonly maxConnections?: number | undefined;
  /** How long what runs with a host that leaves the list may take, in milliseconds: where a resolver takes it out, and where `setHosts` says nothing else. 0 for no time, `Infinity` for as long as it needs. Default: 5,000. */
  readonly leaveGraceMs?: number | undefined;
  /** The request path of WebSocket hosts. Default: `"/internode"`. */
  readonly path?: string | undefined;
  /** The origins of web pages that may connect to a WebSocket host, such as `"https://app.example"`, or `"*"` for all; also by `upgrade`. A browser lets any page connect to what its machine reaches, and no node says an origin. Others get status 403. Default: none. */
  readonly allowOrigins?: readonly string[] | undefined;
  /** The host names by which a WebSocket host may be asked for beside its own, such as the public name that a reverse proxy passes on: `"grid.example"`, without a port, or `"*"` for all; also by `upgrade`. `localhost` and IP addresses need not be named. Others get status 421, as a web page can have a name of its own stand for this machine (DNS rebinding). Default: none. */
  readonly allowHosts?: readonly string[] | undefined;
  /** How long a request may take unless it says otherwise, in milliseconds. Default: 60,000. */
  readonly defaultTimeoutMs?: number | undefined;
  /** How long one attempt to connect may take, in milliseconds; also how long the first calls wait at most for a peer that dials. Default: 10,000. */
  readonly dialTimeoutMs?: number | undefined;
  /** How reconnecting slows down. Default: see `BackOffOptions`. */
  readonly reconnect?: Partial<BackOffOptions> | undefined;
  /** How hosts are reached. Default: `systemTransports()`; with `tls` it must not be given. */
  readonly transports?: Transports | undefined;
  /**
   * Mutual TLS for all hosts, which must be of kinds that `mtlsTransports` has:
   * no peer comes or is dialled unless its certificate is trusted here and
   * proves that it is the host by whose URL it calls itself. Default: none.
   *
   * A certificate proves the hosts whose whole URLs, such as
   * `tls://10.0.0.1:9000` or `unix:///run/grid.sock`, stand among its names as
   * URIs, exactly as `manager.hosts` has them, and no others. If it bears no
   * host's URL, it proves all hosts at its DNS names and IP addresses, whatever
   * their port; so nodes that share a machine, and those on Unix sockets, need
   * URLs. It must be good for TLS servers and for TLS clients.
   *
   * Certificates in files are read again whenever these change, see
   * `MtlsCredentials`; credentials that are given stay open when the manager
   * closes.
   *
   * @example A node of a grid that nobody enters without a certificate
   * ```ts
   * import { Manager } from "@internode/grid";
   *
   * async function openNode(hosts: readonly string[], index: number, folder: string) {
   *   const cert = await Deno.readTextFile(`${folder}/node.pem`);
   *   const key = await Deno.readTextFile(`${folder}/node.key`);
   *   const ca = await Deno.readTextFile(`${folder}/authority.pem`);
   *   return new Manager({ local: hosts[index]!, hosts, tls: { cert, key, ca } });
   * }
   * const hosts = ["tls://node-1.example:9000", "tls://node-2.example:9000"];
   * await openNode(hosts, 0, "/nowhere").catch((error) => console.log(error.message));
   * ```
   */
  readonly tls?: MtlsConfig | MtlsFileConfig | MtlsCredentials | undefined;
  /** Run around the calls that this node makes, and around its handlers; see `ClientInterceptor` and `ServerInterceptor`. Default: none, at no cost. */
  readonly interceptors?: Interceptors | undefined;
  /** Hears of each connection and each call that this node refuses, within bounds; see `Audit`. Default: no audit. The log reports refused connections in any case. */
  readonly audit?: Audit | undefined;
  /**
   * Whether this node may listen where other machines reach it though it asks
   * nobody for proof, having neither option `auth` nor `tls`, nor a transport
   * that is `guarded`. All connections are accepted then. Without it such a node
   * listens on `127.0.0.0/8`, `[::1]`, `localhost`, Unix sockets (whose
   * directory decides who may connect) and in memory only. Default: `false`.
   */
  readonly allowUnauthenticated?: boolean | undefined;
}

/** The same with everything filled in. */
export interface NodeOptions extends ConnectionSettings {
  /** See {@linkcode ManagerOptions}. */
  readonly listen: HostAddress;
  /** See {@linkcode ManagerOptions}. */
  readonly admit: AllowRule | null;
  /** Whether connections are made when they are needed. */
  readonly onDemand: boolean;
  /** See {@linkcode ManagerOptions}. */
  readonly maxConnections: number;
  /** See {@linkcode ManagerOptions}. */
  readonly leaveGraceMs: number;
  /** See {@linkcode ManagerOptions}. */
  readonly path: string;
  /** See {@linkcode ManagerOptions}. */
  readonly allowOrigins: readonly string[];
  /** See {@linkcode ManagerOptions}. */
  readonly allowHosts: readonly string[];
  /** See {@linkcode ManagerOptions}. */
  readonly handshakeLimits: HandshakeLimits;
  /** See {@linkcode ManagerOptions}. */
  readonly defaultTimeoutMs: number;
  /** See {@linkcode ManagerOptions}. */
  readonly dialTimeoutMs: number;
  /** See {@linkcode ManagerOptions}. */
  readonly reconnect: BackOffOptions;
  /** See {@linkcode ManagerOptions}. */
  readonly transports: Transports;
  /** See {@linkcode ManagerOptions}. */
  readonly allowUnauthenticated: boolean;
  /** See {@linkcode ManagerOptions}. */
  readonly audit: Audit | null;
  /** See {@linkcode ManagerOptions}; `null` if there are none. */
  readonly clientChain: Chain<ClientCall> | null;
  /** See {@linkcode ManagerOptions}; `null` if there are none. */
  readonly serverChain: Chain<ServerCall> | null;
  /** What the node itself has made of option `tls`, and closes. */
  readonly credentials: MtlsCredentials | null;
  /** Who this node is by its own certificate; `null` where option `tls` does not say. */
  readonly ownIdentity: (() => PeerIdentity | undefined) | null;
  /** Whether peers are nobody without a certificate. */
  readonly mutualTls: boolean;
}

/**
 * Fills in what is missing and checks the numbers.
 *
 * @param local This host's URL.
 * @throws {InternodeError} `InvalidArgument`, naming the option.
 */
export function resolveOptions(given: ManagerOptions, local: HostAddress): NodeOptions {
  const { path = "/internode" } = given;
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw invalidOption("path", `must begin with "/", not ${shown(path)}`);
  }
  const tls = fields("tls", given.tls), transports = transportsOf(given.transports);
  if (tls !== undefined && transports !== undefined) {
    throw invalidOption(
      "tls",
      "cannot be combined with option transports: " +
        "leave one out, or give only transports, with mtlsTransports among them",
    );
  }
  const { client: clientChain, server: serverChain } = chainsOf(given.interceptors);
  const settings = {
    clientChain,
    serverChain,
    ...resolveConnectionOptions(given),
    listen: given.listen === undefined ? local : parseHostAddress(given.listen),
    admit: readAdmit(given),
    onDemand: readConnect(given) === "onDemand",
    maxConnections: given.maxConnections ?? Infinity,
    leaveGraceMs: graceOf("leaveGraceMs", given.leaveGraceMs, DEFAULT_GRACE_MS),
    path,
    allowOrigins: readOrigins(given.allowOrigins),
    allowHosts: readHosts(given.allowHosts),
    handshakeLimits: readHandshakeLimits(given),
    defaultTimeoutMs: positive("defaultTimeoutMs", given.defaultTimeoutMs, 60_000),
    dialTimeoutMs: positive("dialTimeoutMs", given.dialTimeoutMs, 10_000),
    reconnect: resolveBackOff("reconnect", DEFAULT_BACK_OFF, given.reconnect),
    audit: auditOf(given.audit),
    allowUnauthenticated: flag("allowUnauthenticated", given.allowUnauthenticated, false),
  };
  const { logger, clock } = settings;
  // Last, as it may begin to watch files.
  const credentials = tls === undefined || tls instanceof MtlsCredentials
    ? null
    : new MtlsCredentials(tls, { logger, clock });
  const source = credentials ?? tls as MtlsCredentials | undefined;
  return {
    ...settings,
    credentials,
    mutualTls: tls !== undefined,
    ownIdentity: source === undefined ? null : () => identityOf(source.current.cert),
    transports: source === undefined ? transports ?? systemTransports() : mtlsTransports(source),
  };
}

function readAdmit({ admit, tls, transports }: ManagerOptions): AllowRule | null {
  if (admit === undefined) return null;
  if (typeof admit !== "function") {
    throw invalidOption("admit", `must be a rule, such as of allowNames, not ${shown(admit)}`);
  }
  if (tls !== undefined || transports !== undefined) return admit;
  throw invalidOption("admit", "needs mutual TLS (option tls), as it admits by certificate");
}

function readConnect({ connect = "all", maxConnections }: ManagerOptions): "all" | "onDemand" {
  if (connect !== "all" && connect !== "onDemand") {
    throw invalidOption("connect", `must be "all" or "onDemand", not ${shown(connect)}`);
  }
  if (maxConnections === undefined) return connect;
  if (connect === "all") {
    throw invalidOption("maxConnections", 'needs connect: "onDemand", as all are connected else');
  }
  if (maxConnections === Infinity || Number.isInteger(maxConnections) && maxConnections > 0) {
    return connect;
  }
  throw invalidOption(
    "maxConnections",
    `must be a whole number above 0, not ${shown(maxConnections)}`,
  );
}
