/**
 * The peers of a node, as its list of hosts changes.
 *
 * @module
 */

import { InternodeError } from "../errors.ts";
import type { Link } from "../driver/link.ts";
import { type HostAddress, parseHostAddress } from "../runtime/host_address.ts";
import { sumOfTraffic, type TrafficStats } from "../rpc/connecting/connection_stats.ts";
import { interceptCalls } from "../rpc/interceptors/intercept_calls.ts";
import { Connection } from "./connection.ts";
import { ConnectionBound } from "./connection_bound.ts";
import { dials } from "./dialler.ts";
import type { GridNode } from "./grid_node.ts";
import { GridPeer } from "./grid_peer.ts";
import type { HostListChange, ListedHost } from "./hosts/host_list.ts";
import { OwnPeer } from "./own_peer.ts";
import { departFrom } from "./peer_departure.ts";

/** A peer, and the way to it. */
interface Member {
  readonly peer: GridPeer;
  readonly connection: Connection;
}

/** Those that are listed, and those that finish what runs after they have left. */
export class PeerSet {
  readonly #node: GridNode;
  readonly #bound: ConnectionBound;
  readonly #present = new Map<string, Member>();
  readonly #leaving = new Set<GridPeer>();
  /** This node as its own peer, once it is asked for. */
  #own: Member | null = null;
  /** What the connections with those have counted of which nothing is left. */
  #past: TrafficStats = sumOfTraffic([]);
  #isStarted = false;
  #closed = false;

  constructor(node: GridNode) {
    this.#node = node;
    const { clock, maxConnections } = node.options;
    const bound = this.#bound = new ConnectionBound(clock, maxConnections, () => this.present);
    node.onConnected = () => bound.onConnected();
  }

  /** How many there are, this node itself left out. */
  get size(): number {
    return this.#present.size;
  }

  /** The names of those present. */
  get names(): readonly string[] {
    return [...this.#present.keys()];
  }

  /** The ways to those present, in the order in which they were listed. */
  get connections(): Connection[] {
    return Array.from(this.#present.values(), ({ connection }) => connection);
  }

  /** Those present. */
  get present(): GridPeer[] {
    return Array.from(this.#present.values(), ({ peer }) => peer);
  }

  /** All of which anything is left, this node itself among them if it was asked for. */
  get all(): GridPeer[] {
    const peers = [...this.#leaving, ...this.present];
    return this.#own === null ? peers : [...peers, this.#own.peer];
  }

  /** All connections of which anything is left. */
  get links(): Link[] {
    return this.all.flatMap(({ reconnector }) => reconnector.links);
  }

  /** How many connections of which anything is left; the one with this node itself has both its ends here. */
  get connectionCount(): number {
    const own = this.#own?.peer.reconnector.links.length ?? 0;
    return this.links.length - Math.floor(own / 2);
  }

  /** What the connections with all of them have counted, those included that have left. */
  traffic(): TrafficStats {
    return sumOfTraffic([
      this.#past,
      ...this.all.map(({ reconnector }) => reconnector.totals.traffic()),
    ]);
  }

  /** Whether no connection and no attempt at one is left. */
  get isGone(): boolean {
    return this.all.every(({ isGone }) => isGone);
  }

  /** The peer of that canonical name, if it is present. */
  get(name: string): GridPeer | undefined {
    return this.#present.get(name)?.peer;
  }

  /**
   * The way to a host.
   *
   * @param host Its URL, canonical or not.
   * @param isKnown Whether it is known who belongs to the grid.
   * @throws {InternodeError} `InvalidArgument` for what is no URL of a host, `NotListed` for a host that is no peer.
   */
  connection(host: string, isKnown: boolean): Connection {
    const known = this.#present.get(host);
    if (known !== undefined) return known.connection;
    const { href } = parseHostAddress(host), local = this.#node.local.href;
    if (href === local) return this.#ownConnection();
    const member = this.#present.get(href);
    if (member !== undefined) return member.connection;
    if (!isKnown) {
      throw new InternodeError(
        "NotListed",
        `${href} is not a peer of ${local} yet: the resolver has not said which hosts there are. ` +
          "Wait for it with manager.waitForConnect().",
        { origin: "caller", host: href },
      );
    }
    const peers = this.#present.size === 0 ? "it has none" : `they are ${this.names.join(", ")}`;
    throw new InternodeError(
      "NotListed",
      `${href} is not a peer of ${local}: its peers are the other hosts of its list, and ${peers}.`,
      { origin: "caller", host: href },
    );
  }

  /** Begins to connect to all. */
  start(): void {
    this.#isStarted = true;
    for (const peer of this.all) peer.start();
  }

  /**
   * Takes in who has joined, and lets go who has left.
   *
   * @param graceMs How long calls under way of those that left may take.
   */
  apply({ joined, left, moved }: HostListChange, graceMs: number): void {
    if (this.#closed) return;
    for (const name of left) this.#remove(name, graceMs);
    for (const host of joined) this.#join(host);
    for (const host of moved) this.get(host.name.href)?.move(host);
  }

  /** A host is a peer while it is connected, though it is not listed, unless it is a peer already. */
  admit(name: HostAddress): GridPeer {
    const known = this.get(name.href);
    if (known !== undefined) return known;
    const peer = this.#add({ name, address: name }), host = name.href;
    const { local, options: { logger } } = this.#node, fields = { host, local: local.href };
    logger.info(`${host} is admitted by its certificate.`, { event: "host_admitted", ...fields });
    peer.isAdmitted = true;
    peer.want();
    peer.onDown = () => {
      if (peer.isAdmitted) this.#remove(host, this.#node.options.leaveGraceMs);
    };
    return peer;
  }

  /** Takes no calls and makes no connections any more. */
  drain(reason: InternodeError): void {
    this.#closed = true;
    this.#bound.close();
    for (const peer of this.all) peer.drain(reason);
  }

  /** Ends everything. */
  close(): void {
    for (const peer of this.all) peer.close();
  }

  #join(host: ListedHost): void {
    const name = host.name.href, admitted = this.get(name);
    if (name === this.#node.local.href) return;
    if (admitted === undefined) return void this.#add(host);
    admitted.isAdmitted = false;
    admitted.move(host);
  }

  #add(host: ListedHost): GridPeer {
    const local = this.#node.local.href, name = host.name.href;
    const { onDemand } = this.#node.options;
    const peer = new GridPeer(this.#node, host, dials(local, name), onDemand);
    const connection = this.#connectionTo(peer, () => this.get(name));
    this.#present.set(name, { peer, connection });
    if (this.#isStarted) peer.start();
    return peer;
  }

  #remove(name: string, graceMs: number): void {
    const peer = this.get(name);
    if (peer === undefined) return;
    this.#present.delete(name);
    this.#leaving.add(peer);
    departFrom(peer, graceMs, this.#node).then(() => {
      this.#leaving.delete(peer);
      this.#past = sumOfTraffic([this.#past, peer.reconnector.totals.traffic()]);
    });
  }

  #connectionTo(peer: GridPeer, present: () => GridPeer | undefined): Connection {
    const node = this.#node, { clientChain } = node;
    const connection = new Connection(node, peer, present);
    if (clientChain !== null) {
      const { defaultTimeoutMs } = node.options;
      interceptCalls(connection, clientChain, peer.host, defaultTimeoutMs, (contract) => contract);
    }
    return connection;
  }

  #ownConnection(): Connection {
    if (this.#own === null) {
      const peer = new OwnPeer(this.#node);
      this.#own = { peer, connection: this.#connectionTo(peer, () => undefined) };
      if (this.#closed) peer.close();
      else if (this.#isStarted) peer.start();
    }
    return this.#own.connection;
  }
}
