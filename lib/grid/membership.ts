/**
 * Who belongs to a grid at the moment, and who wants to know when that changes.
 *
 * @module
 */

import { invalidArgument } from "../errors.ts";
import { about } from "../foreign/log_event.ts";
import { tell } from "../foreign/guard.ts";
import { counted, sentence, textOf } from "../foreign/text_of.ts";
import { RepeatedLines, times } from "../driver/repeated_lines.ts";
import { ResolverWatch } from "../discovery/resolver/resolver_watch.ts";
import type { Endpoint } from "../transport/channel/endpoint.ts";
import {
  type HostEntry,
  HostList,
  type HostListChange,
  type HostSource,
  isResolver,
  type ListedHost,
} from "./hosts/host_list.ts";
import type { NodeOptions } from "./node_options.ts";
import { managerCloses, notStarted } from "./peer_errors.ts";

/** So many hosts at most are named in a log line. */
const MAX_NAMED = 10;

/** What has changed about the hosts of a grid. */
export interface HostsChange {
  /** The canonical URLs of the hosts that were added. */
  readonly joined: readonly string[];
  /** The canonical URLs of the hosts that were removed. */
  readonly left: readonly string[];
  /** The canonical URLs of all hosts now. */
  readonly hosts: readonly string[];
}

/** A change that is still to be made known. */
interface Untold {
  readonly change: HostListChange;
  readonly told: HostsChange;
  readonly graceMs: number;
}

/** Follows a list or a resolver. */
export class Membership {
  readonly #local: string;
  readonly #options: NodeOptions;
  readonly #check: (host: ListedHost) => void;
  readonly #watch: ResolverWatch | null;
  readonly #invalid = new RepeatedLines();
  readonly #listeners = new Set<(change: HostsChange) => void>();
  readonly #awaiting = new Set<() => void>();
  /** Changes that are still to be made known: who hears of one may make another. */
  readonly #untold: Untold[] = [];
  #isTelling = false;
  #list = HostList.empty;
  #isStarted = false;
  #isKnown: boolean;
  #closed = false;

  /** Told of each change, before all listeners, with the grace time of who leaves; also when only addresses change. */
  onChange: (change: HostListChange, graceMs: number) => void = () => {};

  /**
   * @param local This host's canonical URL.
   * @param check Throws for a host that the node cannot reach by any of its transports.
   * @throws {InternodeError} `InvalidArgument` for a list that makes no sense, or lacks the local host; what `check` throws.
   */
  constructor(
    source: HostSource,
    local: string,
    options: NodeOptions,
    check: (host: ListedHost) => void,
  ) {
    this.#local = local;
    this.#options = options;
    this.#check = check;
    if (isResolver(source)) {
      const { clock, random, reconnect: backOff, logger } = options;
      const onEndpoints = (found: readonly Endpoint[]): void => this.#onEndpoints(found);
      this.#watch = new ResolverWatch(source, { clock, random, backOff, logger, onEndpoints });
      this.#isKnown = false;
    } else {
      this.#watch = null;
      this.#list = this.#fixed(source);
      this.#isKnown = true;
    }
  }

  /** The hosts at the moment; none before the resolver has answered. */
  get list(): HostList {
    return this.#list;
  }

  /** Whether the hosts come from a list. */
  get isFixed(): boolean {
    return this.#watch === null;
  }

  /** Whether it is known who belongs to the grid. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Why the resolver has said nothing so far, or nothing since it failed. */
  get failure(): unknown {
    return this.#isStarted ? this.#watch?.failure : notStarted();
  }

  /** Whether it is closed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Calls back once it is known who belongs to the grid, and when this is closed; the function returned ends that. */
  onKnown(listener: () => void): () => void {
    this.#awaiting.add(listener);
    return () => void this.#awaiting.delete(listener);
  }

  /** Begins to ask the resolver. Any number of calls. */
  start(): void {
    if (this.#watch === null || this.#isStarted || this.#closed) return;
    this.#isStarted = true;
    this.#watch.start().catch((error) => {
      if (this.#closed) return;
      const text = `The resolver does not say which hosts there are: ${sentence(textOf(error))} ` +
        "It is constant, so it is not asked again.";
      this.#options.logger.error(text, { event: "resolver_failed", ...about(error) });
    });
  }

  /**
   * Replaces the list.
   *
   * @param graceMs How long calls under way with those that leave may take.
   * @throws {InternodeError} `InvalidArgument` where a resolver says who belongs to the grid, or for a list that makes no sense.
   */
  set(source: Iterable<string | HostEntry>, graceMs: number): HostsChange {
    if (this.#watch !== null) {
      throw invalidArgument(
        `The hosts of ${this.#local} come from a resolver (option hosts), so they cannot be set. ` +
          "Change what the resolver reads, or make the manager with a list.",
      );
    }
    return this.#replace(this.#fixed(source, "The hosts must be a list"), graceMs);
  }

  /** Calls back with each change; the function returned ends that. */
  subscribe(listener: (change: HostsChange) => void): () => void {
    const own = (change: HostsChange): void => listener(change);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Asks no more, and tells nobody. */
  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    for (const listener of [...this.#awaiting]) listener();
    const reason = managerCloses();
    this.#watch?.close(reason);
  }

  #fixed(source: Iterable<string | HostEntry>, wanted?: string): HostList {
    const list = HostList.of(source, this.#check, this.#list, wanted), local = this.#local;
    if (list.has(local)) return list;
    throw invalidArgument(`The local host ${local} is not among the hosts.`);
  }

  #onEndpoints(endpoints: readonly Endpoint[]): void {
    if (this.#closed) return;
    const isFirst = !this.#isKnown;
    this.#isKnown = true;
    const list = HostList.ofEndpoints(endpoints, this.#check, ({ address }, error) => {
      const { clock, logger } = this.#options, reason = sentence(textOf(error));
      const count = this.#invalid.note(`${address} ${reason}`, clock.now());
      const text =
        `The resolver gave the endpoint ${
          textOf(address)
        }, which is no host of the grid: ${reason} ` +
        `It is ignored.${times(count)}`;
      const fields = { event: "endpoint_ignored", host: textOf(address), count } as const;
      logger[count === 0 ? "debug" : "warn"](text, { ...fields, ...about(error) });
    });
    this.#replace(list, this.#options.leaveGraceMs);
    if (isFirst) { for (const listener of [...this.#awaiting]) listener(); }
  }

  #replace(list: HostList, graceMs: number): HostsChange {
    const change = list.changesSince(this.#list);
    this.#list = list;
    const joined = change.joined.map(({ name }) => name.href), { left } = change;
    const told: HostsChange = { joined, left, hosts: list.names };
    this.#untold.push({ change, told, graceMs });
    this.#tellAll();
    return told;
  }

  /** In the order of the changes, whatever is done by those who are told. */
  #tellAll(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      const { change, told, graceMs } = next;
      if (told.joined.length + told.left.length > 0) this.#log(told);
      this.onChange(change, graceMs);
      if (told.joined.length + told.left.length === 0) continue;
      for (const listener of [...this.#listeners]) {
        tell(() => listener(told), (error) => this.#onListenerFailed(error));
      }
    }
    this.#isTelling = false;
  }

  #log({ joined, left, hosts }: HostsChange): void {
    const text = `The grid has ${counted(hosts.length, "host")} now.${named(joined, "joined")}${
      named(left, "left")
    }`;
    const fields = { event: "hosts_changed", local: this.#local, count: hosts.length } as const;
    this.#options.logger.info(text, fields);
  }

  #onListenerFailed(error: unknown): void {
    const text = `A listener of changes of the hosts threw an error: ${sentence(textOf(error))}`;
    const fields = { local: this.#local, what: "onHostsChange", ...about(error) };
    this.#options.logger.error(text, { event: "callback_failed", ...fields });
  }
}

function named(hosts: readonly string[], verb: string): string {
  if (hosts.length === 0) return "";
  const more = hosts.length > MAX_NAMED ? ` and ${hosts.length - MAX_NAMED} more` : "";
  return ` ${hosts.slice(0, MAX_NAMED).join(", ")}${more} ${verb}.`;
}
