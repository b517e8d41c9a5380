/**
 * What a face adds to a reconnector.
 *
 * @module
 */

import type { InternodeError } from "../../errors.ts";
import type { EventLogger } from "../../foreign/log_event.ts";
import type { Link, LinkDelegate } from "../../driver/link.ts";
import type { Peer } from "../../session/frames/session_options.ts";
import type { Channel } from "../../transport/channel/transport.ts";
import type { LastingBackOff } from "./back_off.ts";
import type { DialLimiter } from "./dial_limiter.ts";
import type { RenewalSettings } from "./renewal_schedule.ts";

/** What a reconnector is made from. */
export interface ReconnectorInit {
  /** The settings of its node or client. */
  readonly settings: RenewalSettings & {
    /** How long one attempt may take, in milliseconds; also how long a peer that dials may take to connect first. */
    readonly dialTimeoutMs: number;
    /** Receives failures of user code that do not belong to an attempt. */
    readonly logger: EventLogger;
  };
  /** Limits how many dials of its node or client are under way. */
  readonly limiter: DialLimiter;
  /** The address that it connects to, for errors. */
  readonly address: string;
  /** Whether this side dials; if not, it takes over connections that its node has accepted. */
  readonly dials: boolean;
  /** Whether the peer makes calls too. */
  readonly peerCalls: boolean;
  /** How attempts slow down. */
  readonly backOff: LastingBackOff;
}

/** What a face adds. Its methods are called once the reconnector's fields are up to date. */
export interface ReconnectorDelegate extends Pick<LinkDelegate, "checkPeer" | "resolve"> {
  /** Whether its node or client is closing and makes no new connections. */
  readonly isClosing: boolean;
  /** Dials. */
  dial(signal: AbortSignal): Promise<Channel>;
  /** Makes a link of a channel that was dialled. If it throws, the attempt has failed. */
  makeLink(channel: Channel, delegate: LinkDelegate): Link;
  /** There is a connection where there was none, or one that replaces `old`, which the peer has abandoned. */
  onConnected(link: Link, peer: Peer, old: Link | null): void;
  /** There is a newer connection; the older one is retired. */
  onRenewed(link: Link, peer: Peer): void;
  /** The connection was lost; an older one may be back in use. Without an error: the peer had replaced it by a newer one, which is lost too, or has closed it as it was not used. */
  onLost(link: Link, error: InternodeError | null, isUnused: boolean): void;
  /** The peer has announced that it is closing. */
  onPeerClosing(error: InternodeError): void;
  /** There is no connection: the attempt failed, or the peer, which dials, did not connect in time. */
  onUnreached(error: unknown): void;
  /** The connection could not be renewed; it stays in use. */
  onRenewalFailed(error: unknown): void;
  /** An attempt or a channel has ended for good. */
  onGone(): void;
}
