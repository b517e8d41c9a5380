/**
 * Guests of a node: tools of operators, which are no hosts of the grid.
 *
 * @module
 */

import { InternodeError } from "../../errors.ts";
import { quoted } from "../../foreign/plain_text.ts";
import type { Link, LinkDelegate } from "../../driver/link.ts";
import { times } from "../../driver/repeated_lines.ts";
import { ConnectionTotals } from "../../rpc/connecting/connection_stats.ts";
import { drainLink } from "../../rpc/connecting/link_closing.ts";
import type { ConnectionSettings } from "../../rpc/connecting/connection_options.ts";
import type { HostAddress } from "../../runtime/host_address.ts";
import type { ListenerLog } from "../../rpc/connecting/listener_log.ts";
import type { GuestTokens } from "../../rpc/connecting/token_judge.ts";
import type { GuestPolicy } from "../../rpc/bundles/open_bundle.ts";
import { isReservedName } from "../../rpc/contract/handler_bundle.ts";
import type { CallSource } from "../../rpc/serving/call_source.ts";
import { RefusedTarget } from "../../rpc/serving/refused_target.ts";
import { ServedConnection, type ServerOfConnection } from "../../rpc/serving/served_connection.ts";
import type { Serving } from "../../rpc/serving/serving.ts";
import type { HandlerTarget } from "../../session/calls/handler_target.ts";
import type { Peer } from "../../session/frames/session_options.ts";
import { type Refusal, unproven } from "../../session/frames/wire_error.ts";
import type { PeerIdentity } from "../../transport/channel/peer_identity.ts";

/** The node whose guests they are. */
export interface HostOfGuests {
  /** This host. */
  readonly local: HostAddress;
  /** Its settings. */
  readonly options: ConnectionSettings & {
    readonly listen: HostAddress;
    readonly mutualTls: boolean;
  };
  /** What handlers need of it. */
  readonly serving: Serving;
  /** Whether it takes nothing new. */
  readonly closing: boolean;
  /** Makes what serves the calls of a connection under one name, or refuses them. */
  targetOf(source: CallSource, name: string, subroute: string): HandlerTarget;
  /** Calls back when a host's transport makes other connections than before; the function returned ends that. */
  onChange(address: HostAddress, listener: () => void): () => void;
  /** Nothing is left of a connection. */
  onGone(): void;
}

/** How many guests there may be at a time. */
const MAX_GUESTS = 16;
/** The longest name of a guest, in UTF-8 bytes: that of a service's client. */
const MAX_NAME_BYTES = 255;

/**
 * The connections of a node whose other ends are no hosts. They prove
 * themselves as peers do, are served, and never called. There are none before
 * a bundle asks for them.
 */
export class Guests implements ServerOfConnection, GuestTokens {
  /** See {@linkcode ServerOfConnection}. */
  readonly settings: ConnectionSettings;
  /** See {@linkcode ServerOfConnection}. */
  readonly serving: Serving;
  /** See {@linkcode ServerOfConnection}. */
  readonly totals: ConnectionTotals = new ConnectionTotals(() =>
    this.links.filter(({ session }) => session.state === "open")
  );
  /** See {@linkcode ServerOfConnection}. */
  readonly log: ListenerLog;
  /** See {@linkcode ServerOfConnection}. */
  changes = 0;

  readonly #node: HostOfGuests;
  readonly #connections = new Set<ServedConnection>();
  #policy: GuestPolicy | null = null;
  #unwatch: (() => void) | null = null;

  /**
   * @param node Whose guests they are.
   * @param log Logs breaches of the protocol.
   */
  constructor(node: HostOfGuests, log: ListenerLog) {
    this.#node = node;
    this.settings = node.options;
    this.serving = node.serving;
    this.log = log;
  }

  /** Takes guests from now on. Where several bundles do, each may allow them more. */
  open(policy: GuestPolicy): void {
    this.#policy = { mayCall: policy.mayCall || this.#policy?.mayCall === true };
    const { listen } = this.#node.options;
    this.#unwatch ??= this.#node.onChange(listen, () => this.#onChange());
  }

  /** Whether guests are taken. */
  get areTaken(): boolean {
    return this.#policy !== null;
  }

  /** See {@linkcode GuestTokens}: not the URL of a host, nor like one. */
  isGuest(name: string): boolean {
    return !name.includes("://");
  }

  /** How many there are. */
  get count(): number {
    return this.#connections.size;
  }

  /** Their connections. */
  get all(): readonly ServedConnection[] {
    return [...this.#connections];
  }

  /** Their links. */
  get links(): readonly Link[] {
    return Array.from(this.#connections, ({ link }) => link);
  }

  /** Why a guest of that name may not come in; `null`: it may, once it has proven itself. */
  refusal(name: string, identity: PeerIdentity | undefined): Refusal | null {
    const local = this.#node.local.href;
    if (this.#policy === null) {
      const why =
        `"${name}" is not among the hosts of "${local}", and this node takes no guests, ` +
        "as it has no admin service";
      return { code: "NotListed", why };
    }
    if (name === "" || new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
      const why = `a guest's name must have 1 to ${MAX_NAME_BYTES} bytes`;
      return { code: "PermissionDenied", why };
    }
    if (this.#node.options.mutualTls && identity === undefined) {
      return unproven(`"${name}" showed no certificate, and only mutual TLS is accepted here`);
    }
    return this.#isFull ? { code: "PermissionDenied", why: full(local) } : null;
  }

  /** Takes one that has proven itself. */
  enter(link: Link, peer: Peer): LinkDelegate {
    const connection = new ServedConnection(this, this.#find, link, peer, this.changes);
    const isFull = this.#isFull, { closing } = this.#node, local = this.#node.local.href;
    this.#connections.add(connection);
    // Others may have come in while it proved itself.
    if (closing) connection.refusal = new InternodeError("Closed", `${local} is closing.`);
    else if (isFull) {
      const message = `${local} takes no more than ${MAX_GUESTS} guests at a time.`;
      connection.refusal = new InternodeError("Overloaded", message);
    }
    return connection;
  }

  /** See {@linkcode ServerOfConnection}. */
  forget(connection: ServedConnection): void {
    this.#connections.delete(connection);
    this.#node.onGone();
  }

  /** Finishes what runs; no new calls. */
  drain(reason: InternodeError): void {
    this.#unwatch?.();
    for (const link of this.links) drainLink(link, reason);
  }

  /** Ends everything. */
  close(reason: InternodeError): void {
    for (const connection of this.all) connection.close(reason);
  }

  readonly #find = (name: string, subroute: string, source: CallSource): HandlerTarget => {
    if (this.#policy?.mayCall === true || isReservedName(name)) {
      return this.#node.targetOf(source, name, subroute);
    }
    this.#tellRefused(source.host);
    const message = `${quoted(source.host)} is a guest of ${this.#node.local.href}, which is not ` +
      "among its hosts, and guests may only call the admin service here. If others are to be " +
      "called too, set option calls of admin.";
    return new RefusedTarget({ name }, this.serving, source, subroute, message);
  };

  get #isFull(): boolean {
    return this.#connections.size >= MAX_GUESTS;
  }

  /** Certificates have changed: guests are asked for newer connections, by and by. */
  #onChange(): void {
    this.changes++;
    for (const connection of this.#connections) connection.onChange();
  }

  /** A guest may call any number of names. */
  #tellRefused(caller: string): void {
    const { logger, clock, refusals } = this.serving;
    const reason = "guests may only call the admin service";
    const count = refusals.note(`guest ${caller}`, clock.now());
    logger[count === 0 ? "debug" : "warn"](
      `Refused calls of the guest ${quoted(caller)}: ${reason}.${times(count)}`,
      { event: "calls_refused", caller, reason, count },
    );
  }
}

function full(local: string): string {
  return `"${local}" has ${MAX_GUESTS} guests, and takes no more at a time`;
}
