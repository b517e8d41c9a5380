/**
 * A network that lives in memory and on virtual time.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import type { Transport } from "../../transport/channel/transport.ts";
import { parseHostAddress } from "../../runtime/host_address.ts";
import type { CrashKind } from "./simulated_host.ts";
import { History } from "./history.ts";
import { checkLinkOptions, type Link, type LinkOptions } from "./link.ts";
import { type ChannelOptions, NetworkCore } from "./network_core.ts";
import type { NodeClock } from "../time/node_clock.ts";
import { SeededRandom } from "../time/seeded_random.ts";
import type { SimulatedHost } from "./simulated_host.ts";
import { SimulatedTransport } from "./simulated_transport.ts";
import { VirtualClock } from "../time/virtual_clock.ts";
import {
  fields,
  flag,
  invalidOption,
  notNegative,
  optionsOf,
  wholeNumber,
} from "../../foreign/option_checks.ts";
import { shown } from "../../foreign/text_of.ts";

/** What a simulated network is made from. */
export interface SimulatedNetworkOptions extends Partial<ChannelOptions> {
  /** Its time. */
  clock: VirtualClock;
  /** Its random numbers: latencies, sizes of pieces, failures. */
  random: SeededRandom;
  /** What links are like unless set otherwise. Default: 0.1 to 1 ms, 1 Gbit/s, no failures. */
  link?: Partial<LinkOptions>;
  /** Where it logs what happens. Default: a log of its own. */
  history?: History;
}

/**
 * A network of simulated hosts: links with latency and bandwidth, connections
 * that carry bytes in order, and everything that goes wrong between servers.
 * Nothing is shared between the two ends of a connection: all bytes are copied.
 *
 * What can be done to it, in the words used here:
 *
 * - *cut*: both ends see the connection lost; dialling again works
 * - *stall*: bytes stop flowing and nobody is told, until *resume*
 * - *partition*: all links between groups stall, until *heal*
 * - *crash*: a host's process or machine dies; it is back with the next `transport`
 *
 * The ideas of seeded delays, clogged links and partitions follow the packet
 * simulators of TigerBeetle and turmoil; here connections are streams, so that
 * bytes are held back rather than lost or reordered.
 *
 * @example
 * ```ts
 * import { SeededRandom, SimulatedNetwork, VirtualClock } from "@internode/grid/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const clock = new VirtualClock();
 * const network = new SimulatedNetwork({ clock, random: new SeededRandom(1), channels: "messages" });
 * const address = { scheme: "memory", hostname: "", port: 0, path: "b", href: "memory://b" };
 *
 * const received: number[] = [];
 * const listening = network.transport("memory://b").listen(address, {
 *   path: "/",
 *   accept(channel) {
 *     if (channel.kind !== "messages") return;
 *     channel.start({ onMessage: (bytes) => received.push(bytes[0]!), onDrain() {}, onClose() {} });
 *   },
 * });
 * const listener = await clock.complete(listening);
 *
 * const signal = new AbortController().signal;
 * const dialling = network.transport("memory://a").dial(address, { path: "/", signal });
 * const channel = await clock.complete(dialling);
 * network.stall("memory://a", "memory://b");
 * if (channel.kind === "messages") channel.send(new Uint8Array([42]));
 *
 * await clock.advance(1_000);
 * assertEquals(received, []);
 * network.resume("memory://a", "memory://b");
 * await clock.runUntil(() => received.length === 1, 10);
 * await clock.complete(listener.close());
 * ```
 */
export class SimulatedNetwork {
  /** What happened on it. */
  readonly history: History;
  readonly #core: NetworkCore;

  /**
   * Makes a network with no hosts: each comes with its first mention.
   *
   * @param options Its time, random numbers and links.
   * @throws {InternodeError} `InvalidArgument` for options that make no sense.
   */
  constructor(options: SimulatedNetworkOptions) {
    const { clock, random, link, history, ...channels } = optionsOf("SimulatedNetwork", options);
    if (!(clock instanceof VirtualClock)) {
      throw invalidOption("clock", `must be a VirtualClock, not ${shown(clock)}`);
    }
    if (!(random instanceof SeededRandom)) {
      throw invalidOption("random", `must be a SeededRandom, not ${shown(random)}`);
    }
    checkChannels(channels);
    if (history !== undefined && !(history instanceof History)) {
      throw invalidOption("history", `must be a History, not ${shown(history)}`);
    }
    this.history = history ?? new History();
    this.#core = new NetworkCore(clock, random, this.history, {
      channels: "bytes",
      pieces: "random",
      bufferBytes: 262_144,
      integrity: false,
      resetDropsUnread: 0.5,
      ...channels,
    });
    this.setDefaultLink(fields("link", link) ?? {});
  }

  /**
   * The transport with which a host's process dials and listens. Asked for
   * after a crash, it brings the host back as a new process.
   *
   * @param host Its host URL.
   * @param clock The clock of the process. Default: the one given before, or a new one.
   * @throws {InternodeError} `InvalidArgument` if the process that runs there has another clock.
   */
  transport(host: string, clock?: NodeClock): Transport {
    const target = this.#core.host(parseHostAddress(host).href);
    if (target.clock === null) {
      target.clock = clock ?? this.#core.clock.view();
      const wasDown = target.down;
      target.down = false;
      if (wasDown) this.#core.kickAll();
    } else if (clock !== undefined && clock !== target.clock) {
      throw invalidArgument(`A process runs on ${host} already: crash it before starting another.`);
    }
    return new SimulatedTransport(this.#core, { host: target, clock: target.clock });
  }

  /** Sets what all links are like that have no options of their own. */
  setDefaultLink(options: Partial<LinkOptions>): void {
    this.#core.defaults = checkLinkOptions(this.#core.defaults, options);
  }

  /**
   * Sets what the link from one host to another is like; the way back is
   * another link. `null` makes it like all others again.
   */
  setLink(from: string, to: string, options: Partial<LinkOptions> | null): void {
    const link = this.#link(from, to);
    link.own = options === null ? null : checkLinkOptions(link.options, options);
  }

  /** What the link from one host to another is like. */
  link(from: string, to: string): Readonly<LinkOptions> {
    return this.#link(from, to).options;
  }

  /**
   * Breaks all connections between two hosts.
   *
   * @returns How many.
   */
  cut(a: string, b: string): number {
    const first = this.#host(a), second = this.#host(b);
    const connections = new Set(
      [...first.ends].filter((end) => end.peer === second).map((end) => end.connection),
    );
    this.#core.note("cut", first.href, second.href, connections.size);
    for (const connection of connections) connection.cut("the connection was cut");
    return connections.size;
  }

  /**
   * Lets nothing arrive any more, new connections included, and tells nobody:
   * as when a cable is pulled or a router forgets a flow.
   *
   * @param direction Whether the way back stalls too. Default: `"both"`.
   */
  stall(from: string, to: string, direction: "both" | "oneWay" = "both"): void {
    this.#core.note("stall", this.#host(from).href, this.#host(to).href, direction);
    this.#link(from, to).stalled = true;
    if (direction === "both") this.#link(to, from).stalled = true;
  }

  /** Ends a stall in both directions; what was held back arrives. */
  resume(a: string, b: string): void {
    this.#core.note("resume", this.#host(a).href, this.#host(b).href);
    const links = [this.#link(a, b), this.#link(b, a)];
    for (const link of links) link.stalled = false;
    for (const link of links) link.kick();
  }

  /**
   * Stalls all links between different groups. Hosts in no group are one more.
   * Replaces the partition before.
   *
   * @param groups Lists of hosts.
   * @param direction `"oneWay"` lets what the first group sends reach the others. Default: `"both"`.
   * @throws {InternodeError} `InvalidArgument` for a host in two groups.
   */
  partition(groups: readonly (readonly string[])[], direction: "both" | "oneWay" = "both"): void {
    const sides = new Map<SimulatedHost, number>();
    groups.forEach((group, index) => {
      for (const host of group.map((href) => this.#host(href))) {
        if (sides.has(host)) {
          throw invalidArgument(`${host.href} is in two groups of the partition.`);
        }
        sides.set(host, index + 1);
      }
    });
    const text = groups.map((group) => group.join(" ")).join(" | ");
    this.#core.note("partition", text, "", direction);
    for (const host of this.#core.hosts.values()) host.side = sides.get(host) ?? groups.length + 1;
    this.#core.oneWayPartition = direction === "oneWay";
    this.#core.kickAll();
  }

  /** Ends the partition and all stalls. Links keep their options. */
  heal(): void {
    this.#core.note("heal");
    for (const host of this.#core.hosts.values()) {
      host.side = 0;
      for (const link of host.links.values()) link.stalled = false;
    }
    this.#core.kickAll();
  }

  /**
   * Ends the process on a host: its clock stops, its listeners are gone, and
   * its peers hear what the kind of crash lets them hear.
   *
   * @param host Its host URL.
   * @param how Default: `"close"`, as after SIGKILL.
   */
  crash(host: string, how: CrashKind = "close"): void {
    const core = this.#core, target = this.#host(host);
    core.note("crash", target.href, "", how);
    target.clock?.stop();
    target.clock = null;
    target.down = how === "silent";
    for (const [href, listener] of core.listeners) {
      if (listener.host === target) core.listeners.delete(href);
    }
    for (const end of [...target.ends]) end.vanish(how);
  }

  /** Whether a process runs on that host. */
  isUp(host: string): boolean {
    return this.#host(host).clock !== null;
  }

  /**
   * How many ends of connections the process on a host holds open.
   *
   * @param host Its host URL.
   * @param other Only those whose other end is on this host. Default: all.
   */
  openConnections(host: string, other?: string): number {
    const peer = other === undefined ? null : this.#host(other);
    let count = 0;
    for (const end of this.#host(host).ends) {
      if (end.state === "open" && (peer === null || end.peer === peer)) count++;
    }
    return count;
  }

  /** Whether something listens for the process on a host. */
  isListening(host: string): boolean {
    const target = this.#host(host);
    return [...this.#core.listeners.values()].some((listener) => listener.host === target);
  }

  #host(href: string): SimulatedHost {
    return this.#core.host(parseHostAddress(href).href);
  }

  #link(from: string, to: string): Link {
    return this.#core.link(this.#host(from), this.#host(to));
  }
}

function checkChannels(given: Partial<ChannelOptions>): void {
  const { channels = "bytes", pieces = "random", bufferBytes = 1, integrity, resetDropsUnread } =
    given;
  if (!["bytes", "messages", "mixed"].includes(channels)) {
    const rule = `must be "bytes", "messages" or "mixed", not ${shown(channels)}`;
    throw invalidOption("channels", rule);
  }
  if (!["random", "whole"].includes(pieces)) {
    throw invalidOption("pieces", `must be "random" or "whole", not ${shown(pieces)}`);
  }
  wholeNumber("bufferBytes", bufferBytes, 1);
  flag("integrity", integrity, false);
  notNegative("resetDropsUnread", resetDropsUnread, 0);
}
