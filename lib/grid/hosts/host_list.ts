/**
 * The hosts of a grid.
 *
 * @module
 */

import { invalidArgument } from "../../errors.ts";
import { guard } from "../../foreign/guard.ts";
import { quoted } from "../../foreign/plain_text.ts";
import { sentence, shown, textOf } from "../../foreign/text_of.ts";
import {
  checkDiallable,
  type HostAddress,
  parseHostAddress,
  parseNamedHost,
} from "../../runtime/host_address.ts";
import type { Resolver } from "../../discovery/resolver/resolver.ts";
import type { Endpoint } from "../../transport/channel/endpoint.ts";

/** A host whose name and address differ. */
export interface HostEntry {
  /** Its URL, by which all nodes know it: certificates prove it, and it decides which of two nodes dials. */
  readonly name: string;
  /** The URL at which this node reaches it. Default: its name. */
  readonly address?: string | undefined;
}

/** What an entry may have. */
const FIELDS: ReadonlySet<string> = new Set(["name", "address"]);

/** Where a node learns of the hosts of its grid: a list, which `Manager.setHosts` replaces, or a resolver. */
export type HostSource = Iterable<string | HostEntry> | Resolver;

/** A host of a list. */
export interface ListedHost {
  /** By what all nodes know it. */
  readonly name: HostAddress;
  /** Where this node reaches it. */
  readonly address: HostAddress;
}

/** How a list differs from an older one. */
export interface HostListChange {
  /** Who is on the newer one only. */
  readonly joined: readonly ListedHost[];
  /** The names of those that are on the older one only. */
  readonly left: readonly string[];
  /** Who has another address on the newer one. */
  readonly moved: readonly ListedHost[];
}

/** Hosts in their order, each once; it never changes. */
export class HostList {
  /** The list without hosts. */
  static readonly empty: HostList = new HostList([]);

  /** The hosts' canonical URLs. */
  readonly names: readonly string[];
  readonly #hosts: ReadonlyMap<string, ListedHost>;

  private constructor(hosts: readonly ListedHost[]) {
    this.#hosts = new Map(hosts.map((host) => [host.name.href, host]));
    this.names = Object.freeze([...this.#hosts.keys()]);
  }

  /**
   * Reads what a user has given.
   *
   * @param check Throws for a host that cannot be used.
   * @param older The list before: what stands on both was read and checked already.
   * @param wanted What is said to who gives no list.
   * @throws {InternodeError} `InvalidArgument` for a malformed or repeated host, and for one that the others cannot dial, if there are others; what `check` throws.
   */
  static of(
    given: Iterable<string | HostEntry>,
    check: (host: ListedHost) => void,
    older: HostList = HostList.empty,
    wanted: string = "Option hosts must be a list of hosts or a resolver",
  ): HostList {
    if (typeof given === "string" || !guard(() => Symbol.iterator in given, () => false)) {
      throw invalidArgument(`${wanted}, not ${shown(given)}.`);
    }
    const known = older.names.length > 1 ? older.#hosts : undefined;
    const hosts = guard(() => [...given], unreadable).map((entry) => {
      const host = typeof entry === "string" ? known?.get(entry) : undefined;
      return host !== undefined && host.address === host.name ? host : readEntry(entry);
    });
    const names = new Set<string>();
    for (const host of hosts) {
      const { name, address } = host;
      if (names.has(name.href)) throw invalidArgument(`Host ${name.href} is listed twice.`);
      names.add(name.href);
      if (known?.get(name.href) === host) continue;
      check(host);
      if (hosts.length === 1) continue;
      checkDiallable(name);
      checkDiallable(address);
    }
    return new HostList(hosts);
  }

  /**
   * Reads what a resolver has found. Of several hosts with one name the first counts.
   *
   * @param check Throws for a host that cannot be used.
   * @param onInvalid Is told of each endpoint that is no host, cannot be used, or has the name of one before and another address.
   */
  static ofEndpoints(
    endpoints: readonly Endpoint[],
    check: (host: ListedHost) => void,
    onInvalid: (endpoint: Endpoint, error: unknown) => void,
  ): HostList {
    const hosts = new Map<string, ListedHost>();
    for (const endpoint of endpoints) {
      try {
        const { address, name = address } = endpoint;
        const host = readEntry({ name: withoutPath(name), address: withoutPath(address) });
        checkDiallable(host.name);
        checkDiallable(host.address);
        check(host);
        const { href } = host.name, before = hosts.get(href)?.address.href;
        if (before === undefined) hosts.set(href, host);
        else if (before !== host.address.href) {
          throw invalidArgument(`${href} is listed before with the address ${before}.`);
        }
      } catch (error) {
        onInvalid(endpoint, error);
      }
    }
    return new HostList([...hosts.values()]);
  }

  /** Whether it has a host of that canonical name. */
  has(name: string): boolean {
    return this.#hosts.has(name);
  }

  /** What has changed since an older one. */
  changesSince(older: HostList): HostListChange {
    const joined: ListedHost[] = [], moved: ListedHost[] = [];
    for (const [name, host] of this.#hosts) {
      const before = older.#hosts.get(name);
      if (before === undefined) joined.push(host);
      else if (before.address.href !== host.address.href) moved.push(host);
    }
    return { joined, left: older.names.filter((name) => !this.has(name)), moved };
  }
}

/** Whether it is a resolver that says who belongs to the grid. */
export function isResolver(source: HostSource): source is Resolver {
  return guard(() => typeof (source as Resolver).resolve === "function", () => false);
}

function unreadable(cause: unknown): never {
  throw invalidArgument(`The list of hosts cannot be read: ${sentence(textOf(cause))}`, { cause });
}

function readEntry(given: string | HostEntry): ListedHost {
  if (typeof given === "string") {
    const name = parseNamedHost(given);
    return { name, address: name };
  }
  const { name, address } = guard<{ name?: unknown; address?: unknown }>(
    () => ({ name: given.name, address: given.address }),
    () => ({}),
  );
  if (typeof name !== "string" || address !== undefined && typeof address !== "string") {
    const what = typeof given === "object" && given !== null
      ? `one whose name is ${shown(name)} and whose address is ${shown(address)}`
      : shown(given);
    throw invalidArgument(
      `A host must be a URL or an object with a name and perhaps an address, both URLs, not ${what}.`,
    );
  }
  const unknown = guard(() => Object.keys(given), () => []).find((key) => !FIELDS.has(key));
  if (unknown !== undefined) {
    throw invalidArgument(
      `Host ${name} has a field ${quoted(unknown)}, which a host has not: ` +
        "it has a name and perhaps an address.",
    );
  }
  const parsed = parseNamedHost(name);
  return { name: parsed, address: address === undefined ? parsed : parseHostAddress(address) };
}

/** Endpoints of WebSocket hosts have the request path in their address; for a grid it is an option. */
function withoutPath(address: string): string {
  return address.replace(/^(wss?:\/\/[^/?#]*)[/?#][^]*$/, "$1");
}
