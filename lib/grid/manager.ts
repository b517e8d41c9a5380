/**
 * A node of the grid.
 *
 * @module
 */

import { unproven } from "../session/frames/wire_error.ts";
import { InternodeError, invalidArgument } from "../errors.ts";
import { about } from "../foreign/log_event.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import { promiseOf } from "../foreign/thenable.ts";
import {
  checkDiallable,
  type HostAddress,
  parseHostAddress,
  parseNamedHost,
} from "../runtime/host_address.ts";
import type { Listener } from "../transport/channel/transport.ts";
import { upgradeWebSocket } from "../transport/websocket/web_socket_upgrade.ts";
import { QuietWait } from "../rpc/connecting/quiet_wait.ts";
import type { CallTrace } from "../rpc/tracing/call_trace.ts";
import { type CloseOptions, resolveGraceMs } from "../rpc/connecting/close_options.ts";
import { type ServerStats, sumOfTraffic } from "../rpc/connecting/connection_stats.ts";
import type { Server } from "../rpc/connecting/server.ts";
import { closeListener } from "./close_listener.ts";
import { Connection } from "./connection.ts";
import type { AnyContract, SingleContract, StreamContract } from "../rpc/contract/contract.ts";
import { dials } from "./dialler.ts";
import { Acceptor } from "./acceptor.ts";
import { exposedListenerError } from "../rpc/proof/acceptor_policy.ts";
import { GridNode } from "./grid_node.ts";
import { areDrained, tellGivenUp } from "../rpc/connecting/link_closing.ts";
import type {
  HandleOptions,
  SingleHandlerFunction,
  StreamHandlerFunction,
} from "../rpc/contract/handler.ts";
import type { AnyHandler } from "../rpc/serving/handler_table.ts";
import { type ManagerOptions, resolveOptions } from "./node_options.ts";
import { nodeCloses, peerCloses } from "./peer_errors.ts";
import { OwnPeer } from "./own_peer.ts";
import { GridPeer } from "./grid_peer.ts";
import type { WaitOptions } from "./wait_for_connect.ts";

/** What a server of the user's own knows of a request for {@linkcode Manager.upgrade}. */
export interface UpgradeOptions {
  /** The IP address that it comes from, for `maxUnprovenPerAddress`: `info.remoteAddr.hostname` of `Deno.serve`, or what a proxy that is trusted says. Default: it counts towards no address. */
  readonly remoteAddress?: string | undefined;
}

/**
 * A node: it knows its own host and its peers, has one connection with each
 * of them, serves its handlers and makes calls.
 *
 * @example
 * ```ts
 * import { Manager, sharedSecret, single } from "@internode/grid";
 * import * as t from "@internode/grid/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const add = single("add", {
 *   request: t.record({ a: t.int(), b: t.int() }),
 *   response: t.int(),
 * });
 * const hosts = ["memory://sum-1", "memory://sum-2"];
 * const auth = sharedSecret("a secret of at least 16 bytes");
 *
 * await using one = new Manager({ local: hosts[0]!, hosts, auth });
 * await using two = new Manager({ local: hosts[1]!, hosts, auth });
 * two.handle(add, ({ a, b }) => a + b);
 * await Promise.all([one.listen(), two.listen()]);
 * await one.waitForConnect();
 * assertEquals(await one.connection(hosts[1]!).request(add, { a: 1, b: 2 }), 3);
 * ```
 */
export class Manager implements AsyncDisposable {
  /** This host's canonical URL. */
  readonly local: string;
  /** All hosts' canonical URLs, this one's included, in the order given. */
  readonly hosts: readonly string[];
  /** The connections to all peers, in the order of `hosts`. */
  readonly connections: readonly Connection[];

  readonly #node: GridNode;
  readonly #peers = new Map<string, GridPeer>();
  readonly #byHost = new Map<string, Connection>();
  readonly #acceptor: Acceptor;
  /** This node as its own peer, once it is asked for. */
  #own: { readonly peer: GridPeer; readonly connection: Connection } | null = null;
  #listener: Promise<Listener> | null = null;
  #closed: Promise<void> | null = null;
  /** Whether it dials. */
  #isStarted = false;

  /**
   * Makes a node; it neither listens nor dials before {@linkcode Manager.listen}.
   *
   * @param options The hosts and the settings.
   * @throws {InternodeError} `InvalidArgument`, naming what is wrong: a malformed or repeated host, one that the others cannot dial (`tcp://0.0.0.0:9000`, port 0), `local` missing among them, a number out of range.
   */
  constructor(options: ManagerOptions) {
    const local = parseNamedHost(options.local);
    const addresses = [...options.hosts].map(parseNamedHost);
    if (addresses.length > 1) addresses.forEach(checkDiallable);
    this.local = local.href;
    this.hosts = addresses.map(({ href }) => href);
    this.#node = new GridNode(local, resolveOptions(options));
    try {
      this.connections = this.#meet(addresses);
    } catch (error) {
      void this.#node.options.credentials?.close();
      throw error;
    }
    this.#acceptor = new Acceptor(this.#node, this.#peers);
  }

  /**
   * Registers a handler for single requests.
   *
   * @param contract What both sides agreed on.
   * @param handler Serves the requests; see `SingleHandlerFunction`.
   * @param options Subroutes, concurrency, and who may call.
   * @throws {InternodeError} `InvalidArgument` if the name is taken.
   */
  handle<Request, Response>(
    contract: SingleContract<Request, Response>,
    handler: SingleHandlerFunction<Request, Response>,
    options?: HandleOptions,
  ): void;
  /**
   * Registers a handler for streams.
   *
   * @param contract What both sides agreed on.
   * @param handler Serves the streams; see `StreamHandlerFunction`.
   * @param options Subroutes, concurrency, and who may call.
   * @throws {InternodeError} `InvalidArgument` if the name is taken.
   */
  handle<Initial, Input, Output>(
    contract: StreamContract<Initial, Input, Output>,
    handler: StreamHandlerFunction<Initial, Input, Output>,
    options?: HandleOptions,
  ): void;
  handle(contract: AnyContract, handler: unknown, options: HandleOptions = {}): void {
    this.#node.handlers.add(contract, handler as AnyHandler, options);
  }

  /**
   * Starts to accept connections at `local`, and to dial.
   *
   * @returns The server; closing it closes this manager.
   * @throws {InternodeError} When the address cannot be listened at, or the manager is closed; `InvalidArgument` if other machines reach it and would need no proof, see `ManagerOptions.allowUnauthenticated`.
   */
  async listen(): Promise<Server<Connection>> {
    if (this.#closed !== null) {
      throw new InternodeError("Closed", "This manager is closed.", { origin: "caller" });
    }
    if (this.#listener !== null) throw invalidArgument("This manager is already listening.");
    const { options, local } = this.#node;
    const exposed = this.#exposedListenerError();
    if (exposed !== null) throw exposed;
    const accepting = this.#node.transport(local).listen(local, {
      accept: (channel, name, slot) => this.#acceptor.accept(channel, name, slot),
      limiter: this.#acceptor.limiter,
      path: options.path,
      allowOrigins: options.allowOrigins,
      allowHosts: options.allowHosts,
      authorize: (...asked) => this.#acceptor.authorize(...asked),
      onError: this.#acceptor.log.onError,
    });
    this.#listener = accepting;
    let listener: Listener;
    try {
      listener = await accepting;
    } catch (error) {
      this.#listener = null;
      throw error;
    }
    const finished = promiseOf<void>(() => listener.finished).then(() => this.#closed ?? undefined);
    finished.catch((error) =>
      options.logger.error(
        `The listener at ${this.local} ended unexpectedly: ${sentence(textOf(error))} ` +
          "Nobody can connect to this host until it listens again.",
        { event: "listener_failed", local: this.local, ...about(error) },
      )
    );
    this.connect();
    return {
      address: listener.address.href,
      connections: this.connections,
      finished,
      stats: () => this.#stats(),
      close: (options) => this.close(options),
      [Symbol.asyncDispose]: (): Promise<void> => this.close(),
    };
  }

  /** Starts to dial without accepting: for a node whose connections come in through {@linkcode Manager.upgrade}. Any number of calls. */
  connect(): void {
    this.#isStarted = true;
    for (const peer of this.#allPeers()) peer.start();
  }

  /**
   * Answers a WebSocket request in a server of the user's own, for a `ws` or
   * `wss` local host. The server chooses which requests come here; the path
   * is not looked at. With option `tls` nobody comes in this way, as the
   * runtime's own server asks for no certificate; nor where `listen` would
   * refuse, as other machines reach `local` and no proof is asked for.
   *
   * @param request What the server was asked.
   * @param options What else the server knows of it.
   * @returns The answer: 101 if the caller may come in, else a refusal with its reason; 503 once this manager closes, 501 on Node and Bun, whose servers cannot be joined yet.
   */
  upgrade(request: Request, options: UpgradeOptions = {}): Response {
    const { mutualTls, logger, allowOrigins, allowHosts } = this.#node.options;
    if (this.#closed !== null) {
      return new Response("This host is closing and accepts no connections.\n", { status: 503 });
    }
    const exposed = this.#exposedListenerError(), remote = options.remoteAddress;
    return upgradeWebSocket(request, {
      allowOrigins,
      allowHosts,
      hostname: this.#node.local.hostname,
      onRefused: (why) =>
        this.#acceptor.log.onRefused({ code: "PermissionDenied", why }, { remote }),
      accept: (channel, name, slot) => this.#acceptor.accept(channel, name, slot),
      limiter: this.#acceptor.limiter,
      address: remote,
      onError: this.#acceptor.log.onError,
      authorize: (token) => {
        if (mutualTls) {
          const why = "This host accepts connections by mutual TLS only.";
          this.#acceptor.log.onRefused(unproven(why), { remote });
          return why;
        }
        if (exposed === null) return this.#acceptor.authorize(token, undefined, remote);
        logger.error(exposed.message, {
          event: "listener_unauthenticated",
          local: this.local,
          ...about(exposed),
        });
        return exposed.message;
      },
    });
  }

  /**
   * The way to a peer, or to this node itself: calls of its own handlers go
   * through memory and are like all others, so that code over all `hosts` has
   * no special case. Whom `allow` rules see then is this node, by its own
   * certificate if option `tls` says which one that is.
   *
   * @param host Its URL, canonical or not.
   * @throws {InternodeError} `InvalidArgument` for a host that is not a peer.
   */
  connection(host: string): Connection {
    const connection = this.#byHost.get(host) ?? this.#byHost.get(parseHostAddress(host).href);
    if (connection !== undefined) return connection;
    if (parseHostAddress(host).href === this.local) return this.#ownConnection();
    throw invalidArgument(
      `${host} is not a peer of ${this.local}; its peers are: ${
        [...this.#byHost.keys()].join(", ")
      }.`,
    );
  }

  /**
   * Waits until every peer is connected.
   *
   * @param options How long, and what ends the waiting.
   * @throws {InternodeError} `Unreachable` naming the first peer that is not connected in time.
   */
  async waitForConnect(options: WaitOptions = {}): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.waitForConnect(options)));
  }

  /**
   * Shows each call, made or served, when it has ended. Costs nothing while
   * there is no subscriber.
   *
   * @param subscriber Called with each; it must not throw.
   * @returns A function that ends that.
   */
  trace(subscriber: (call: CallTrace) => void): () => void {
    return this.#node.traces.subscribe(subscriber);
  }

  /**
   * Closes the node: accepts nothing new, asks handlers to end soon
   * (`context.closing`), lets the calls under way finish and their answers
   * arrive within the grace time, says goodbye to its peers. When it resolves,
   * everything has arrived, or the grace time is over and a warning counts what
   * was given up; nothing of the node is open any more. It takes at most
   * `graceMs` and 2 seconds. Any number of calls; all of them wait for the end.
   *
   * @param options The grace time.
   * @returns Resolves when all that is done. Rejects with `InvalidArgument`, and closes nothing, for a grace time out of range.
   */
  // deno-lint-ignore require-await -- what is thrown becomes the rejection
  async close(options: CloseOptions = {}): Promise<void> {
    const graceMs = resolveGraceMs(options);
    return this.#closed ??= this.#close(graceMs);
  }

  /** Closes the node with the default grace time. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Makes the connections to all peers. */
  #meet(addresses: readonly HostAddress[]): Connection[] {
    const { local } = this.#node;
    this.#node.transport(local);
    const seen = new Set<string>();
    const connections: Connection[] = [];
    for (const address of addresses) {
      const { href } = address;
      if (seen.has(href)) throw invalidArgument(`Host ${href} is listed twice.`);
      seen.add(href);
      if (href === local.href) continue;
      this.#node.transport(address);
      const peer = new GridPeer(this.#node, address, dials(local.href, href));
      const connection = new Connection(this.#node, peer);
      this.#peers.set(href, peer);
      this.#byHost.set(href, connection);
      connections.push(connection);
    }
    if (seen.has(local.href)) return connections;
    throw invalidArgument(`The local host ${local.href} is not among the hosts.`);
  }

  #stats(): ServerStats {
    const reconnectors = this.#allPeers().map(({ reconnector }) => reconnector);
    const links = reconnectors.flatMap(({ links }) => links);
    return {
      ...sumOfTraffic(reconnectors.map(({ totals }) => totals.traffic())),
      connections: this.#acceptor.count + links.length,
      runningCalls: this.#node.serving.running,
    };
  }

  #allPeers(): GridPeer[] {
    const peers = [...this.#peers.values()];
    return this.#own === null ? peers : [...peers, this.#own.peer];
  }

  #ownConnection(): Connection {
    if (this.#own === null) {
      const peer = new OwnPeer(this.#node);
      this.#own = { peer, connection: new Connection(this.#node, peer) };
      if (this.#closed !== null) peer.close();
      else if (this.#isStarted) peer.start();
    }
    return this.#own.connection;
  }

  /** Why connections cannot be accepted here. */
  #exposedListenerError(): InternodeError | null {
    const { local, options } = this.#node;
    const guarded = this.#node.transport(local).guarded === true;
    return exposedListenerError(local, { ...options, guarded }, "option tls (mutual TLS)");
  }

  async #close(graceMs: number): Promise<void> {
    const { clock, logger } = this.#node.options;
    this.#node.closing = true;
    const listenerClosed = closeListener(this.#listener, this.local, this.#node.options);
    const peers = this.#allPeers();
    const links = peers.flatMap(({ reconnector }) => reconnector.links);
    const reason = nodeCloses(this.local);
    this.#node.serving.closing.abort(reason, this.#node.serving.logger);
    for (const peer of peers) peer.drain(reason);
    const { ended } = new QuietWait(clock, graceMs, links, () => areDrained(links) ? 0 : Infinity);
    if (!await ended) {
      tellGivenUp(logger, this.local, graceMs, links, this.#node.serving.running);
    }
    this.#acceptor.close(peerCloses());
    for (const peer of peers) peer.close();
    const isGone = (): boolean =>
      this.#acceptor.count === 0 && peers.every(({ reconnector }) => reconnector.isGone);
    const gone = new QuietWait(clock, Infinity, [], () => isGone() ? 0 : Infinity);
    this.#node.onGone = gone.look;
    await gone.ended;
    await listenerClosed;
    this.#node.audit?.close();
    await this.#node.options.credentials?.close();
  }
}
