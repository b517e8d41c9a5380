/**
 * The state that all parts of a simulated network share.
 *
 * @module
 */

import type { ListenOptions } from "../../transport/channel/transport.ts";
import type { History } from "./history.ts";
import { DEFAULT_LINK, Link, type LinkContext, type LinkOptions, type LinkPlace } from "./link.ts";
import type { SeededRandom } from "../time/seeded_random.ts";
import { SimulatedHost } from "./simulated_host.ts";
import type { VirtualClock } from "../time/virtual_clock.ts";

/** How channels of a simulated network behave. */
export interface ChannelOptions {
  /** What dialling gives: byte streams as of TCP, whole messages as of WebSocket, or either at random. Default: `"bytes"`. */
  channels: "bytes" | "messages" | "mixed";
  /** Whether byte streams arrive cut at random places or as they were sent. Default: `"random"`. */
  pieces: "random" | "whole";
  /** How many bytes a connection holds in one direction before its sender must wait. Default: 262,144. */
  bufferBytes: number;
  /** Whether byte channels claim, truly, that no byte arrives changed, whatever the link's corruption. Default: `false`. */
  integrity: boolean;
  /** How probably a reset discards bytes that arrived before it but were not read. Default: 0.5. */
  resetDropsUnread: number;
}

/** Somebody who accepts connections at an address. */
export interface ListenerRecord {
  readonly host: SimulatedHost;
  readonly options: ListenOptions;
}

/** Hosts, links, listeners, random numbers and the log. */
export class NetworkCore implements LinkContext {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly history: History;
  readonly options: Readonly<ChannelOptions>;
  /** The options of links that have none of their own. */
  defaults: Readonly<LinkOptions> = DEFAULT_LINK;
  /** By host URL. */
  readonly hosts: Map<string, SimulatedHost> = new Map();
  /** By address. */
  readonly listeners: Map<string, ListenerRecord> = new Map();
  /** Whether bytes of the first side still reach the others while a partition lasts. */
  oneWayPartition = false;
  #connections = 0;

  constructor(
    clock: VirtualClock,
    random: SeededRandom,
    history: History,
    options: Readonly<ChannelOptions>,
  ) {
    this.clock = clock;
    this.random = random;
    this.history = history;
    this.options = options;
  }

  /** The host of that URL; made when it is first named. */
  host(href: string): SimulatedHost {
    let host = this.hosts.get(href);
    if (host === undefined) {
      host = new SimulatedHost(href);
      this.hosts.set(href, host);
    }
    return host;
  }

  /** The link from one host to another; made when it is first needed. */
  link(from: SimulatedHost, to: SimulatedHost): Link {
    let link = from.links.get(to);
    if (link === undefined) {
      link = new Link(from, to, this);
      from.links.set(to, link);
    }
    return link;
  }

  /** Whether a partition keeps bytes of the one host from the other. */
  isCut(from: LinkPlace, to: LinkPlace): boolean {
    return from.side !== to.side && !(this.oneWayPartition && from.side === 1);
  }

  /** Lets everything go on that nothing blocks any more. */
  kickAll(): void {
    for (const host of this.hosts.values()) for (const link of host.links.values()) link.kick();
  }

  /** Numbers a new connection. */
  nextConnection(): number {
    return ++this.#connections;
  }

  /** Adds to the log. */
  note(kind: string, from = "", to = "", detail: number | string = ""): void {
    this.history.add(this.clock.elapsedMs, kind, from, to, detail);
  }
}
