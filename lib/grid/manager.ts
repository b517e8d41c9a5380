/**
 * A node of the grid.
 *
 * @module
 */

import { about } from "../foreign/log_event.ts";
import { func, optionsOf } from "../foreign/option_checks.ts";
import { sentence, textOf } from "../foreign/text_of.ts";
import { promiseOf } from "../foreign/thenable.ts";
import { checkDiallable, parseNamedHost } from "../runtime/host_address.ts";
import type { ByteStream } from "../runtime/platform/byte_stream.ts";
import type { UpgradeRequest } from "../transport/websocket/socket_upgrades.ts";
import { QuietWait } from "../rpc/connecting/quiet_wait.ts";
import type { CallTrace } from "../rpc/tracing/call_trace.ts";
import { type CloseOptions, resolveGraceMs } from "../rpc/connecting/close_options.ts";
import type { Server } from "../rpc/connecting/server.ts";
import type { CallInFlight, CallsOptions } from "../rpc/contract/call_in_flight.ts";
import { type Inspectable, registerInspection } from "../rpc/inspection/inspectable.ts";
import type { Connection } from "./connection.ts";
import type { AnyContract, SingleContract, StreamContract } from "../rpc/contract/contract.ts";
import type { HandlerBundle } from "../rpc/contract/handler_bundle.ts";
import { Acceptor } from "./acceptor.ts";
import { GridInspection } from "./grid_inspection.ts";
import { GridNode } from "./grid_node.ts";
import { areDrained, tellGivenUp } from "../rpc/connecting/link_closing.ts";
import type {
  HandleOptions,
  SingleHandlerFunction,
  StreamHandlerFunction,
} from "../rpc/contract/handler.ts";
import type { AnyHandler } from "../rpc/serving/handler_table.ts";
import { type HostEntry, HostList, type ListedHost } from "./hosts/host_list.ts";
import { type HostsChange, Membership } from "./membership.ts";
import { NodeListener } from "./node_listener.ts";
import { type ManagerOptions, resolveOptions } from "./node_options.ts";
import { managerClosed, nodeCloses, peerCloses } from "./peer_errors.ts";
import { OwnServer, type UpgradeOptions } from "./own_server.ts";
import { PeerSet } from "./peer_set.ts";
import { untilAllConnected } from "./wait_for_all.ts";
import type { WaitOptions } from "./wait_for_connect.ts";

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
export class Manager implements AsyncDisposable, Inspectable {
  /** This host's canonical URL. */
  readonly local: string;

  readonly #node: GridNode;
  readonly #membership: Membership;
  readonly #peers: PeerSet;
  readonly #acceptor: Acceptor;
  readonly #ownServer: OwnServer;
  readonly #listener: NodeListener;
  readonly #inspection: GridInspection;
  #closed: Promise<void> | null = null;

  /**
   * Makes a node; it neither listens nor dials before {@linkcode Manager.listen}.
   *
   * @param options The hosts and the settings.
   * @throws {InternodeError} `InvalidArgument`, naming what is wrong: a malformed or repeated host, one that the others cannot dial (`tcp://0.0.0.0:9000`, port 0), `local` missing among them, a number out of range.
   */
  constructor(options: ManagerOptions) {
    const local = parseNamedHost(optionsOf("Manager", options).local);
    this.local = local.href;
    const node = this.#node = new GridNode(local, resolveOptions(options, local));
    this.#peers = new PeerSet(node);
    try {
      node.transport(node.options.listen);
      const { hosts } = options,
        check = (host: ListedHost): void => void node.transport(host.address);
      this.#membership = new Membership(hosts, this.local, node.options, check);
      if (options.listen !== undefined || !this.#membership.isFixed) checkDiallable(local);
    } catch (error) {
      void node.options.credentials?.close();
      throw error;
    }
    this.#peers.apply(this.#membership.list.changesSince(HostList.empty), 0);
    this.#acceptor = new Acceptor(node, this.#peers);
    this.#ownServer = new OwnServer(this.#node, this.#acceptor);
    this.#listener = new NodeListener(node, this.#acceptor);
    this.#inspection = new GridInspection({
      node,
      peers: this.#peers,
      acceptor: this.#acceptor,
      close: (options) => this.close(options),
    });
    registerInspection(this, this.#inspection);
    this.#inspection.begin();
    node.serving.face = this;
    this.#membership.onChange = (change, graceMs) => {
      node.admission.onChange(change);
      this.#peers.apply(change, graceMs);
      this.#acceptor.onPeersChange();
    };
  }

  /** The canonical URLs of all hosts that are listed at the moment, in their order, this one's among them once it is listed. Empty before a resolver has answered, which is asked from `listen` or `connect` on. */
  get hosts(): readonly string[] {
    return this.#membership.list.names;
  }

  /** The connections to all peers that there are at the moment, connected or not, in the order in which they were listed. */
  connections(): readonly Connection[] {
    return this.#peers.connections;
  }

  /**
   * Replaces the list of hosts, where the manager was made with a list. Who is
   * not on it any more is no peer: new calls to it end as `NotListed`, what runs
   * in both directions may finish within the grace time and ends as `GoingAway`
   * then, and the connection is closed. Who is new on it is a peer at once.
   *
   * @param hosts All hosts of the grid, `local` among them once: URLs, or names with addresses.
   * @param options The grace time of the hosts that leave. Default: option `leaveGraceMs`.
   * @returns What has changed.
   * @throws {InternodeError} `InvalidArgument`, with nothing changed, for a list that the constructor would refuse, where a resolver gives the hosts, or for a grace time out of range; `Closed` when the manager closes.
   *
   * @example A third node joins
   * ```ts
   * import { Manager } from "@internode/grid";
   * import { assertEquals } from "@std/assert";
   *
   * const hosts = ["memory://set-1", "memory://set-2"], more = [...hosts, "memory://set-3"];
   * await using one = new Manager({ local: hosts[0]!, hosts });
   * await using three = new Manager({ local: more[2]!, hosts: more });
   * await Promise.all([one.listen(), three.listen()]);
   *
   * assertEquals(one.setHosts(more).joined, ["memory://set-3"]);
   * await one.connection("memory://set-3").waitForConnect();
   * ```
   */
  setHosts(hosts: Iterable<string | HostEntry>, options: CloseOptions = {}): HostsChange {
    const graceMs = resolveGraceMs(options, this.#node.options.leaveGraceMs);
    if (this.#closed !== null) throw managerClosed();
    return this.#membership.set(hosts, graceMs);
  }

  /**
   * Calls back whenever hosts have joined or left the list, after `hosts` and
   * `connections()` have changed; not of an address alone, nor once it closes.
   *
   * @returns A function that ends that.
   */
  onHostsChange(listener: (change: HostsChange) => void): () => void {
    return this.#membership.subscribe(func("listener", listener));
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
  /** Takes a bundle of handlers, such as `admin` of `@internode/grid/admin`; see `Server.handle`. */
  handle<Options extends object>(bundle: HandlerBundle<Options>, options?: Options): void;
  handle(given: AnyContract | HandlerBundle<object>, second?: object, third?: HandleOptions): void {
    const { handlers, bundles, reach } = this.#node;
    const options = third === undefined ? {} : third;
    if (given?.kind !== "bundle") return handlers.add(given, second as AnyHandler, options);
    const guests = bundles.take(given, second === undefined ? {} : second, this.#inspection, reach);
    if (guests !== null) this.#acceptor.guests.open(guests);
  }

  /**
   * Starts to accept connections, at `local` or where option `listen` says, and to dial.
   *
   * @returns The server; closing it closes this manager. Its `address` has the port that the system chose where port 0 was asked for.
   * @throws {InternodeError} When the address cannot be listened at, or the manager is closed; `InvalidArgument` if other machines reach it and would need no proof, see `ManagerOptions.allowUnauthenticated`.
   */
  async listen(): Promise<Server<Connection>> {
    if (this.#closed !== null) throw managerClosed();
    const listener = await this.#listener.listen(), { logger } = this.#node.options;
    const finished = promiseOf<void>(() => listener.finished).then(() => this.#closed ?? undefined);
    finished.catch((error) =>
      logger.error(
        `The listener at ${this.local} ended unexpectedly: ${sentence(textOf(error))} ` +
          "Nobody can connect to this host until it listens again.",
        { event: "listener_failed", local: this.local, ...about(error) },
      )
    );
    this.connect();
    const peers = this.#peers, inspection = this.#inspection;
    inspection.address = listener.address.href;
    const server: Server<Connection> = {
      address: listener.address.href,
      get connections(): readonly Connection[] {
        return peers.connections;
      },
      finished,
      handle: (bundle, options) => this.handle(bundle, options),
      stats: () => inspection.stats(),
      calls: (options) => inspection.calls(options),
      close: (options) => this.close(options),
      [Symbol.asyncDispose]: (): Promise<void> => this.close(),
    };
    registerInspection(server, inspection);
    return server;
  }

  /** Starts to dial without accepting: for a node whose connections come in through {@linkcode Manager.upgrade}. Any number of calls. */
  connect(): void {
    this.#peers.start();
    this.#membership.start();
  }

  /**
   * Answers a WebSocket request in a server of the user's own that has
   * requests of the Fetch API, for a `ws` or `wss` local host: `Deno.serve`,
   * or `Bun.serve` with option `server`. The server chooses which requests
   * come here; the path is not looked at. With option `tls` nobody comes in
   * this way, as the server asks for no certificate; nor where `listen` would
   * refuse, as other machines reach `local` and no proof is asked for.
   *
   * @param request What the server was asked.
   * @param options What else the server knows of it.
   * @returns The answer: 101 if the caller may come in, else a refusal with its reason: 400, 401, 403, 421, 426 or 503; 501 without `server` on Node and Bun.
   * @throws {InternodeError} `InvalidArgument` for anything but a `Request`, or a `server` that cannot upgrade.
   */
  upgrade(request: Request, options: UpgradeOptions = {}): Response {
    return this.#ownServer.upgrade(request, options);
  }

  /**
   * Does what {@linkcode Manager.upgrade} does in a server of `node:http` or
   * `node:https`, on any runtime. The connection then has this library's own
   * WebSocket, as those of `listen` have. Whoever is refused gets the answer
   * over the connection: also 431, for a head of more than 8 KiB.
   *
   * @param request The first that the server's event `upgrade` gives.
   * @param socket The second; it belongs to the node from now on.
   * @param head The third.
   * @param options What else the server knows of the request.
   * @throws {InternodeError} `InvalidArgument` for anything else.
   *
   * @example
   * ```ts
   * import { createServer } from "node:http";
   * import { Manager } from "@internode/grid";
   *
   * const local = "ws://127.0.0.1:9020";
   * const grid = new Manager({ local, hosts: [local] });
   * const server = createServer((_request, response) => response.end("a page"));
   * server.on("upgrade", (request, socket, head) => grid.upgradeSocket(request, socket, head));
   * server.listen(9020, "127.0.0.1", () => grid.connect());
   *
   * await grid.close();
   * server.close();
   * ```
   */
  upgradeSocket(
    request: UpgradeRequest,
    socket: ByteStream,
    head: Uint8Array,
    options: Pick<UpgradeOptions, "remoteAddress"> = {},
  ): void {
    this.#ownServer.upgradeSocket(request, socket, head, options);
  }

  /**
   * The way to a peer, or to this node itself: calls of its own handlers go
   * through memory and are like all others, so that code over all `hosts` has
   * no special case. Whom `allow` rules see then is this node, by its own
   * certificate if option `tls` says which one that is.
   *
   * @param host Its URL, canonical or not.
   * @throws {InternodeError} `NotListed` for a host that is not a peer, `InvalidArgument` for what is no URL of a host.
   */
  connection(host: string): Connection {
    return this.#peers.connection(host, this.#membership.isKnown);
  }

  /**
   * Waits until it is known which hosts there are, and every peer is connected:
   * also those that join meanwhile, and none that leaves.
   *
   * @param options How long, and what ends the waiting.
   * @throws {InternodeError} `Unreachable` naming the first peer that is not connected in time.
   */
  waitForConnect(options: WaitOptions = {}): Promise<void> {
    return untilAllConnected(this.#peers, this.#membership, this.#node.options.clock, options);
  }

  /**
   * Shows each call, made or served, when it has ended; after the manager has
   * closed there is none. Costs nothing while there is no subscriber.
   *
   * @param subscriber Called with each; it must not throw.
   * @returns A function that ends that.
   */
  trace(subscriber: (call: CallTrace) => void): () => void {
    return this.#node.traces.subscribe(subscriber);
  }

  /**
   * The calls that have not ended, the oldest first: those that this node has
   * made and those that it serves, and handlers that still run although their
   * calls have ended. Nothing is kept for it: it costs what it takes to ask.
   *
   * @param options Which, and how many.
   * @throws {InternodeError} `InvalidArgument`, naming the option that is wrong.
   */
  calls(options: CallsOptions = {}): readonly CallInFlight[] {
    return this.#inspection.calls(options);
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

  async #close(graceMs: number): Promise<void> {
    const { clock, logger } = this.#node.options, peers = this.#peers;
    this.#node.closing = true;
    this.#membership.close();
    const listenerClosed = this.#listener.close();
    const reason = nodeCloses(this.local), links = [...peers.links, ...this.#acceptor.links];
    this.#node.serving.closing.abort(reason);
    peers.drain(reason);
    this.#acceptor.drain(reason);
    const { ended } = new QuietWait(clock, graceMs, links, () => areDrained(links) ? 0 : Infinity);
    if (!await ended) {
      tellGivenUp(logger, this.local, graceMs, links, this.#node.serving.running);
    }
    this.#ownServer.close();
    this.#acceptor.close(peerCloses());
    peers.close();
    const isGone = (): boolean => this.#acceptor.count === 0 && peers.isGone;
    const gone = new QuietWait(clock, Infinity, [], () => isGone() ? 0 : Infinity);
    this.#node.onGone = gone.look;
    await gone.ended;
    await listenerClosed;
    this.#node.bundles.close();
    this.#node.audit?.close();
    await this.#node.options.credentials?.close();
    this.#node.clientChain?.close(managerClosed());
    this.#inspection.close();
  }
}
